"""A DI through each channel of an impulse response, to choose one by ear."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.measure.loudness import measure_chunks
from jobs.pipeline.recipe import CHANNEL_RULES, ChannelRule, IRSettings
from jobs.pipeline.render.ir_preview import MAX_PASSAGE_S, Passage, ir_preview_wav
from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.signal.trim import Trim

RATE_HZ = 48_000


def write(path: Path, samples: FloatArray) -> Path:
    soundfile.write(path, samples, RATE_HZ, subtype="FLOAT")
    return path


def noise(num_frames: int) -> FloatArray:
    return np.random.default_rng(3).uniform(-0.2, 0.2, num_frames).astype(np.float32)


def heard(path: Path, passage: Passage, rule: ChannelRule, **settings: bool) -> FloatArray:
    wav = ir_preview_wav(path, IRSettings(channel_rule=rule, **settings), passage)
    samples, rate_hz = soundfile.read(io.BytesIO(wav), dtype="float32")
    assert rate_hz == RATE_HZ
    return np.asarray(samples, np.float32)


def loudness_lufs(samples: FloatArray) -> float:
    loudness = measure_chunks([samples[np.newaxis]], RATE_HZ, 1).integrated_lufs
    assert loudness is not None
    return loudness


@pytest.fixture
def two_microphones(tmp_path: Path) -> Path:
    """A click on the left, one 20 dB quieter and half a second later on the right."""
    taps = np.zeros((RATE_HZ, 2), np.float32)
    taps[0, 0], taps[24_000, 1] = 0.9, 0.09
    return write(tmp_path / "ir.wav", taps)


def test_each_channel_is_the_di_through_it_and_as_loud(
    two_microphones: Path, tmp_path: Path
) -> None:
    dry = noise(2 * RATE_HZ)
    passage = Passage(write(tmp_path / "di.wav", dry))
    sounds = {rule: heard(two_microphones, passage, rule) for rule in CHANNEL_RULES}
    levels_lufs = [loudness_lufs(sound) for sound in sounds.values()]
    assert max(levels_lufs) - min(levels_lufs) < 0.02
    assert all(np.abs(sound).max() < 1.0 for sound in sounds.values())
    for sound, first_frame in ((sounds["left"], 0), (sounds["right"], 24_000)):
        assert len(sound) == len(dry) + first_frame
        gain = float(sound[first_frame:] @ dry) / float(dry @ dry)
        assert np.abs(sound[first_frame:] - gain * dry).max() < 1e-4
        assert np.abs(sound[:first_frame]).max(initial=0.0) == 0.0
    assert np.abs(sounds["mix"][:24_000]).max() > 0.0


def test_one_that_is_peaky_lowers_all_alike(tmp_path: Path) -> None:
    """Clicks are too peaky for −14 LUFS; smeared on the right they are not."""
    dry = np.zeros(2 * RATE_HZ, np.float32)
    dry[::4_800] = 0.9
    taps = np.zeros((9_600, 2), np.float32)
    taps[0, 0], taps[:, 1] = 1.0, noise(9_600)
    path = write(tmp_path / "ir.wav", taps)
    passage = Passage(write(tmp_path / "di.wav", dry))
    levels_lufs = [loudness_lufs(heard(path, passage, rule)) for rule in CHANNEL_RULES]
    assert max(levels_lufs) < -14.5
    assert max(levels_lufs) - min(levels_lufs) < 0.02


def test_it_is_short_and_of_what_is_played(two_microphones: Path, tmp_path: Path) -> None:
    quiet_then_loud = np.concatenate([np.zeros(RATE_HZ, np.float32), noise(10 * RATE_HZ)])
    path = write(tmp_path / "di.wav", quiet_then_loud)
    sound = heard(two_microphones, Passage(path, trim=Trim(1.0)), "left")
    assert len(sound) == MAX_PASSAGE_S * RATE_HZ
    assert np.abs(sound[:4_800]).max() > 0.01


def test_a_trimmed_lead_is_not_heard(tmp_path: Path) -> None:
    taps = np.zeros((4_800, 2), np.float32)
    taps[480, 0], taps[600, 1] = 0.9, 0.5
    path = write(tmp_path / "ir.wav", taps)
    passage = Passage(write(tmp_path / "di.wav", noise(RATE_HZ)))
    late = heard(path, passage, "left")
    trimmed = heard(path, passage, "left", is_lead_trimmed=True)
    assert np.abs(late[480:] - trimmed).max() < 1e-3


def test_what_is_too_quiet_to_be_matched_is_refused(two_microphones: Path, tmp_path: Path) -> None:
    passage = Passage(write(tmp_path / "di.wav", np.zeros(RATE_HZ, np.float32)))
    with pytest.raises(PipelineError) as caught:
        ir_preview_wav(two_microphones, IRSettings(), passage)
    assert caught.value.code == "LOUDNESS_UNKNOWN"
