"""What is drawn of an impulse response, by responses that are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from jobs.pipeline.render.ir_facts import RESPONSE_HZ
from jobs.pipeline.render.ir_picture import FLOOR_DB, outline, response_db
from jobs.pipeline.signal.samples import FloatArray


def impulse(num_frames: int = 2_000) -> FloatArray:
    taps = np.zeros((1, num_frames), np.float32)
    taps[0, 10] = 0.5
    return taps


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 96_000])
def test_an_impulse_does_the_same_to_each_tone(rate_hz: int) -> None:
    assert set(response_db(impulse(), rate_hz)) == {0.0}


def test_a_filter_is_as_steep_as_it_is() -> None:
    """Butterworth of first order: −3 dB at its corner, 6 dB per octave far above."""
    taps = signal.lfilter(*signal.butter(1, 500.0, fs=48_000), impulse(8_000)[0])[np.newaxis]
    levels = dict(zip(RESPONSE_HZ, response_db(taps.astype(np.float32), 48_000), strict=True))
    by_octave = [levels[hz] for hz in RESPONSE_HZ if 490 < hz < 9_000][::6]
    assert levels[504.0] == pytest.approx(-3.0, abs=0.2)
    assert by_octave[3] - by_octave[2] == pytest.approx(-6.0, abs=0.4)


def test_channels_count_by_their_power() -> None:
    one = response_db(np.vstack([impulse(), 0 * impulse()]), 48_000)
    assert set(one) == {0.0}


def test_what_the_rate_cannot_hold_is_at_the_floor() -> None:
    levels = response_db(impulse(), 8_000)
    assert levels[RESPONSE_HZ.index(16_127.0)] == FLOOR_DB
    assert levels[0] == 0.0


def test_silence_has_no_response() -> None:
    assert response_db(0 * impulse(), 48_000) == ()


def test_an_outline_has_the_peaks() -> None:
    magnitudes = np.zeros(48_000, np.float32)
    magnitudes[[0, 47_999]] = 1.0, 0.25
    drawn = outline(magnitudes)
    assert (len(drawn), drawn[0], drawn[-1], max(drawn[1:-1])) == (160, 1.0, 0.25, 0.0)
    assert len(outline(magnitudes[:50])) == 50
