"""Built-in processors: parameters are checked, and each does what its name says."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.pipeline.audio.blocks import BLOCK_TYPES, describe_parameters, validate_parameters
from jobs.pipeline.audio.signal import FloatArray
from jobs.pipeline.errors import PipelineError
from jobs.tests.pipeline.audio.signals import cut, level_db, noise, plucks, sine

RATE_HZ = 48_000


def play(
    processor: str, signal: FloatArray, block_frames: int = 4096, **parameters: float
) -> FloatArray:
    kind = BLOCK_TYPES[processor]
    complete = validate_parameters(processor, parameters)
    stage = kind.start(complete, RATE_HZ, signal.shape[0])
    parts = [stage.process(block) for block in cut(signal, block_frames)]
    return np.concatenate([*parts, stage.finish()], axis=1)


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
            assert f"{parameter.maximum:g} {parameter.unit}" in caught.value.message


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


def test_settings_are_described_for_people() -> None:
    assert describe_parameters("gain", {"gain_db": 3}) == "Gain +3 dB"
    assert describe_parameters("low_pass", {"cutoff_hz": 5000.0}) == "Cutoff 5000 Hz"
    assert describe_parameters("gain", {"bypass": True}) == "bypassed"


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


@pytest.mark.parametrize("name", list(BLOCK_TYPES))
def test_block_size_changes_nothing(name: str) -> None:
    signal = noise(3_000, num_channels=2)
    for block_frames in (1, 7, 511):
        assert np.array_equal(play(name, signal, block_frames), play(name, signal, 3_000))
