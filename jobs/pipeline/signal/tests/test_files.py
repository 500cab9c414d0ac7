"""Decoding, probing and writing: what is wrong with a file is told apart, in bounded memory."""

from __future__ import annotations

import hashlib
import resource
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.measure.channels import mono_chunks
from jobs.pipeline.measure.probe import probe_di
from jobs.pipeline.render.ir_file import probe_ir
from jobs.pipeline.signal.decode import open_audio
from jobs.pipeline.signal.encode import write_pcm_24, write_wav_f32
from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.tests.signals import cut, noise, plucks, silence, sine


def save(path: Path, signal: FloatArray, rate: int = 48_000, subtype: str | None = None) -> Path:
    soundfile.write(path, signal.T, rate, subtype=subtype)
    return path


@pytest.mark.parametrize(
    ("name", "subtype", "format_name", "tolerance"),
    [
        ("a.wav", "PCM_16", "WAV", 2.0**-15),
        ("a.wav", "FLOAT", "WAV", 0.0),
        ("a.flac", "PCM_24", "FLAC", 2.0**-23),
        ("a.aiff", "PCM_24", "AIFF", 2.0**-23),
        ("a.ogg", "VORBIS", "OGG", 0.05),
        ("a.mp3", "MPEG_LAYER_III", "MP3", 0.05),
    ],
)
def test_every_format_decodes_to_what_was_written(
    tmp_path: Path, name: str, subtype: str, format_name: str, tolerance: float
) -> None:
    signal = sine(-12.0, 1.0, frequency_hz=440.0)
    audio = open_audio(save(tmp_path / name, signal, subtype=subtype))
    decoded = np.concatenate(list(audio.chunks(1000)), axis=1)

    assert (audio.format, audio.sample_rate_hz, audio.num_channels) == (format_name, 48_000, 1)
    assert audio.num_frames == decoded.shape[1] == 48_000
    assert decoded.dtype == np.float32
    # Lossy formats may fade in and out over a frame or two.
    margin = 4800 if tolerance > 0.01 else 0
    inside = slice(margin, 48_000 - margin)
    assert np.abs(decoded - signal)[:, inside].max() <= tolerance


def test_chunks_are_never_longer_than_asked_for(tmp_path: Path) -> None:
    audio = open_audio(save(tmp_path / "a.wav", noise(2500, num_channels=2)))
    assert [chunk.shape for chunk in audio.chunks(1000)] == [(2, 1000), (2, 1000), (2, 500)]


def refusal(path: Path) -> str:
    with pytest.raises(PipelineError) as caught:
        probe_di(path)
    assert caught.value.is_permanent
    assert str(path.parent) not in caught.value.message
    return caught.value.code


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.touch()
    assert refusal(path) == "AUDIO_EMPTY"


def test_a_file_without_frames_is_refused(tmp_path: Path) -> None:
    assert refusal(save(tmp_path / "a.wav", noise(0))) == "AUDIO_EMPTY"


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.ogg", "a.aiff"])
def test_text_with_the_name_of_a_sound_file_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("This is not a sound.\n" * 200)
    assert refusal(path) == "AUDIO_UNREADABLE"


@pytest.mark.parametrize("name", ["a.wav", "a.aiff", "a.flac", "a.ogg", "a.mp3"])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, name: str) -> None:
    path = save(tmp_path / name, noise(96_000))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    # A FLAC breaks off inside a frame: its decoder then calls it damaged.
    assert refusal(path) == ("AUDIO_UNREADABLE" if name == "a.flac" else "AUDIO_TRUNCATED")


def test_a_wav_from_a_pipe_has_no_length_and_is_taken(tmp_path: Path) -> None:
    path = save(tmp_path / "a.wav", noise(48_000), subtype="PCM_16")
    content = bytearray(path.read_bytes())
    position = content.index(b"data") + 4
    content[position : position + 4] = content[4:8] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert probe_di(path).num_frames == 48_000


@pytest.mark.parametrize("rate", [4_000, 384_000])
def test_rates_out_of_range_are_refused(tmp_path: Path, rate: int) -> None:
    path = save(tmp_path / "a.wav", noise(rate), rate)
    assert refusal(path) == "AUDIO_SAMPLE_RATE_UNSUPPORTED"


def test_ten_minutes_are_taken_and_more_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    second = (sine(-20.0, 1.0, sample_rate_hz=8_000).T * 32767).astype(np.int16)
    with soundfile.SoundFile(path, "w", 8_000, 1, subtype="PCM_16") as file:
        for _ in range(600):
            file.write(second)
    assert probe_di(path).duration_s == 600.0
    with soundfile.SoundFile(path, "w", 8_000, 1, subtype="PCM_16") as file:
        for _ in range(601):
            file.write(second)
    assert refusal(path) == "AUDIO_TOO_LONG"


def test_many_channels_are_no_di(tmp_path: Path) -> None:
    for num_channels in (6, 200):
        path = save(tmp_path / "a.wav", noise(20_000, num_channels=num_channels))
        assert refusal(path) == "AUDIO_TOO_MANY_CHANNELS"
    assert ir_refusal(path) == "AUDIO_TOO_MANY_CHANNELS"


def test_decoding_can_begin_and_end_anywhere(tmp_path: Path) -> None:
    signal = noise(50_000)
    for name, subtype in (("a.wav", "FLOAT"), ("a.flac", "PCM_24")):
        audio = open_audio(save(tmp_path / name, signal, subtype=subtype))
        part = np.concatenate(
            list(audio.chunks(777, start_frame=12_345, num_frames=20_000)), axis=1
        )
        whole = np.concatenate(list(audio.chunks()), axis=1)
        assert np.array_equal(part, whole[:, 12_345:32_345])
    with pytest.raises(PipelineError, match="AUDIO_TRUNCATED"):
        list(audio.chunks(start_frame=40_000, num_frames=10_001))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_di_with_a_value_that_is_no_number_is_refused(tmp_path: Path, value: float) -> None:
    signal = noise(48_000)
    signal[0, 40_000] = value
    assert refusal(save(tmp_path / "a.wav", signal, subtype="FLOAT")) == "DI_NOT_FINITE"


def test_silence_and_dither_are_no_di(tmp_path: Path) -> None:
    dither = np.random.default_rng(1).integers(-1, 2, (1, 48_000)).astype(np.float32)
    assert refusal(save(tmp_path / "a.wav", silence(1.0))) == "DI_SILENT"
    assert refusal(save(tmp_path / "b.wav", dither * np.float32(2.0**-15))) == "DI_SILENT"


def test_a_very_short_di_is_refused(tmp_path: Path) -> None:
    assert refusal(save(tmp_path / "a.wav", noise(1000))) == "DI_TOO_SHORT"


def test_a_di_is_described(tmp_path: Path) -> None:
    probe = probe_di(save(tmp_path / "a.flac", sine(-6.0, 2.0), subtype="PCM_24"))
    assert (probe.num_frames, probe.duration_s, probe.format) == (96_000, 2.0, "FLAC")
    assert probe.peak_dbfs == pytest.approx(-6.0, abs=0.01)
    assert probe.rms_dbfs == pytest.approx(-9.01, abs=0.01)
    assert len(probe.waveform) == 1200
    assert min(probe.waveform) == pytest.approx(0.501, abs=0.001)
    assert not probe.is_dual_mono
    assert probe.warnings == ()


def test_identical_channels_are_one_channel(tmp_path: Path) -> None:
    mono = noise(48_000)
    path = save(tmp_path / "a.wav", np.concatenate([mono, mono]), subtype="FLOAT")
    probe = probe_di(path)
    assert probe.is_dual_mono
    assert probe.warnings == ()
    heard = np.concatenate(list(mono_chunks(open_audio(path), "mix")), axis=1)
    assert np.array_equal(heard, mono)


def test_different_channels_are_mixed_with_a_warning_or_one_is_chosen(tmp_path: Path) -> None:
    signal = noise(48_000, num_channels=2)
    audio = open_audio(save(tmp_path / "a.wav", signal, subtype="FLOAT"))
    assert "mixed" in probe_di(audio.path).warnings[0]
    for rule, expected in (
        ("left", signal[:1]),
        ("right", signal[1:]),
        ("mix", (signal[:1] + signal[1:]) / 2),
    ):
        heard = np.concatenate(list(mono_chunks(audio, rule)), axis=1)  # type: ignore[arg-type]
        assert np.array_equal(heard, expected)


def test_channels_that_cancel_each_other_are_not_mixed(tmp_path: Path) -> None:
    mono = noise(48_000)
    path = save(tmp_path / "a.wav", np.concatenate([mono, -mono]), subtype="FLOAT")
    assert probe_di(path).channel_rule == "left"
    with pytest.raises(PipelineError, match="DI_CHANNELS_CANCEL"):
        probe_di(path, channel_rule="mix")


def ir_refusal(path: Path) -> str:
    with pytest.raises(PipelineError) as caught:
        probe_ir(path)
    return caught.value.code


def test_an_ir_of_48_bytes_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.wav", noise(2), subtype="PCM_16")
    assert path.stat().st_size == 48
    assert ir_refusal(path) == "IR_TOO_SHORT"
    path.write_bytes(save(tmp_path / "b.wav", noise(500)).read_bytes()[:48])
    assert ir_refusal(path) == "AUDIO_TRUNCATED"


def test_a_file_longer_than_thirty_seconds_is_no_ir(tmp_path: Path) -> None:
    assert probe_ir(save(tmp_path / "a.wav", noise(30 * 8_000), rate=8_000)).duration_s == 30.0
    assert ir_refusal(save(tmp_path / "c.wav", noise(31 * 8_000), rate=8_000)) == "IR_TOO_LONG"


def test_silence_after_an_ir_does_not_make_it_too_long(tmp_path: Path) -> None:
    padded = np.concatenate([noise(96_000), silence(3.0)], axis=1)
    assert probe_ir(save(tmp_path / "a.wav", padded)).duration_s == 5.0


def test_unusable_irs_are_told_apart(tmp_path: Path) -> None:
    broken = noise(1000)
    broken[0, 10] = np.nan
    assert ir_refusal(save(tmp_path / "a.wav", broken, subtype="FLOAT")) == "IR_NOT_FINITE"
    assert ir_refusal(save(tmp_path / "b.wav", silence(0.1))) == "IR_SILENT"
    assert ir_refusal(save(tmp_path / "c.ogg", noise(1000))) == "IR_FORMAT_UNSUPPORTED"


def test_float_wav_is_read_back_to_the_bit_and_is_the_same_file_each_time(tmp_path: Path) -> None:
    signal = noise(10_001, num_channels=2, level=2.0)
    write_wav_f32(tmp_path / "a.wav", cut(signal, 1000), 44_100, 2)
    write_wav_f32(tmp_path / "b.wav", cut(signal, 77), 44_100, 2)

    back, rate = soundfile.read(tmp_path / "a.wav", dtype="float32", always_2d=True)
    assert rate == 44_100
    assert np.array_equal(back.T, signal)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    assert open_audio(tmp_path / "a.wav").num_frames == 10_001


def test_flac_holds_the_dithered_samples_that_its_hash_is_of(tmp_path: Path) -> None:
    signal = plucks()
    written = write_pcm_24(tmp_path / "a.flac", cut(signal, 999), 48_000, 1, dither_key="k")
    samples, _ = soundfile.read(tmp_path / "a.flac", dtype="int32", always_2d=True)
    packed = (samples >> 8).astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()

    assert written.num_frames == signal.shape[1]
    assert written.num_clipped == 0
    assert hashlib.sha256(packed).hexdigest() == written.pcm_sha256
    # Rounding and triangular dither: an error of at most 1.5 steps, variance 1/4 step².
    error = (samples >> 8).T - signal.astype(np.float64) * 2**23
    assert np.abs(error).max() <= 1.5
    assert np.var(error) == pytest.approx(0.25, rel=0.02)


def test_dither_depends_on_the_key_alone(tmp_path: Path) -> None:
    signal = plucks()

    def pcm(chunk_frames: int, key: str) -> str:
        path = tmp_path / "a.flac"
        chunks = cut(signal, chunk_frames)
        return write_pcm_24(path, chunks, 48_000, 1, dither_key=key).pcm_sha256

    assert pcm(999, "one") == pcm(16_384, "one") != pcm(999, "two")


def test_what_is_beyond_full_scale_is_clipped_and_counted(tmp_path: Path) -> None:
    signal = np.array([[0.5, 1.5, -1.5, 0.0]], dtype=np.float32)
    written = write_pcm_24(tmp_path / "a.flac", [signal], 48_000, 1, dither_key="")
    back, _ = soundfile.read(tmp_path / "a.flac")
    assert written.num_clipped == 2
    assert back == pytest.approx([0.5, 1.0, -1.0, 0.0], abs=1e-6)


@pytest.mark.parametrize("num_chunks", [2, 40])
@pytest.mark.parametrize("name", ["a.flac", "a.wav"])
def test_a_disk_that_takes_no_more_is_told_and_leaves_nothing(
    tmp_path: Path, name: str, num_chunks: int
) -> None:
    """The limit of the process stands for the disk. The short file fails at its very end."""
    chunk = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 4096)).astype(np.float32)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_pcm_24(tmp_path / name, [chunk] * num_chunks, 48_000, 2, dither_key="k")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    def chunks() -> Iterator[FloatArray]:
        yield noise(100)
        raise RuntimeError("power cut")

    (tmp_path / "a.flac").write_bytes(b"old")
    for write in (
        lambda: write_pcm_24(tmp_path / "a.flac", chunks(), 48_000, 1, dither_key=""),
        lambda: write_wav_f32(tmp_path / "a.flac", chunks(), 48_000, 1),
    ):
        with pytest.raises(RuntimeError, match="power cut"):
            write()
    assert [path.name for path in tmp_path.iterdir()] == ["a.flac"]
    assert (tmp_path / "a.flac").read_bytes() == b"old"
