"""The models made with the trainer's own package; see ``data/README.md``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile

from jobs.pipeline.nam.file import NamFile, parse_nam, read_nam
from jobs.pipeline.signal.samples import FloatArray

DATA: Final = Path(__file__).parent / "data"
MODELS: Final = DATA / "models"
# The larger ones are for ``test_vectors``: too slow to be spoilt or measured by the hundred.
_SMALL_BYTES: Final = 20_000
NAMES: Final = sorted(
    path.stem for path in MODELS.glob("*.nam") if path.stat().st_size < _SMALL_BYTES
)


def model_path(name: str) -> Path:
    return MODELS / f"{name}.nam"


def load(name: str) -> NamFile:
    return read_nam(model_path(name))


def document(name: str) -> dict[str, Any]:
    """The JSON of a model, to be spoilt."""
    parsed: dict[str, Any] = json.loads(model_path(name).read_text())
    return parsed


def parse_document(value: object) -> NamFile:
    return parse_nam(json.dumps(value).encode())


def read_input() -> FloatArray:
    """The vectors' input: (1, 24000)."""
    samples, _ = soundfile.read(DATA / "input_48k_f32.wav", dtype="float32", always_2d=True)
    return np.ascontiguousarray(samples.T)
