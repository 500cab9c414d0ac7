"""From a checked capture to a stage of a signal chain."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from jobs.pipeline.blas import use_one_thread
from jobs.pipeline.nam.backend import Backend, default_backend
from jobs.pipeline.nam.file import NamFile
from jobs.pipeline.nam.networks import lay_out
from jobs.pipeline.nam.steps import NETWORK_BLOCK_FRAMES, Network
from jobs.pipeline.signal.samples import FloatArray, empty

# Frames of one call: bounds the memory that a call takes, whatever is asked for at once.
_MAX_CALL_FRAMES: Final = 4 * NETWORK_BLOCK_FRAMES


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
        # Silence until the state has settled.
        silence = np.zeros((1, NETWORK_BLOCK_FRAMES), np.float32)
        for _ in range(math.ceil(network.receptive_field_frames / NETWORK_BLOCK_FRAMES)):
            self._runner.process(silence)

    def process(self, block: FloatArray) -> FloatArray:
        """(1, n) to (1, n), n ≥ 0. Not checked for numbers that are not finite.

        Raises ``ValueError`` for any other number of channels.
        """
        if block.ndim != 2 or len(block) != 1:
            raise ValueError(f"a capture takes one channel, shape (1, n), not {block.shape}")
        wet = np.empty(block.shape, np.float32)
        for start in range(0, block.shape[1], _MAX_CALL_FRAMES):
            end = start + _MAX_CALL_FRAMES
            wet[:, start:end] = self._runner.process(block[:, start:end])
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
