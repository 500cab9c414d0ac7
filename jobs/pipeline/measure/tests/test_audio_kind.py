"""Impulse responses and what was played are told apart by their sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from jobs.pipeline.measure.audio_kind import IMPULSE, PLAYED, AudioKind, audio_kind
from jobs.pipeline.render.tests.cab_pack import make_pack
from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.tests.signals import plucks

RATE_HZ = 48_000
DEMO = Path(__file__).resolve().parents[4] / "shootouts" / "demo"


def kind_of(folder: Path, samples: FloatArray) -> AudioKind:
    """``samples``: (frames,) or (frames, channels)."""
    path = folder / "sound.wav"
    soundfile.write(path, samples, RATE_HZ, subtype="FLOAT")
    return audio_kind(path)


def decay(t60_s: float, duration_s: float, seed: int = 3) -> FloatArray:
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    tail = np.random.default_rng(seed).normal(size=len(time_s))
    return np.asarray(0.1 * tail * np.exp(-6.9 * time_s / t60_s), dtype=np.float32)


def test_cabinets_are_impulse_responses_wherever_they_begin(tmp_path: Path) -> None:
    for path in DEMO.glob("irs/*.wav"):
        assert audio_kind(path).likeness == IMPULSE
    cabs = make_pack(11)
    assert len(cabs) > 5
    found = [kind_of(tmp_path, cab.as_sound()[0]).likeness for cab in cabs]
    assert PLAYED not in found
    late = np.concatenate([np.zeros(12_000, dtype=np.float32), decay(0.05, 0.3)])
    assert kind_of(tmp_path, late).likeness == IMPULSE


@pytest.mark.parametrize("t60_s", [0.3, 1.5, 4.0])
@pytest.mark.parametrize("num_channels", [1, 2, 4])
def test_rooms_are_impulse_responses_and_tell_themselves_from_cabinets(
    tmp_path: Path, t60_s: float, num_channels: int
) -> None:
    tails = [decay(t60_s, 1.2 * t60_s, seed) for seed in range(num_channels)]
    room = kind_of(tmp_path, np.stack(tails, axis=1))
    assert (room.likeness, room.num_channels) == (IMPULSE, num_channels)
    assert room.center_s == pytest.approx(t60_s / 13.8, rel=0.2)


def test_what_was_played_is_no_impulse_response(tmp_path: Path) -> None:
    for path in DEMO.glob("di/*.flac"):
        assert audio_kind(path).likeness == PLAYED
        samples, rate_hz = soundfile.read(path, dtype="float32")
        for start_s in (0.0, 2.0, 5.0):  # the parts of one that is cut short
            part = samples[int(start_s * rate_hz) : int((start_s + 2.5) * rate_hz)]
            assert kind_of(tmp_path, part).likeness == PLAYED
    assert kind_of(tmp_path, plucks(3.0)[0]).likeness != IMPULSE
    hum = np.sin(2 * np.pi * 110 * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32)
    assert kind_of(tmp_path, hum).likeness == PLAYED
    assert kind_of(tmp_path, np.zeros(RATE_HZ, dtype=np.float32)).likeness == PLAYED


def test_one_note_that_dies_away_is_not_taken_for_an_impulse(tmp_path: Path) -> None:
    time_s = np.arange(2 * RATE_HZ) / RATE_HZ
    for frequency_hz in (82.4, 196.0, 659.3):
        note = sum(np.sin(2 * np.pi * n * frequency_hz * time_s) / n for n in range(1, 9))
        sound = np.asarray(0.2 * note * np.exp(-4.0 * time_s), dtype=np.float32)
        assert kind_of(tmp_path, sound).likeness != IMPULSE
