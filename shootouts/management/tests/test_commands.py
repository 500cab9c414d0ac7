"""`manage.py reamp`, `measure` and `compare`: sounds from files to files, without a server."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from django.core.management import CommandError, call_command

from jobs.pipeline.measure.loudness import measure_file
from jobs.pipeline.nam.file import read_nam
from jobs.pipeline.nam.tests import vectors
from jobs.pipeline.nam.tests.tolerance import assert_same_sound
from jobs.pipeline.signal.encode import write_wav_f32
from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.tests.signals import noise, plucks, silence, sine


def run(name: str, *arguments: str | Path) -> str:
    out = StringIO()
    call_command(name, *map(str, arguments), stdout=out, stderr=StringIO())
    return out.getvalue()


def write(path: Path, signal: FloatArray, sample_rate_hz: int = 48_000) -> Path:
    write_wav_f32(path, [signal], sample_rate_hz, signal.shape[0])
    return path


def linear_nam(path: Path, taps: list[float], sample_rate_hz: int = 48_000) -> Path:
    model = {
        "version": "0.5.4",
        "architecture": "Linear",
        "config": {"receptive_field": len(taps), "bias": False},
        "weights": taps,
        "sample_rate": sample_rate_hz,
    }
    path.write_text(json.dumps(model))
    return path


def read(path: Path) -> tuple[FloatArray, int]:
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return samples.T, rate_hz


@pytest.fixture
def di(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return write(tmp_path / "in" / "di.wav", plucks(1.0))


@pytest.fixture
def amp(di: Path) -> Path:
    return linear_nam(di.with_name("amp.nam"), [0.5, 0.25])


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "wet.wav"


# reamp --raw -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["a2", "container_slim0.0", "convnet", "linear_long", "lstm", "wavenet_slimmable_slim0.5"],
)
def test_raw_is_what_the_package_computes(tmp_path: Path, out: Path, name: str) -> None:
    vector = vectors.vector(name)
    model_rate_hz = read_nam(vector.model).sample_rate_hz
    dry = write(tmp_path / "dry.wav", vector.read_input(), model_rate_hz)
    options = ["--raw", "--slim-size", str(vector.slim_size)]
    said = run("reamp", "--di", dry, "--capture", vector.model, "--out", out, *options)
    assert said.strip() == str(out)
    wet, rate_hz = read(out)
    assert rate_hz == model_rate_hz
    assert soundfile.info(out).subtype == "FLOAT"
    assert_same_sound(wet, vector.read_output())


def test_raw_runs_at_the_models_rate_and_keeps_the_length(tmp_path: Path, out: Path) -> None:
    dry = write(tmp_path / "dry.wav", noise(44_101), 44_100)
    capture = linear_nam(tmp_path / "amp.nam", [1.0], 96_000)
    run("reamp", "--di", dry, "--capture", capture, "--out", out, "--raw")
    wet, rate_hz = read(out)
    assert rate_hz == 96_000
    assert wet.shape == (1, round(44_101 * 96_000 / 44_100))


def test_raw_takes_the_ir_as_it_is(tmp_path: Path, amp: Path, out: Path) -> None:
    dry, taps = noise(5_000), noise(200, seed=2)
    ir = write(tmp_path / "ir.wav", taps)
    source = write(tmp_path / "dry.wav", dry)
    run("reamp", "--di", source, "--capture", amp, "--ir", ir, "--out", out, "--raw")
    wet, _ = read(out)
    expected = np.convolve(np.convolve(dry[0], [0.5, 0.25]), taps[0])[:5_000]
    assert wet.shape == (1, 5_000)
    np.testing.assert_allclose(wet[0], expected, atol=1e-6)


# reamp -------------------------------------------------------------------------------------------


def test_without_raw_it_is_level_matched(di: Path, amp: Path, out: Path) -> None:
    ir = write(di.with_name("ir.wav"), noise(480))
    assert run("reamp", "--di", di, "--capture", amp, "--ir", ir, "--out", out) == f"{out}\n"
    info = soundfile.info(out)
    assert (info.format, info.subtype, info.samplerate) == ("WAV", "PCM_24", 48_000)
    assert info.frames >= 48_000
    found = measure_file(out)
    assert found.integrated_lufs is not None
    assert found.true_peak_dbtp is not None
    # At the target, or below it and at the ceiling of the true peak.
    assert max(found.integrated_lufs + 14.0, found.true_peak_dbtp + 1.0) == pytest.approx(
        0.0, abs=0.1
    )


def test_a_steady_sound_comes_out_at_minus_14_lufs(di: Path, amp: Path, out: Path) -> None:
    write(di, sine(-40.0, 2.0))
    run("reamp", "--di", di, "--capture", amp, "--out", out)
    assert measure_file(out).integrated_lufs == pytest.approx(-14.0, abs=0.05)


@pytest.mark.parametrize("missing", ["di", "capture", "ir"])
@pytest.mark.parametrize("raw", [[], ["--raw"]])
def test_a_missing_file_is_named(
    di: Path, amp: Path, out: Path, missing: str, raw: list[str]
) -> None:
    paths = {"di": di, "capture": amp, "ir": di, missing: di.with_name("gone")}
    arguments = [item for name, path in paths.items() for item in (f"--{name}", path)]
    with pytest.raises(CommandError, match=r"no file .*gone"):
        run("reamp", *arguments, "--out", out, *raw)
    assert not list(out.parent.iterdir())


def _broken(kind: str, folder: Path) -> tuple[str, Path]:
    """The option that takes it, and a file that is not what it should be."""
    path = folder / kind
    match kind:
        case "text.nam":
            path.write_text("this is not a capture")
            return "capture", path
        case "short.nam":
            model = json.loads(linear_nam(path, [0.5, 0.25]).read_text())
            path.write_text(json.dumps({**model, "weights": [0.5]}))
            return "capture", path
        case "empty.wav":
            path.write_bytes(b"")
            return "di", path
        case "text.wav":
            path.write_text("this is not a sound")
            return "di", path
        case "short-ir.wav":
            return "ir", write(path, silence(0.0))
        case _:
            raise AssertionError(kind)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("text.nam", "NAM_NOT_JSON"),
        ("short.nam", "NAM_WEIGHT_COUNT"),
        ("empty.wav", "AUDIO_EMPTY"),
        ("text.wav", "AUDIO_UNREADABLE"),
        ("short-ir.wav", "IR_|AUDIO_EMPTY"),
    ],
)
@pytest.mark.parametrize("raw", [[], ["--raw"]])
def test_a_broken_file_is_said_to_be_and_nothing_is_left(
    di: Path, amp: Path, out: Path, kind: str, code: str, raw: list[str]
) -> None:
    option, path = _broken(kind, di.parent)
    paths = {"di": di, "capture": amp, option: path}
    arguments = [item for name, value in paths.items() for item in (f"--{name}", value)]
    out.write_text("from last time")
    with pytest.raises(CommandError, match=code):
        run("reamp", *arguments, "--out", out, *raw)
    assert [file.name for file in out.parent.iterdir()] == [out.name]
    assert out.read_text() == "from last time"


def test_silence_is_refused_where_there_is_a_level_to_match(di: Path, amp: Path, out: Path) -> None:
    write(di, silence(1.0))
    with pytest.raises(CommandError, match="DI_SILENT"):
        run("reamp", "--di", di, "--capture", amp, "--out", out)
    assert not list(out.parent.iterdir())
    run("reamp", "--di", di, "--capture", amp, "--out", out, "--raw")
    assert not read(out)[0].any()


@pytest.mark.parametrize("size", ["-0.1", "1.5", "nan"])
@pytest.mark.parametrize("raw", [[], ["--raw"]])
def test_a_size_that_no_model_has_is_refused(
    di: Path, amp: Path, out: Path, size: str, raw: list[str]
) -> None:
    with pytest.raises(CommandError, match="slim-size"):
        run("reamp", "--di", di, "--capture", amp, "--out", out, f"--slim-size={size}", *raw)
    assert not list(out.parent.iterdir())


@pytest.mark.parametrize("raw", [[], ["--raw"]])
def test_what_cannot_be_written_is_said(di: Path, amp: Path, out: Path, raw: list[str]) -> None:
    for target in (out.parent, out.parent / "no such folder" / "wet.wav"):
        with pytest.raises(CommandError, match="cannot be written"):
            run("reamp", "--di", di, "--capture", amp, "--out", target, *raw)
    assert not list(out.parent.iterdir())


# measure -----------------------------------------------------------------------------------------

KEYS = [
    "integrated_lufs",
    "max_momentary_lufs",
    "max_short_term_lufs",
    "loudness_range_lu",
    "true_peak_dbtp",
    "sample_peak_dbfs",
    "duration_s",
    "sample_rate_hz",
    "num_channels",
]


def measured(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("measure", path, "--json"))
    return found


def test_measure_knows_a_sine(tmp_path: Path) -> None:
    # EBU Tech 3341, case 1, a little shorter.
    path = write(tmp_path / "sine.wav", sine(-23.0, 5.0, num_channels=2))
    found = measured(path)
    assert list(found) == KEYS
    for key in ("integrated_lufs", "max_momentary_lufs", "max_short_term_lufs"):
        assert found[key] == pytest.approx(-23.0, abs=0.1)
    assert found["loudness_range_lu"] == pytest.approx(0.0, abs=0.1)
    assert found["true_peak_dbtp"] == pytest.approx(-23.0, abs=0.1)
    assert found["sample_peak_dbfs"] == pytest.approx(-23.0, abs=0.01)
    assert (found["duration_s"], found["sample_rate_hz"], found["num_channels"]) == (5.0, 48_000, 2)


def test_measure_counts_mono_as_it_is_played(tmp_path: Path) -> None:
    path = write(tmp_path / "mono.wav", sine(-23.0, 2.0))
    found = measured(path)
    assert found["integrated_lufs"] == pytest.approx(-23.0, abs=0.1)
    assert found["num_channels"] == 1


def test_measure_says_the_same_in_words(tmp_path: Path) -> None:
    path = write(tmp_path / "sine.wav", sine(-20.0, 2.0, sample_rate_hz=44_100), 44_100)
    lines = [line.split() for line in run("measure", path).splitlines()]
    assert [line[0] for line in lines] == KEYS
    values = {name: rest for name, *rest in lines}
    assert float(values["sample_peak_dbfs"][0]) == pytest.approx(-20.0, abs=0.01)
    assert values["sample_peak_dbfs"][1] == "dBFS"
    assert values["sample_rate_hz"] == ["44100", "Hz"]
    assert values["num_channels"] == ["1"]
    # Two seconds hold no window of three.
    assert measured(path)["max_short_term_lufs"] is None
    assert values["max_short_term_lufs"][:2] == ["below", "measurement"]


def test_measure_of_silence_is_json_too(tmp_path: Path) -> None:
    found = measured(write(tmp_path / "silence.wav", silence(1.0)))
    assert found["integrated_lufs"] is None
    assert found["true_peak_dbtp"] is None
    assert found["duration_s"] == 1.0


def test_measure_says_what_it_cannot_read(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"no file .*gone\.wav"):
        run("measure", tmp_path / "gone.wav")
    (tmp_path / "text.wav").write_text("this is not a sound")
    with pytest.raises(CommandError, match="AUDIO_UNREADABLE"):
        run("measure", tmp_path / "text.wav", "--json")


# -- compare


def test_compare_tells_lag_gain_and_what_is_left(tmp_path: Path) -> None:
    dry = noise(48_000, level=0.1)
    hum = sine(-60.0, 1.0, frequency_hz=50.0)
    one = write(tmp_path / "a.wav", dry + hum)
    late = np.concatenate([silence(37 / 48_000), dry * np.float32(-0.5)], axis=1)
    other = write(tmp_path / "b.wav", late)
    residual = tmp_path / "left.wav"
    found = json.loads(run("compare", one, other, "--residual", residual, "--json"))
    assert (found["lag_frames"], found["is_inverted"]) == (37, True)
    assert found["gain_db"] == pytest.approx(6.02, abs=0.01)
    assert found["esr_db"] == pytest.approx(-63.0 + 20.0, abs=0.2)  # RMS of hum over noise
    left, _ = read(residual)
    assert np.abs(left - hum).max() < 1e-4
    assert "esr_db" in run("compare", one, other)


def test_compare_says_what_cannot_be_compared(tmp_path: Path) -> None:
    one = write(tmp_path / "a.wav", noise(4_800))
    with pytest.raises(CommandError, match="no file"):
        run("compare", one, tmp_path / "none.wav")
    with pytest.raises(CommandError, match="COMPARE_RATES_DIFFER"):
        run("compare", one, write(tmp_path / "b.wav", noise(4_800), 44_100))
