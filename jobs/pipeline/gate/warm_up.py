"""What a new reader does while it waits, and what its first files would pay for otherwise.

That is a good second of the processor for the first recording and for the first capture: modules
are loaded, and code is made, when they are used first.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from jobs.pipeline import nam
from jobs.pipeline.measure.probe import probe_di
from jobs.pipeline.nam.file import parse_nam
from jobs.pipeline.nam.self_test import self_test_report
from jobs.pipeline.render.ir_file import probe_ir

_SOUND: Final = Path(nam.__file__).parent / "data" / "loudness_input.flac"
_LAYER: Final = {
    "input_size": 1,
    "condition_size": 1,
    "channels": 1,
    "kernel_size": 1,
    "dilations": [1],
    "activation": "Tanh",
    "gated": False,
    "head_size": 1,
    "head_bias": False,
}
_CAPTURE: Final = {
    "version": "0.5.4",
    "architecture": "WaveNet",
    "config": {"layers": [_LAYER], "head_scale": 1.0},
    "weights": [0.5] * 8,
}


def _read_a_capture() -> None:
    self_test_report(parse_nam(json.dumps(_CAPTURE).encode()))


# One after the other, until there is something to do.
STEPS: Final[tuple[Callable[[], object], ...]] = (
    lambda: probe_di(_SOUND),
    _read_a_capture,
    lambda: probe_ir(_SOUND),
)
