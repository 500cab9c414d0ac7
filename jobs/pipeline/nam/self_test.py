"""Does a capture sound as its own file says?

The trainer writes ``metadata.loudness``, the unweighted RMS in dB of the capture's output for a
fixed loudness input. Rendering that input again must give the same figure; if it does not, the
file is damaged or the engine wrong. (An LSTM differs by some tenths: the trainer does not let it
settle first.)
"""

from __future__ import annotations

import functools
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile

from jobs.pipeline.errors import Progress, no_progress
from jobs.pipeline.nam.engine import build_engine, choose_submodel
from jobs.pipeline.nam.file import NamFile
from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.versions import ENGINE_VERSION

TOLERANCE_DB: Final = 0.01

# An A1 standard takes a twentieth of a second; only a file made to cost much comes near this.
TIME_LIMIT_S: Final = 10.0

_LOUDNESS_INPUT: Final = Path(__file__).parent / "data" / "loudness_input.flac"
_BLOCK_FRAMES: Final = 4096
_TESTED_ARCHITECTURE: Final = "WaveNet"


@dataclass(frozen=True, slots=True)
class SelfTest:
    """``stated_db`` None: the file says nothing.

    ``measured_db`` None: the output is silent, or not finite.
    """

    stated_db: float | None
    measured_db: float | None

    @property
    def difference_db(self) -> float | None:
        """Measured minus stated; ``None`` where one of them is missing."""
        if self.stated_db is None or self.measured_db is None:
            return None
        return self.measured_db - self.stated_db

    @property
    def has_passed(self) -> bool | None:
        """None where there is nothing to compare."""
        if self.stated_db is None:
            return None
        return self.difference_db is not None and abs(self.difference_db) <= TOLERANCE_DB


@functools.cache
def loudness_input() -> FloatArray:
    """The trainer's input, (1, 48000), read-only. Captures of any rate get the same samples."""
    samples, _ = soundfile.read(_LOUDNESS_INPUT, dtype="float32", always_2d=True)
    signal: FloatArray = np.ascontiguousarray(samples.T)
    signal.flags.writeable = False
    return signal


def self_test(
    nam: NamFile,
    dry: FloatArray,
    slim_size: float = 1.0,
    *,
    time_limit_s: float = math.inf,
    progress: Progress = no_progress,
) -> SelfTest:
    """Render ``dry`` (1, n), usually ``loudness_input()``, and compare with the metadata.

    A container's submodels carry their own figures; ``slim_size`` picks one. Raises
    ``TimeoutError`` between blocks when it has taken longer than ``time_limit_s``.
    """
    deadline_s = time.monotonic() + time_limit_s
    stage = build_engine(nam, slim_size).start()
    sum_of_squares = 0.0
    for start in range(0, dry.shape[1], _BLOCK_FRAMES):
        if time.monotonic() >= deadline_s:
            raise TimeoutError
        progress(start / dry.shape[1])
        wet = stage.process(dry[:, start : start + _BLOCK_FRAMES]).astype(np.float64)
        sum_of_squares += float(np.sum(wet**2))
    mean_square = sum_of_squares / max(1, dry.shape[1])
    is_measurable = math.isfinite(mean_square) and mean_square > 0.0
    measured = 10.0 * math.log10(mean_square) if is_measurable else None
    return SelfTest(choose_submodel(nam, slim_size).metadata.loudness_db, measured)


def self_test_report(
    nam: NamFile, *, time_limit_s: float = TIME_LIMIT_S, progress: Progress = no_progress
) -> dict[str, Any]:
    """What is stored beside a capture: the self-test of every WaveNet in it, JSON-safe.

    ``outcome``: "passed", "failed" (any of them), "not_stated" (no file says how loud it is) or
    "not_run" with a ``reason`` for people. Never raises for what a checked file holds; ends
    within about ``time_limit_s`` and the settling of one network.
    """
    sizes = [(submodel.label, submodel.nam) for submodel in nam.submodels] or [(nam.label, nam)]
    networks = [(label, one) for label, one in sizes if one.architecture == _TESTED_ARCHITECTURE]
    if not networks:
        return _report("not_run", "The file's own loudness is not exact for this architecture.")
    deadline_s = time.monotonic() + time_limit_s
    results: list[dict[str, Any]] = []
    for label, one in networks:
        try:
            result = self_test(
                one,
                loudness_input(),
                time_limit_s=max(0.0, deadline_s - time.monotonic()),
                progress=progress,
            )
        except TimeoutError:
            return _report("not_run", "This network takes too long to be tested.")
        results.append(
            {
                "label": label,
                "stated_db": result.stated_db,
                "measured_db": result.measured_db,
                "difference_db": result.difference_db,
                "has_passed": result.has_passed,
            }
        )
    verdicts = {result["has_passed"] for result in results}
    if False in verdicts:
        return _report("failed", "", results)
    if True in verdicts:
        return _report("passed", "", results)
    return _report("not_stated", "The file does not say how loud it is.", results)


def _report(
    outcome: str, reason: str, results: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "reason": reason,
        "engine": ENGINE_VERSION,
        "tolerance_db": TOLERANCE_DB,
        "networks": results or [],
    }
