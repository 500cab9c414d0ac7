"""Files that other programs write in their own way: read as ffmpeg reads them."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from accounts.tests.needs import needs_ffmpeg
from jobs.pipeline.measure.probe import probe_di
from jobs.pipeline.render.ir_file import probe_ir
from jobs.pipeline.signal.decode import open_audio
from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.tests.signals import plucks

ID3 = b"ID3\x03\x00\x00\x00\x00\x01\x00" + bytes(128)


def wav(path: Path, **values: str) -> Path:
    soundfile.write(path, plucks().T, 48_000, subtype="PCM_16", **values)
    return path


def ours(path: Path) -> FloatArray:
    return np.concatenate(list(open_audio(path).chunks()), axis=1)


def ffmpeg(*arguments: str | Path) -> bytes:
    command = ["ffmpeg", "-v", "error", "-y", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=True).stdout


def theirs(path: Path) -> FloatArray:
    samples = np.frombuffer(ffmpeg("-i", path, "-f", "f32le", "pipe:1"), "<f4")
    return samples[np.newaxis]


def test_a_wav_of_the_other_byte_order(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav", endian="BIG")
    assert path.read_bytes()[:4] == b"RIFX"
    assert np.array_equal(ours(path), ours(wav(tmp_path / "b.wav")))
    assert probe_ir(path).sample_rate_hz == 48_000
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(Exception, match="AUDIO_TRUNCATED"):
        open_audio(path)


@needs_ffmpeg
def test_a_flac_with_an_id3_head(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    path.write_bytes(ID3 + wav(tmp_path / "b.flac").read_bytes())
    assert np.array_equal(ours(path), theirs(path))
    assert probe_ir(path).format == "FLAC"


@needs_ffmpeg
def test_a_flac_from_a_pipe_tells_no_length(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    path.write_bytes(ffmpeg("-i", wav(tmp_path / "a.wav"), "-f", "flac", "pipe:1"))
    assert soundfile.info(path).frames > 2**40
    assert open_audio(path).num_frames == plucks().shape[1]
    assert np.array_equal(ours(path), theirs(path))
    assert probe_di(path).num_frames == plucks().shape[1]
    assert probe_ir(path).num_frames == plucks().shape[1]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(Exception, match="AUDIO_UNREADABLE"):
        open_audio(path)


@needs_ffmpeg
def test_an_ogg_from_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "a.ogg"
    source = wav(tmp_path / "a.wav")
    path.write_bytes(ffmpeg("-i", source, "-c:a", "libvorbis", "-f", "ogg", "pipe:1"))
    decoded, expected = ours(path), theirs(path)
    # ffmpeg leaves out the last part of a block.
    num_frames = min(decoded.shape[1], expected.shape[1])
    assert abs(decoded.shape[1] - expected.shape[1]) <= 1024
    assert np.abs(decoded[:, :num_frames] - expected[:, :num_frames]).max() < 1e-5


@needs_ffmpeg
@pytest.mark.parametrize("num_frames", [None, 0, 100, 10**7])
def test_an_mp3_within_a_wav_whatever_its_fact_says(tmp_path: Path, num_frames: int | None) -> None:
    path = tmp_path / "a.wav"
    ffmpeg("-i", wav(tmp_path / "b.wav"), "-c:a", "libmp3lame", "-b:a", "128k", path)
    if num_frames is not None:
        content = bytearray(path.read_bytes())
        position = content.index(b"fact") + 8
        content[position : position + 4] = struct.pack("<I", num_frames)
        path.write_bytes(content)
    decoded, expected = ours(path), theirs(path)
    assert decoded.shape == expected.shape
    assert np.abs(decoded - expected).max() < 1e-5
    assert probe_di(path).num_frames == expected.shape[1]
