"""Files of every kind, spoilt in many ways: each is read, or refused by name, soon and in little
memory.

A fast look in every run; ``GTS_FUZZ_EXAMPLES=4000`` looks hard, and with ``-s`` prints the figures.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.gate import Gate
from jobs.pipeline.gate.messages import MEBIBYTE
from jobs.pipeline.gate.tests.mutations import Spoilt, arguments_for, good_files, spoilt_files

NUM_FILES = int(os.environ.get("GTS_FUZZ_EXAMPLES", "64"))
MAX_CPU_S = 2.0
MAX_BYTES = 500 * MEBIBYTE
# What a reader says of a file for which no reader of ours has a word.
READ = "READ"
UNTYPED = {"FILE_UNREADABLE", "FILE_READER_LOST"}


@dataclass(frozen=True, slots=True)
class Seen:
    """``cpu_s``: of the processor, as a busy machine is no fault of a file; of the clock where no
    reader has lived to tell."""

    name: str
    code: str
    cpu_s: float
    peak_bytes: int

    @property
    def is_fine(self) -> bool:
        is_typed = self.code.isupper() and self.code not in UNTYPED
        is_cheap = self.cpu_s <= MAX_CPU_S and self.peak_bytes <= MAX_BYTES
        return is_typed and is_cheap


def look_at(gate: Gate, file: Spoilt, folder: Path) -> Seen:
    folder.mkdir()
    arguments = arguments_for(file, folder)
    task = file.task.writing(4 * MEBIBYTE) if "folder" in arguments else file.task
    began_s = time.monotonic()
    try:
        reading = gate.measure(task, arguments)
    except PipelineError as error:
        return Seen(file.name, error.code, time.monotonic() - began_s, 0)
    finally:
        shutil.rmtree(folder)
    found = reading.error
    code = found.code if isinstance(found, PipelineError) else repr(found) if found else READ
    return Seen(file.name, code, reading.cpu_s, reading.peak_bytes or 0)


def test_spoilt_files_are_read_or_refused_by_name(tmp_path: Path) -> None:
    gate = Gate()
    folder = tmp_path / "files"
    try:
        assert {look_at(gate, file, folder).code for file in good_files()} == {READ}
        seen = [look_at(gate, file, folder) for file in spoilt_files(NUM_FILES)]
    finally:
        gate.close()
    slowest, largest = max(s.cpu_s for s in seen), max(s.peak_bytes for s in seen)
    print(f"\n{NUM_FILES} files, slowest {slowest:.2f} s, largest {largest // MEBIBYTE} MB")
    print(dict(Counter(s.code for s in seen).most_common()))
    assert [s for s in seen if not s.is_fine] == []
