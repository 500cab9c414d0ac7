"""What is doubtful about a DI is found and named, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.measure.probe import probe_di
from jobs.pipeline.signal.samples import FloatArray, resample
from jobs.pipeline.tests.signals import noise, plucks, silence

GUITAR = np.concatenate([silence(1.0), plucks(4.0), silence(1.0)], axis=1)
FRAMES = GUITAR.shape[1]
TIME_S = np.arange(FRAMES) / 48_000


def codes(
    tmp_path: Path,
    signal: FloatArray,
    rate_hz: int = 48_000,
    name: str = "a.wav",
    subtype: str | None = "FLOAT",
) -> set[str]:
    path = tmp_path / name
    soundfile.write(path, signal.T.astype(np.float32), rate_hz, subtype=subtype)
    return {finding.code for finding in probe_di(path).report}


def hum(mains_hz: float, level_dbfs: float) -> FloatArray:
    wave = sum(
        np.sin(2 * np.pi * mains_hz * order * TIME_S + order) / order for order in (1, 2, 3, 5)
    )
    return np.asarray(10 ** (level_dbfs / 20) * wave, dtype=np.float32)[np.newaxis]


def test_a_good_di_has_no_remark(tmp_path: Path) -> None:
    assert codes(tmp_path, GUITAR) == set()
    assert codes(tmp_path, GUITAR + noise(FRAMES, level=1e-5)) == set()
    assert codes(tmp_path, GUITAR, subtype="PCM_16") == set()
    assert codes(tmp_path, noise(FRAMES)) == set()


def test_clipping(tmp_path: Path) -> None:
    loud = GUITAR * np.float32(2.0 / np.abs(GUITAR).max())
    for subtype in ("PCM_16", "PCM_24", "FLOAT"):
        assert codes(tmp_path, loud.clip(-1, 1), subtype=subtype) == {"CLIPPED"}
    # What only just reaches full scale is not clipped.
    full = GUITAR / np.abs(GUITAR).max()
    assert codes(tmp_path, full, subtype="PCM_16") == set()
    assert codes(tmp_path, loud) == {"OVER_FULL_SCALE"}


def test_dc_and_level(tmp_path: Path) -> None:
    assert codes(tmp_path, GUITAR + np.float32(0.02)) == {"DC_OFFSET"}
    assert codes(tmp_path, GUITAR * np.float32(0.01)) == {"LEVEL_LOW"}
    assert codes(tmp_path, np.sign(GUITAR) * np.float32(0.7)) == {"LEVEL_HIGH"}


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
def test_hum(mains_hz: float, tmp_path: Path) -> None:
    assert codes(tmp_path, GUITAR + hum(mains_hz, -60.0) + noise(FRAMES, level=1e-5)) == {"HUM"}
    # A bass string is no mains, though it is near.
    assert "HUM" not in codes(tmp_path, GUITAR + hum(mains_hz * 1.03, -60.0))


def test_noise(tmp_path: Path) -> None:
    assert codes(tmp_path, GUITAR + noise(FRAMES, level=2e-3)) == {"NOISE"}


def test_a_single_sample(tmp_path: Path) -> None:
    clicked = GUITAR.copy()
    clicked[0, 100_000] = 8.0
    assert codes(tmp_path, clicked) == {"OUTLIER", "OVER_FULL_SCALE"}
    for value in (3e38, -101.0):
        clicked[0, 100_000] = value
        with pytest.raises(PipelineError, match="DI_IMPLAUSIBLE_LEVEL"):
            codes(tmp_path, clicked)


def test_a_converted_rate(tmp_path: Path) -> None:
    recorded = GUITAR + noise(FRAMES, level=1e-4)
    assert codes(tmp_path, resample(recorded, 48_000, 96_000), 96_000) == {"RATE_CONVERTED"}
    assert codes(tmp_path, resample(recorded, 44_100, 96_000), 96_000) == {"RATE_CONVERTED"}
    assert codes(tmp_path, resample(recorded, 44_100, 48_000)) == set()
    assert codes(tmp_path, recorded, 96_000) == set()


def test_a_lossy_source(tmp_path: Path) -> None:
    recorded = GUITAR + noise(FRAMES, level=1e-4)
    assert codes(tmp_path, recorded, name="a.mp3", subtype=None) == {"LOSSY"}
    assert codes(tmp_path, recorded, name="a.ogg", subtype=None) == {"LOSSY"}
    # As an encoder cuts it: a wall at 16 kHz.
    walled = resample(resample(recorded, 48_000, 33_500), 33_500, 48_000)
    assert codes(tmp_path, walled) == {"LOSSY"}


def test_silence_at_both_ends_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, GUITAR.T, 48_000, subtype="FLOAT")
    probe = probe_di(path)
    assert probe.sound_start_s == pytest.approx(1.0, abs=0.06)
    assert 4.0 < probe.sound_end_s <= 5.06
