"""The small models made with the trainer's own package; see ``data/make_models.py``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from jobs.pipeline.audio.nam import NamFile, parse_nam, read_nam
from jobs.pipeline.audio.signal import FloatArray

DATA = Path(__file__).parent / "data"
NAMES = sorted(path.stem for path in DATA.glob("*.nam"))


def load(name: str) -> NamFile:
    return read_nam(DATA / f"{name}.nam")


def document(name: str) -> dict[str, Any]:
    """The JSON of a model, to be spoilt."""
    parsed: dict[str, Any] = json.loads((DATA / f"{name}.nam").read_text())
    return parsed


def parse_document(value: object) -> NamFile:
    return parse_nam(json.dumps(value).encode())


def expected_outputs() -> tuple[FloatArray, dict[tuple[str, float], FloatArray]]:
    """The input (1, n) and, by name and slim size, the package's output (1, n)."""
    with np.load(DATA / "expected.npz") as arrays:
        outputs = {}
        for key in arrays.files:
            name, _, slim_size = key.partition("@")
            if slim_size:
                outputs[name, float(slim_size)] = arrays[key][None]
        return arrays["input"][None], outputs
