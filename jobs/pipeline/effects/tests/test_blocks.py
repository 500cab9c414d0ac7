"""Built-in processors: parameters are checked, and each does what its name says."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.pipeline.effects.blocks import BLOCK_TYPES, describe_parameters, validate_parameters
from jobs.pipeline.effects.processors import STARTS, start_processor
from jobs.pipeline.effects.tests.processors import play
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.tests.signals import level_db, noise, plucks, sine

PROCESSORS = list(BLOCK_TYPES)
MIXED = [
    name
    for name, kind in BLOCK_TYPES.items()
    if any(parameter.name == "mix_pct" for parameter in kind.parameters)
]

# Settings at which each is heard to do something; what is not here does so as it comes.
AUDIBLE: dict[str, dict[str, float]] = {
    "gain": {"gain_db": 3.0},
    "noise_gate": {"threshold_db": -15.0},
    "limiter": {"threshold_db": -24.0},
    "parametric_eq": {"low_gain_db": 6.0, "mid_gain_db": -6.0, "high_gain_db": 6.0},
    "graphic_eq": {"band_31_gain_db": 12.0, "band_1000_gain_db": -12.0},
    "delay": {"time_ms": 20.0},
}


def test_defaults_are_filled_in() -> None:
    assert validate_parameters("gain", {}) == {"bypass": False, "gain_db": 0.0}
    assert validate_parameters("high_pass", {"bypass": True}) == {"bypass": True, "cutoff_hz": 80.0}


@pytest.mark.parametrize("name", list(BLOCK_TYPES))
def test_bounds_are_allowed_and_what_is_beyond_is_refused(name: str) -> None:
    for parameter in BLOCK_TYPES[name].parameters:
        for allowed in (parameter.minimum, parameter.maximum, parameter.default):
            assert validate_parameters(name, {parameter.name: allowed})[parameter.name] == allowed
        for refused in (parameter.minimum - 0.01, parameter.maximum + 0.01, float("nan"), 10**400):
            with pytest.raises(PipelineError) as caught:
                validate_parameters(name, {parameter.name: refused})
            assert caught.value.code == "BLOCK_PARAMETER_OUT_OF_RANGE"
            assert parameter.name in caught.value.message
            bounds = f"from {parameter.minimum:g} to {parameter.maximum:g} {parameter.unit}"
            assert bounds.rstrip() in caught.value.message


@pytest.mark.parametrize(
    ("processor", "parameters", "code"),
    [
        ("fuzz", {}, "BLOCK_UNKNOWN"),
        ("gain", {"cutoff_hz": 100.0}, "BLOCK_PARAMETER_UNKNOWN"),
        ("gain", {"gain_db": "loud"}, "BLOCK_PARAMETER_INVALID"),
        ("gain", {"gain_db": True}, "BLOCK_PARAMETER_INVALID"),
        ("gain", {"bypass": 1}, "BLOCK_PARAMETER_INVALID"),
    ],
)
def test_what_is_not_understood_is_refused(
    processor: str, parameters: dict[str, object], code: str
) -> None:
    with pytest.raises(PipelineError) as caught:
        validate_parameters(processor, parameters)
    assert caught.value.code == code


def test_what_has_a_schema_sounds_and_the_other_way_round() -> None:
    assert list(STARTS) == list(BLOCK_TYPES)
    with pytest.raises(PipelineError) as caught:
        start_processor("fuzz", {}, 48_000, 1)
    assert caught.value.code == "BLOCK_UNKNOWN"


def test_settings_are_described_for_people() -> None:
    assert describe_parameters("gain", {"gain_db": 3}) == "Gain +3 dB"
    assert describe_parameters("low_pass", {"cutoff_hz": 5000.0}) == "Cutoff 5000 Hz"
    assert describe_parameters("gain", {"bypass": True}) == "bypassed"
    assert describe_parameters("delay", {}) == "Time 375 ms, feedback 30 %, mix 30 %"
    assert describe_parameters("compressor", {}) == (
        "Threshold -20 dB, ratio 4:1, attack 5 ms, release 50 ms, make-up +0 dB"
    )
    assert describe_parameters("parametric_eq", {}) == "flat"
    assert describe_parameters("parametric_eq", {"low_gain_db": 3, "mid_gain_db": -2.5}) == (
        "low +3 dB at 100 Hz, mid -2.5 dB at 1000 Hz, mid Q 1"
    )
    assert describe_parameters("graphic_eq", {"band_31_gain_db": -1, "band_16000_gain_db": 2}) == (
        "31 Hz -1 dB, 16 kHz +2 dB"
    )


def test_up_and_down_by_six_decibels_is_nothing() -> None:
    signal = plucks()
    up = play("gain", signal, gain_db=6.0)
    assert level_db(up) == pytest.approx(level_db(signal) + 6.0, abs=1e-4)
    assert level_db(play("gain", up, gain_db=-6.0) - signal) < level_db(signal) - 120.0


@pytest.mark.parametrize(("processor", "cutoff_hz"), [("high_pass", 80.0), ("low_pass", 5000.0)])
def test_filters_take_three_decibels_at_their_cutoff(processor: str, cutoff_hz: float) -> None:
    def gain_db(frequency_hz: float) -> float:
        tone = sine(-12.0, 2.0, frequency_hz=frequency_hz)
        wet = play(processor, tone, cutoff_hz=cutoff_hz)
        return level_db(wet[:, 48_000:]) - level_db(tone[:, 48_000:])

    assert gain_db(cutoff_hz) == pytest.approx(-3.01, abs=0.05)
    below, above = gain_db(cutoff_hz / 4), gain_db(cutoff_hz * 3)
    assert (below < -10.0) if processor == "high_pass" else (above < -9.0)
    assert max(below, above) == pytest.approx(0.0, abs=0.6)


@pytest.mark.parametrize("name", PROCESSORS)
@pytest.mark.parametrize("num_channels", [1, 2])
def test_chunk_size_changes_nothing(name: str, num_channels: int) -> None:
    signal = noise(9_000, num_channels=num_channels)
    whole = play(name, signal, AUDIBLE.get(name, {}), chunk_frames=signal.shape[1])
    assert whole.shape == signal.shape
    assert whole.dtype == np.float32
    assert not np.allclose(whole, signal, atol=1e-3)
    for chunk_frames in (1, 7, 64, 511):
        parts = play(name, signal, AUDIBLE.get(name, {}), chunk_frames=chunk_frames)
        assert np.array_equal(parts, whole)


@pytest.mark.parametrize("name", PROCESSORS)
@pytest.mark.parametrize("sample_rate_hz", [44_100, 96_000])
def test_extreme_settings_stay_finite_at_every_rate(name: str, sample_rate_hz: int) -> None:
    signal = noise(30_000, level=0.3)
    for bound in ("minimum", "maximum"):
        parameters = {each.name: getattr(each, bound) for each in BLOCK_TYPES[name].parameters}
        out = play(name, signal, parameters, sample_rate_hz=sample_rate_hz)
        assert out.shape == signal.shape
        assert np.abs(out).max() < 100.0


@pytest.mark.parametrize("name", PROCESSORS)
def test_a_second_time_sounds_the_same_to_the_bit(name: str) -> None:
    signal = plucks()
    assert np.array_equal(play(name, signal), play(name, signal))


@pytest.mark.parametrize("name", PROCESSORS)
def test_the_tail_is_as_long_as_it_says(name: str) -> None:
    kind = BLOCK_TYPES[name]
    parameters = AUDIBLE.get(name, {})
    tail_s = kind.tail_s(validate_parameters(name, parameters))
    signal = np.pad(noise(4_800), ((0, 0), (0, round((tail_s + 0.5) * 48_000))))
    after = play(name, signal, parameters)[:, 4_800 + round(tail_s * 48_000) + 1 :]
    assert np.abs(after).max() < 10.0 ** (-100.0 / 20.0)


def test_those_that_have_a_mix() -> None:
    assert {name: validate_parameters(name, {})["mix_pct"] for name in MIXED} == {
        "chorus": 50.0,
        "phaser": 50.0,
        "flanger": 50.0,
        "delay": 30.0,
        "reverb": 20.0,
    }


@pytest.mark.parametrize("name", MIXED)
@pytest.mark.parametrize("num_channels", [1, 2])
def test_without_mix_the_signal_passes_to_the_bit(name: str, num_channels: int) -> None:
    signal = noise(9_000, num_channels=num_channels)
    assert np.array_equal(play(name, signal, mix_pct=0.0), signal)


@pytest.mark.parametrize("name", MIXED)
def test_mix_adds_dry_and_wet(name: str) -> None:
    signal = plucks()
    wet = play(name, signal, mix_pct=100.0)
    mixed = play(name, signal, mix_pct=30.0)
    assert level_db(wet) > -60.0
    assert np.abs(mixed - (0.7 * signal + 0.3 * wet)).max() < 1e-6
