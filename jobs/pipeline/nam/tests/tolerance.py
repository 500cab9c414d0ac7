"""When two renders count as the same: one place for the figures."""

from __future__ import annotations

from typing import Final

import numpy as np

from jobs.pipeline.signal.samples import FloatArray

# Another correct float32 engine: what is left is rounding.
MAX_ESR: Final = 1e-9
MAX_ERROR_OF_PEAK: Final = 1e-4
# The same engine cut into other chunks.
MAX_CHUNK_DIFFERENCE: Final = 1e-6


def assert_same_sound(rendered: FloatArray, expected: FloatArray) -> None:
    """Error-to-signal ratio and the largest error, relative to the expected peak."""
    assert rendered.shape == expected.shape
    assert rendered.dtype == np.float32
    reference = expected.astype(np.float64)
    error = rendered - reference
    assert np.sum(error**2) < MAX_ESR * np.sum(reference**2)
    assert np.abs(error).max() < MAX_ERROR_OF_PEAK * np.abs(reference).max()
