"""Does a capture sound as its own file says?

The trainer writes ``metadata.loudness``, the unweighted RMS in dB of the capture's output for a
fixed loudness input. Rendering that input again must give the same figure; if it does not, the
file is damaged or the engine wrong. (An LSTM differs by some tenths: the trainer does not let it
settle first.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from jobs.pipeline.audio.nam.engine import build_engine, choose_submodel
from jobs.pipeline.audio.nam.file import NamFile
from jobs.pipeline.audio.signal import FloatArray

TOLERANCE_DB: Final = 0.01


@dataclass(frozen=True, slots=True)
class SelfTest:
    """``stated_db`` None: the file says nothing.

    ``measured_db`` None: the output is silent, or not finite.
    """

    stated_db: float | None
    measured_db: float | None

    @property
    def difference_db(self) -> float | None:
        if self.stated_db is None or self.measured_db is None:
            return None
        return self.measured_db - self.stated_db

    @property
    def has_passed(self) -> bool | None:
        """None where there is nothing to compare."""
        if self.stated_db is None:
            return None
        return self.difference_db is not None and abs(self.difference_db) <= TOLERANCE_DB


def self_test(nam: NamFile, loudness_input: FloatArray, slim_size: float = 1.0) -> SelfTest:
    """Render ``loudness_input`` (1, n), at the capture's rate, and compare with the metadata.

    A container's submodels carry their own figures; ``slim_size`` picks one.
    """
    wet = build_engine(nam, slim_size).start().process(loudness_input).astype(np.float64)
    mean_square = float(np.mean(wet**2)) if wet.size else 0.0
    is_measurable = math.isfinite(mean_square) and mean_square > 0.0
    measured = 10.0 * math.log10(mean_square) if is_measurable else None
    return SelfTest(choose_submodel(nam, slim_size).metadata.loudness_db, measured)
