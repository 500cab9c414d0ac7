"""What reads files of strangers does it in a process of its own: the gate.

A parser of audio, JSON, TOML or zip may be led to take hours or gigabytes, or may crash; then that
process ends, and the worker goes on. ``reading`` starts and watches those processes, ``child`` is
what runs in them, ``readers`` what they do, ``messages`` what they may be asked for and how much of
the machine they get.
"""

from jobs.pipeline.gate.messages import ReadTask
from jobs.pipeline.gate.reading import Gate, gate

__all__ = ["Gate", "ReadTask", "gate"]
