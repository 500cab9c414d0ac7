"""What a capture must sound like, by reference implementations: models, inputs and outputs.

Our own (``data/README.md``), and where it is there the set of NeuralAmpModelerCore's renders in
``../shared``. Both have the same folders: ``models/NAME.nam`` and ``out/NAME.wav``, or
``out/NAME_slim0.5.wav`` for another size than the largest, perhaps with ``__variant`` behind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from jobs.pipeline.nam.tests import own_models
from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.tests.shared_data import NAM_VECTORS

DEMO_CAPTURES: Final = Path(__file__).parents[4] / "shootouts" / "demo" / "captures"
_OUTPUT_NAME: Final = re.compile(r"(?P<model>.+?)(_slim(?P<size>[\d.]+))?(__\w+)?")


@dataclass(frozen=True, slots=True)
class Vector:
    """``id``: for the test's name."""

    id: str
    model: Path
    slim_size: float
    input: Path
    output: Path

    def read_input(self) -> FloatArray:
        """(1, n)"""
        return read_mono(self.input)

    def read_output(self) -> FloatArray:
        """(1, n)"""
        return read_mono(self.output)


def read_mono(path: Path) -> FloatArray:
    samples, _ = soundfile.read(path, dtype="float32", always_2d=True)
    return np.ascontiguousarray(samples.T)


def _vectors_in(folder: Path, label: str = "", more_models: Path | None = None) -> list[Vector]:
    found = []
    for output in sorted(folder.glob("out/*.wav")):
        match = _OUTPUT_NAME.fullmatch(output.stem)
        assert match
        model = folder / "models" / f"{match['model']}.nam"
        if more_models and not model.exists():
            model = more_models / model.name
        size = float(match["size"] or 1.0)
        found.append(Vector(label + output.stem, model, size, folder / "input_48k_f32.wav", output))
    return found


# The demo pack's trained captures stay where they are.
OWN: Final = _vectors_in(own_models.DATA, more_models=DEMO_CAPTURES)
SHARED: Final = _vectors_in(NAM_VECTORS, label="shared:")
ALL: Final = OWN + SHARED


def vector(id: str) -> Vector:
    return next(one for one in ALL if one.id == id)
