"""From a checked capture to a stage of a signal chain."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from jobs.pipeline.audio.nam.file import NamFile
from jobs.pipeline.audio.nam.networks import lay_out
from jobs.pipeline.audio.nam.steps import (
    NETWORK_BLOCK_FRAMES,
    Network,
    Step,
    new_buffer,
    run_steps,
)
from jobs.pipeline.audio.signal import FloatArray, empty
from jobs.pipeline.blas import use_one_thread

# Part of every render's digest: raise it whenever samples may come out differently. On one machine
# the same blocks give the same bits; between processors the last bits differ with the kernels
# OpenBLAS has for them.
ENGINE_VERSION: Final = "numpy-1"

# Block lengths a stage keeps ready; a signal comes in one length and a remainder.
_MAX_PROGRAMS: Final = 8


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
    """One mono signal through a network, block by block; blocks of any length."""

    def __init__(self, network: Network) -> None:
        self._runner = network.start()
        self._source = new_buffer(1)
        self._target = new_buffer(1)
        self._programs: dict[int, list[Step]] = {}
        # The buffers are still zero: silence until the state has settled.
        for _ in range(math.ceil(network.receptive_field_frames / NETWORK_BLOCK_FRAMES)):
            self._run(NETWORK_BLOCK_FRAMES)

    def process(self, block: FloatArray) -> FloatArray:
        """(1, n) to (1, n), n ≥ 0. Not checked for numbers that are not finite.

        Raises ``ValueError`` for any other number of channels.
        """
        if block.ndim != 2 or len(block) != 1:
            raise ValueError(f"a capture takes one channel, shape (1, n), not {block.shape}")
        wet = np.empty(block.shape, np.float32)
        for start in range(0, block.shape[1], NETWORK_BLOCK_FRAMES):
            dry = block[:, start : start + NETWORK_BLOCK_FRAMES]
            n = dry.shape[1]
            self._source[:, :n] = dry
            self._run(n)
            wet[:, start : start + n] = self._target[:, :n]
        return wet

    def finish(self) -> FloatArray:
        """Nothing: a network answers each frame at once."""
        return empty(1)

    def _run(self, n: int) -> None:
        # A spoilt capture may overflow. Whoever takes the sound looks for what is not finite.
        with np.errstate(over="ignore", invalid="ignore"):
            run_steps(self._program(n))

    def _program(self, n: int) -> list[Step]:
        program = self._programs.get(n)
        if program is None:
            if len(self._programs) >= _MAX_PROGRAMS:
                self._programs.clear()
            program = self._runner.compile(self._source[:, :n], self._target[:, :n])
            self._programs[n] = program
        return program


def build_engine(nam: NamFile, slim_size: float = 1.0) -> NamEngine:
    """Lay out a capture's weights for running.

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
        network = lay_out(chosen.config, chosen.weights, share)
    return NamEngine(network, nam.sample_rate_hz)


def choose_submodel(nam: NamFile, slim_size: float = 1.0) -> NamFile:
    """The network that ``slim_size`` picks; the file itself when it is no container."""
    for submodel in nam.submodels:
        if slim_size < submodel.max_value:
            return submodel.nam
    return nam.submodels[-1].nam if nam.submodels else nam
