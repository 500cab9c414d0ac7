"""Where responses begin: one by one, in pairs, and all pairs together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.pipeline.measure.chain_probes import (
    RESPONSE_FRAMES,
    PartResponse,
    alignment_sweep,
    part_response,
)
from jobs.pipeline.measure.response_lag import Onset, joint_onsets, solve_lags
from jobs.pipeline.render.tests.cab_pack import EASY, Make, dark, known, noise_burst, sharp, speaker
from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.tests.signals import silence


def response(make: Make, onset: int = 0, sign: int = 1, seed: int = 0) -> PartResponse:
    found = known(make(np.random.default_rng(seed)), onset, sign).response()
    assert found is not None
    return found


def alone(part: PartResponse) -> Onset:
    [onset] = joint_onsets([part])
    return onset


def test_the_sweep_is_what_it_says() -> None:
    sweep = alignment_sweep()
    assert sweep.shape == (1, 4800)
    assert 20.0 * np.log10(np.abs(sweep).max()) == pytest.approx(-20.0, abs=0.1)
    spectrum = np.abs(np.fft.rfft(sweep[0]))
    hz = np.fft.rfftfreq(4800, 1 / 48_000)
    inside = spectrum[(hz > 1_000) & (hz < 18_000)].mean()
    assert spectrum[hz > 22_000].max() < inside / 30


def test_the_response_of_nothing_in_the_way_is_an_impulse() -> None:
    found = part_response(alignment_sweep())
    assert found is not None
    taps = found.samples()
    assert len(taps) == RESPONSE_FRAMES
    assert found.start_frame + int(np.abs(taps).argmax()) == 0
    assert alone(found).frame == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("heard", [None, silence(0.2), np.zeros((1, 0), dtype=np.float32)])
def test_silence_has_no_response(heard: FloatArray | None) -> None:
    assert part_response(heard) is None


@pytest.mark.parametrize("make", EASY)
@pytest.mark.parametrize("sign", [1, -1])
def test_one_response_is_found_by_itself(make: Make, sign: int) -> None:
    for seed in range(5):
        found = alone(response(make, 25, sign, seed))
        assert found.frame == pytest.approx(25.0, abs=1.5)
        assert (found.sign, found.method) == (sign, "phase")


@pytest.mark.parametrize("make", EASY)
def test_moving_a_response_moves_its_onset_and_no_other(make: Make) -> None:
    others = [response(each, 5, seed=3) for each in EASY]
    before = joint_onsets([response(make, 4), *others])
    after = joint_onsets([response(make, 41, -1), *others])
    assert after[0].frame - before[0].frame == pytest.approx(37.0, abs=1e-3)
    assert after[0].sign == -before[0].sign
    for one, other in zip(before[1:], after[1:], strict=True):
        assert one.frame == pytest.approx(other.frame, abs=1e-3)


def test_heavy_distortion_hides_no_onset() -> None:
    sent = np.concatenate([alignment_sweep()[0], np.zeros(4800)])
    for gain in (1.0, 100.0, 1e4):
        heard = np.tanh(gain * sent)
        late = np.concatenate([np.zeros(19), -heard])[np.newaxis].astype(np.float32)
        found = part_response(late)
        assert found is not None
        onset = alone(found)
        assert onset.frame == pytest.approx(19.0, abs=1.0)
        assert (onset.sign, onset.method) == (-1, "phase")


def test_what_has_no_first_wave_begins_with_its_first_sound() -> None:
    for seed in range(5):
        found = alone(response(noise_burst, 100, seed=seed))
        assert found.method == "first_sound"
        assert found.frame == pytest.approx(100.0, abs=5.0)
        assert found.sign == 0


def test_what_rises_too_slowly_is_not_trusted_but_bounded() -> None:
    for seed in range(5):
        found = alone(response(dark, 100, seed=seed))
        assert found.method is None
        assert abs(found.frame - 100.0) <= found.uncertainty_frames < np.inf


def test_a_full_wave_rectifier_says_nothing() -> None:
    heard = np.abs(alignment_sweep())
    found = part_response(heard)
    assert found is not None
    onset = alone(found)
    assert (onset.method, onset.sign) == (None, 0)
    # Nor do several of them for each other.
    others = [response(speaker, 3, seed=n) for n in range(3)]
    many = [part_response(heard * np.float32(1.0 + 0.1 * n) + n * 1e-4) for n in range(4)]
    onsets = joint_onsets([*(each for each in many if each is not None), *others])
    assert [each.method for each in onsets[4:]] == ["phase"] * 3
    assert [round(each.frame) for each in onsets[4:]] == [4, 4, 4]
    assert not any(each.method == "phase" for each in onsets[:4])


def test_nothing_at_all() -> None:
    assert joint_onsets([]) == []


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_lags_survive_bad_pairs(data: st.DataObject) -> None:
    """Less than half of the pairs of each may say anything."""
    count = data.draw(st.integers(3, 14))
    true = np.array([0.0, *data.draw(_lags(count - 1))])
    lag = true[:, np.newaxis] - true
    num_bad = data.draw(st.integers(0, (count - 2) // 3))
    # Bad pairs of distinct responses: each has at most one.
    for number in range(num_bad):
        i, j = 2 * number, 2 * number + 1
        lag[i, j] = data.draw(st.floats(-500.0, 500.0))
        lag[j, i] = -lag[i, j]
    found = solve_lags(lag, np.ones((count, count)))
    assert found == pytest.approx(true, abs=0.1)


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_one_bad_response_does_not_move_the_others(data: st.DataObject) -> None:
    count = data.draw(st.integers(5, 14))
    true = np.array([0.0, *data.draw(_lags(count - 1))])
    lag = true[:, np.newaxis] - true
    for j in range(count - 1):
        lag[-1, j] = data.draw(st.floats(-500.0, 500.0))
        lag[j, -1] = -lag[-1, j]
    found = solve_lags(lag, np.ones((count, count)))
    assert found[:-1] == pytest.approx(true[:-1], abs=0.1)


def _lags(count: int) -> st.SearchStrategy[list[float]]:
    return st.lists(st.floats(-100.0, 100.0), min_size=count, max_size=count)


def test_sharp_and_slow_ones_of_one_onset_stay_together() -> None:
    makes = [make for make in (*EASY, sharp, speaker) for _ in range(3)]
    onsets = joint_onsets([response(make, 40, seed=n) for n, make in enumerate(makes)])
    frames = [onset.frame for onset in onsets]
    assert max(frames) - min(frames) < 1.5
