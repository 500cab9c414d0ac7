"""Gains of joins of equal power: where one segment of a montage goes over into the next."""

from __future__ import annotations

import numpy as np

from jobs.pipeline.signal.samples import FloatArray


def fade_in_gains(num_frames: int) -> FloatArray:
    """Equal-power fade: sin(π/2·(n+½)/N), shape ``(num_frames,)``."""
    phase = (np.arange(num_frames) + 0.5) / max(num_frames, 1)
    return np.sin(0.5 * np.pi * phase).astype(np.float32)


def fade_out_gains(num_frames: int) -> FloatArray:
    """The mirror image of ``fade_in_gains``: the squares of both add up to one."""
    return np.ascontiguousarray(fade_in_gains(num_frames)[::-1])
