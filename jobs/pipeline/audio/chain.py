"""A chain: stages in order, each with a name and an eye on what comes out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jobs.pipeline.audio.signal import FloatArray, Stage, db_to_gain
from jobs.pipeline.errors import PipelineError

# A signal that moves by less than this is silence, whatever constant it stands on.
_SILENCE_GAIN = db_to_gain(-120.0)


class Link:
    """A stage with a name, and an eye on what comes out of it."""

    def __init__(self, name: str, stage: Stage) -> None:
        self._name = name
        self._stage = stage
        self.forget()

    def forget(self) -> None:
        """Begin to watch anew."""
        self._lowest = np.inf
        self._highest = -np.inf

    def process(self, block: FloatArray) -> FloatArray:
        return self._watched(self._stage.process(block))

    def finish(self) -> FloatArray:
        return self._watched(self._stage.finish())

    def refuse_silence(self) -> None:
        """Raises ``BLOCK_SILENT`` when nothing but a constant has come out."""
        if self._highest - self._lowest < 2.0 * _SILENCE_GAIN:
            raise PipelineError("BLOCK_SILENT", f"Nothing but silence comes out of {self._name}.")

    def _watched(self, out: FloatArray) -> FloatArray:
        if out.size:
            # A value that is no number makes both of them no number.
            lowest, highest = float(out.min()), float(out.max())
            if not np.isfinite(highest - lowest):
                raise PipelineError(
                    "BLOCK_NOT_FINITE",
                    f"What comes out of {self._name} is no longer sound (NaN or infinity).",
                )
            self._lowest = min(self._lowest, lowest)
            self._highest = max(self._highest, highest)
        return out


@dataclass(frozen=True, slots=True)
class Chain:
    """Links in order, ready for one signal.

    ``num_channels``, ``sample_rate_hz``: of what comes out. ``tail_s``: after this long a time of
    silence the output is settled, at most. ``settling_ms``: how long the chain listens to silence
    before a signal; a whole number of frames at every rate in it. ``is_still``: silence in is
    silence out from the first frame on.
    """

    links: Sequence[Link]
    num_channels: int
    sample_rate_hz: int
    tail_s: float
    settling_ms: int
    is_still: bool

    def process(self, block: FloatArray) -> FloatArray:
        """``(channels in, n)`` to ``(num_channels, m)``. Raises ``BLOCK_NOT_FINITE``."""
        return self._through(block, 0)

    def settled(self) -> None:
        """What was heard until now was silence and does not count as sound."""
        for link in self.links:
            link.forget()

    def finish(self) -> FloatArray:
        """The signal has ended: what is still inside. Raises ``BLOCK_SILENT`` as well."""
        outputs = [
            self._through(link.finish(), position + 1) for position, link in enumerate(self.links)
        ]
        for link in self.links:
            link.refuse_silence()
        return np.concatenate(outputs, axis=1)

    def _through(self, block: FloatArray, first: int) -> FloatArray:
        # Overflow is looked for at every link; NumPy need not warn of it as well.
        with np.errstate(all="ignore"):
            for link in self.links[first:]:
                block = link.process(block)
        return block
