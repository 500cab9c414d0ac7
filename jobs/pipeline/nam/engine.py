"""From a checked capture to a stage of a signal chain, and whether that sounds as the file says.

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

from jobs.pipeline.blas import use_one_thread
from jobs.pipeline.errors import Progress, no_progress
from jobs.pipeline.nam.architectures import lay_out
from jobs.pipeline.nam.backend import Backend, default_backend
from jobs.pipeline.nam.file import NamFile
from jobs.pipeline.nam.network import NETWORK_CHUNK_FRAMES, Network
from jobs.pipeline.signal.samples import FloatArray, empty
from jobs.pipeline.versions import ENGINE_VERSION

# Frames of one call: bounds the memory that a call takes, whatever is asked for at once.
_MAX_CALL_FRAMES: Final = 4 * NETWORK_CHUNK_FRAMES

SELF_TEST_TOLERANCE_DB: Final = 0.01

# An A1 standard takes a twentieth of a second; only a file made to cost much comes near this.
SELF_TEST_LIMIT_S: Final = 10.0

_LOUDNESS_INPUT: Final = Path(__file__).parent / "data" / "loudness_input.flac"
_TEST_CHUNK_FRAMES: Final = 4096
_TESTED_ARCHITECTURE: Final = "WaveNet"


class NamEngine:
    """A capture's network with its weights laid out. Immutable; one serves any number of signals.

    ``sample_rate_hz``: the rate it must be fed at. ``label``: "A2 Full (8 channels)".
    ``weight_count``: of the network that runs. ``receptive_field_frames``: how far back it hears.
    """

    def __init__(self, network: Network, sample_rate_hz: int) -> None:
        self._network = network
        self.sample_rate_hz = sample_rate_hz
        self.label = network.label
        self.weight_count = network.weight_count
        self.receptive_field_frames = network.receptive_field_frames

    def start(self) -> NamStage:
        """A stage for one signal, as if silence had been going on for a long time."""
        return NamStage(self._network)


class NamStage:
    """One mono signal through a network, chunk by chunk; chunks of any length."""

    def __init__(self, network: Network) -> None:
        self._runner = network.start()
        # Silence until the state has settled.
        silence = np.zeros((1, NETWORK_CHUNK_FRAMES), np.float32)
        for _ in range(math.ceil(network.receptive_field_frames / NETWORK_CHUNK_FRAMES)):
            self._runner.process(silence)

    def process(self, chunk: FloatArray) -> FloatArray:
        """(1, n) to (1, n), n ≥ 0. Not checked for numbers that are not finite.

        Raises ``ValueError`` for any other number of channels.
        """
        if chunk.ndim != 2 or len(chunk) != 1:
            raise ValueError(f"a capture takes one channel, shape (1, n), not {chunk.shape}")
        wet = np.empty(chunk.shape, np.float32)
        for start in range(0, chunk.shape[1], _MAX_CALL_FRAMES):
            end = start + _MAX_CALL_FRAMES
            wet[:, start:end] = self._runner.process(chunk[:, start:end])
        return wet

    def finish(self) -> FloatArray:
        """Nothing: a network answers each frame at once."""
        return empty(1)


def build_engine(
    nam: NamFile, slim_size: float = 1.0, *, backend: Backend | None = None
) -> NamEngine:
    """Lay out a capture's weights for running, on the fastest backend unless told.

    ``slim_size`` 0..1 chooses among sizes: in a container the first submodel whose ``max_value``
    lies above it, else the last; in a slimmable WaveNet the share of its channels. Raises
    ``ValueError`` outside 0..1.
    """
    if not 0.0 <= slim_size <= 1.0:
        raise ValueError(f"slim_size must be from 0 to 1, not {slim_size}")
    use_one_thread()
    chosen = choose_submodel(nam, slim_size)
    if chosen.config is None:
        raise ValueError("a container holds networks, not containers")
    # A container's sizes are its submodels; these always run whole.
    share = 1.0 if nam.submodels else slim_size
    with np.errstate(over="ignore", invalid="ignore"):
        network = lay_out(chosen.config, chosen.weights, backend or default_backend(), share)
    return NamEngine(network, nam.sample_rate_hz)


def choose_submodel(nam: NamFile, slim_size: float = 1.0) -> NamFile:
    """The network that ``slim_size`` picks; the file itself when it is no container."""
    for submodel in nam.submodels:
        if slim_size < submodel.max_value:
            return submodel.nam
    return nam.submodels[-1].nam if nam.submodels else nam


@dataclass(frozen=True, slots=True)
class SelfTest:
    """How loud a capture says it is, and how loud it came out.

    ``stated_db`` None: the file says nothing.

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
        return self.difference_db is not None and abs(self.difference_db) <= SELF_TEST_TOLERANCE_DB


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
    ``TimeoutError`` between chunks when it has taken longer than ``time_limit_s``.
    """
    deadline_s = time.monotonic() + time_limit_s
    stage = build_engine(nam, slim_size).start()
    sum_of_squares = 0.0
    for start in range(0, dry.shape[1], _TEST_CHUNK_FRAMES):
        if time.monotonic() >= deadline_s:
            raise TimeoutError
        progress(start / dry.shape[1])
        wet = stage.process(dry[:, start : start + _TEST_CHUNK_FRAMES]).astype(np.float64)
        sum_of_squares += float(np.sum(wet**2))
    mean_square = sum_of_squares / max(1, dry.shape[1])
    is_measurable = math.isfinite(mean_square) and mean_square > 0.0
    measured = 10.0 * math.log10(mean_square) if is_measurable else None
    return SelfTest(choose_submodel(nam, slim_size).metadata.loudness_db, measured)


def self_test_report(
    nam: NamFile, *, time_limit_s: float = SELF_TEST_LIMIT_S, progress: Progress = no_progress
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
        "tolerance_db": SELF_TEST_TOLERANCE_DB,
        "networks": results or [],
    }
