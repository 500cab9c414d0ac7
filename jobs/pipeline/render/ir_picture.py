"""What a page draws of an impulse response: its outline in time, and what it does to each tone.

Small enough to stand beside the other facts of a file, so that no page opens a file of a stranger.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from jobs.pipeline.render.ir_facts import MAX_SPACE_DURATION_S, RESPONSE_HZ
from jobs.pipeline.signal.samples import FloatArray

NUM_COLUMNS: Final = 160
# Of the sound that makes the response: the rest is tail, whatever the file.
MAX_DRAWN_S: Final = MAX_SPACE_DURATION_S
# Of a response that has nothing there: below all that is drawn.
FLOOR_DB: Final = -120.0


def outline(magnitudes: FloatArray) -> tuple[float, ...]:
    """``(n,)`` of an envelope to the peak of each column; 1.0 is full scale. A short one has as
    many columns as frames."""
    num_columns = min(NUM_COLUMNS, len(magnitudes))
    columns = np.array_split(magnitudes, num_columns)
    return tuple(round(float(column.max()), 4) for column in columns)


def response_db(samples: FloatArray, rate_hz: int) -> tuple[float, ...]:
    """``(channels, n)`` to the mean level around each of ``RESPONSE_HZ``, a sixth of an octave
    wide, in dB below the loudest of them. Bands beyond half the rate are at the floor."""
    samples = samples[:, : round(MAX_DRAWN_S * rate_hz)]
    num_frames = max(samples.shape[1], rate_hz // 8)  # bands of bass need lines to average
    powers = np.square(np.abs(np.fft.rfft(samples, num_frames, axis=1))).mean(axis=0)
    lines_hz = np.fft.rfftfreq(num_frames, 1.0 / rate_hz)
    half_band = 2.0 ** (1.0 / 12.0)
    means = []
    for center_hz in RESPONSE_HZ:
        first, last = np.searchsorted(lines_hz, (center_hz / half_band, center_hz * half_band))
        if center_hz > rate_hz / 2.0:
            means.append(0.0)
        elif last > first:
            means.append(float(powers[first:last].mean()))
        else:  # the band lies between two lines
            means.append(float(np.interp(center_hz, lines_hz, powers)))
    loudest = max(means)
    if loudest <= 0.0:
        return ()
    with np.errstate(divide="ignore"):
        levels_db = 10.0 * np.log10(np.array(means) / loudest)
    return tuple(round(float(level), 1) + 0.0 for level in np.maximum(levels_db, FLOOR_DB))
