"""A signal of known length through a chain, in bounded memory.

What stands before and after a signal is silence, which behind a capture may be any constant: the
*rest* of the signal. A chain hears the rest until it has settled, then the signal, then the rest
again until its tail is over; what comes out is a signal with a rest of its own. So a chain may be
cut anywhere, and each piece be computed by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from jobs.pipeline.audio.chain import Chain
from jobs.pipeline.audio.signal import BLOCK_FRAMES, FloatArray, empty, num_frames_at
from jobs.pipeline.audio.stretch import RINGING_S
from jobs.pipeline.errors import Progress, no_progress

MAX_TAIL_S = 4.0


@dataclass(frozen=True, slots=True)
class Signal:
    """``blocks`` starts reading anew: ``(channels, n)`` each, ``num_frames`` in all.

    ``rest``: ``(channels, 1)``, the constant before and after it.
    """

    sample_rate_hz: int
    num_frames: int
    rest: FloatArray
    blocks: Callable[[], Iterator[FloatArray]]

    @classmethod
    def of(cls, samples: FloatArray, sample_rate_hz: int) -> Signal:
        """Samples at hand, between two silences."""
        rest = np.zeros((samples.shape[0], 1), dtype=np.float32)
        return cls(sample_rate_hz, samples.shape[1], rest, lambda: iter([samples]))


class Passage:
    """One signal through one chain, which is used up.

    ``num_frames``: as long as the signal, at the chain's rate; up to ``tail_frames`` more follow.
    ``rest``: of what comes out, ``(channels, 1)``; known once the first block is there.
    """

    def __init__(self, chain: Chain, signal: Signal) -> None:
        self._chain = chain
        self._signal = signal
        rate_hz = chain.sample_rate_hz
        self.num_frames = num_frames_at(rate_hz, signal.num_frames, signal.sample_rate_hz)
        self.tail_frames = math.ceil(min(chain.tail_s, MAX_TAIL_S) * rate_hz)
        self.rest: FloatArray = np.zeros((chain.num_channels, 1), dtype=np.float32)

    def blocks(self, progress: Progress = no_progress) -> Iterator[FloatArray]:
        """What comes out from the signal's first frame on, with its tail.

        What a chain still gives when its input ends is no part of it: to a cabinet the end of a
        rest that is not zero is a step. ``progress`` is called between blocks. Raises
        ``BLOCK_NOT_FINITE`` and, at the end, ``BLOCK_SILENT``.
        """
        signal, chain = self._signal, self._chain
        rate_hz = signal.sample_rate_hz
        has_to_settle = bool(signal.rest.any()) or not chain.is_still
        settling_ms = chain.settling_ms if has_to_settle else 0
        settling_frames = settling_ms * rate_hz // 1000
        tail_frames = math.ceil(min(chain.tail_s, MAX_TAIL_S) * rate_hz)
        num_to_feed = settling_frames + signal.num_frames + tail_frames
        num_fed = 0
        to_drop = settling_ms * chain.sample_rate_hz // 1000
        to_yield = self.num_frames + self.tail_frames
        # Not at the very edge, where a resampler already rings of what is to come.
        to_rest = to_drop - round(RINGING_S * chain.sample_rate_hz)

        for block in self._fed(settling_frames, tail_frames):
            out = chain.finish() if block is None else chain.process(block)
            num_fed += 0 if block is None else block.shape[1]
            progress(min(1.0, num_fed / num_to_feed) if num_to_feed else 1.0)
            if to_drop:
                if 0 < to_rest <= out.shape[1]:
                    self.rest = out[:, to_rest - 1 : to_rest].copy()
                to_rest -= out.shape[1]
                num_dropped = min(to_drop, out.shape[1])
                to_drop -= num_dropped
                out = out[:, num_dropped:]
            out = out[:, :to_yield]
            to_yield -= out.shape[1]
            if out.shape[1]:
                yield out
        progress(1.0)

    def samples(self, progress: Progress = no_progress) -> FloatArray:
        """All of a short signal's passage at once, with its tail: ``(channels, n)``."""
        return np.concatenate([empty(self._chain.num_channels), *self.blocks(progress)], axis=1)

    def _fed(self, settling_frames: int, tail_frames: int) -> Iterator[FloatArray | None]:
        """The signal between two stretches of its rest; ``None`` when there is no more."""
        yield from self._at_rest(settling_frames)
        self._chain.settled()
        yield from self._signal.blocks()
        yield from self._at_rest(tail_frames)
        yield None

    def _at_rest(self, num_frames: int) -> Iterator[FloatArray]:
        for start in range(0, num_frames, BLOCK_FRAMES):
            yield np.repeat(self._signal.rest, min(BLOCK_FRAMES, num_frames - start), axis=1)
