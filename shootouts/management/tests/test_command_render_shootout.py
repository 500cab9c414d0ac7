"""`manage.py render_shootout`: a file in, a folder of results out, or nothing at all."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import soundfile
from django.core.management import CommandError, call_command
from pytest_django import Settings

from jobs.pipeline.files import sha256_of
from jobs.pipeline.measure.loudness import measure_file
from jobs.pipeline.signal.encode import write_wav_f32
from jobs.pipeline.tests.signals import plucks, silence
from jobs.pipeline.video.production import probe_video
from shootouts.tests.factories import linear_nam_bytes

SHOOTOUT = """
title = "Two amps"

[options]
video = false

[[di]]
file = "di.wav"
name = "Riff"

[[gear]]
id = "one"
file = "one.nam"
kind = "full_rig"
make = "Test"
creator = "alice"
licence = "CC0-1.0"

[[gear]]
id = "other"
file = "other.nam"
kind = "full_rig"

[[chain]]
label = "Boosted one"
[[chain.block]]
slot = "pre"
processor = "gain"
parameters = { gain_db = 9.0 }
[[chain.block]]
slot = "amp"
gear = "one"

[[chain]]
label = "The other"
[[chain.block]]
slot = "amp"
gear = "other"
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "shootout.toml").write_text(SHOOTOUT)
    write_wav_f32(folder / "di.wav", [plucks(1.0)], 48_000, 1)
    (folder / "one.nam").write_bytes(linear_nam_bytes([0.5, 0.25]))
    (folder / "other.nam").write_bytes(linear_nam_bytes([0.2, -0.1, 0.05]))
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "results").mkdir()
    return tmp_path / "results" / "amps"


def render(file: Path, out: Path) -> list[str]:
    """Returns the names of what it says it has written."""
    said = StringIO()
    call_command("render_shootout", str(file), "--out", str(out), stdout=said)
    lines = [Path(line) for line in said.getvalue().splitlines()]
    return [str(path.relative_to(out)) for path in lines if path.is_relative_to(out)]


def change(pack: Path, old: str, new: str) -> Path:
    path = pack / "shootout.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path


def test_without_a_file_it_is_the_demo_in_the_data_folder_of_the_settings(
    pack: Path, tmp_path: Path, settings: Settings
) -> None:
    settings.GTS_DEMO_DIR = pack
    settings.DATA_DIR = tmp_path / "data"
    call_command("render_shootout", stdout=StringIO())
    assert (tmp_path / "data" / "demo" / "manifest.json").exists()


def test_another_file_needs_a_folder_for_its_results(pack: Path) -> None:
    with pytest.raises(CommandError, match="--out DIR"):
        call_command("render_shootout", str(pack / "shootout.toml"))


def test_it_leaves_segments_montage_and_manifest(pack: Path, out: Path) -> None:
    written = render(pack / "shootout.toml", out)
    assert written == [
        "manifest.json",
        "montage.flac",
        "segments/di1-01.flac",
        "segments/di1-02.flac",
    ]
    assert sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()) == written
    assert [path.name for path in out.parent.iterdir()] == [out.name]

    manifest: dict[str, Any] = json.loads((out / "manifest.json").read_text())
    assert (manifest["schema_version"], manifest["title"]) == (1, "Two amps")
    assert [c["label"] for c in manifest["contenders"]] == ["Boosted one", "The other"]
    gain, amp = manifest["contenders"][0]["gear"]
    assert gain["settings"] == "Gain +9 dB"
    assert (amp["make"], amp["creator"], amp["licence"]) == ("Test", "alice", "CC0-1.0")
    assert manifest["dis"][0]["sha256"] == sha256_of(pack / "di.wav")
    for segment in manifest["segments"]:
        path = out / segment["media"]
        info = soundfile.info(path)
        assert (info.format, info.subtype, info.samplerate) == ("FLAC", "PCM_24", 48_000)
        assert sha256_of(path) == segment["sha256"]
        assert info.frames / 48_000 == pytest.approx(segment["duration_s"])


def test_the_segments_are_level_matched_and_the_montage_plays_them(pack: Path, out: Path) -> None:
    render(pack / "shootout.toml", out)
    manifest = json.loads((out / "manifest.json").read_text())
    levels = [measure_file(out / segment["media"]) for segment in manifest["segments"]]
    first, second = (level.integrated_lufs for level in levels)
    assert first == pytest.approx(second, abs=0.2)
    assert all(level.true_peak_dbtp is not None for level in levels)
    assert max(level.true_peak_dbtp or 0.0 for level in levels) <= -0.9
    assert manifest["fairness"]["max_difference_lu"] < 0.2
    montage = soundfile.info(out / manifest["montage"]["media"])
    assert (montage.channels, montage.samplerate) == (2, 48_000)
    assert montage.duration == pytest.approx(manifest["montage"]["duration_s"])
    assert montage.duration > sum(segment["duration_s"] for segment in manifest["segments"])


def test_the_same_again_gives_the_same_samples(pack: Path, out: Path) -> None:
    hashes = []
    for _ in range(2):  # the second replaces the first
        render(pack / "shootout.toml", out)
        manifest = json.loads((out / "manifest.json").read_text())
        hashes.append([segment["pcm_sha256"] for segment in manifest["segments"]])
    assert hashes[0] == hashes[1]
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_with_video_there_are_a_film_and_its_texts(
    pack: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = change(pack, "video = false", 'video = true\ntheme = "light"')
    written = render(file, out)
    assert "No chapters for YouTube: it wants at least 3" in capsys.readouterr().err
    texts = {"video.mp4", "thumbnail.png", "chapters.txt", "video.vtt", "video.srt"}
    assert texts <= set(written)
    manifest = json.loads((out / "manifest.json").read_text())
    video = probe_video(out / "video.mp4")
    assert (video.width, video.height) == (1920, 1080)
    for duration_s in (video.video_duration_s, video.audio_duration_s):
        assert duration_s == pytest.approx(manifest["montage"]["duration_s"], abs=1 / 30)
    assert "Boosted one" in (out / "video.vtt").read_text()
    # Too short for chapters by YouTube's rules: better none than wrong ones.
    assert (out / "chapters.txt").read_text() == ""
    assert (out / "thumbnail.png").read_bytes().startswith(b"\x89PNG")


def _without_amp(pack: Path) -> None:
    change(pack, 'slot = "amp"\ngear = "other"', 'slot = "pre"\nprocessor = "gain"')


def _missing_media(pack: Path) -> None:
    (pack / "di.wav").unlink()


def _outside(pack: Path) -> None:
    (pack / "di.wav").rename(pack.parent / "di.wav")
    change(pack, '"di.wav"', '"../di.wav"')


def _unknown_key(pack: Path) -> None:
    change(pack, 'name = "Riff"', 'nmae = "Riff"')


def _no_toml(pack: Path) -> None:
    (pack / "shootout.toml").write_text("this is no TOML")


def _silent_di(pack: Path) -> None:
    write_wav_f32(pack / "di.wav", [silence(1.0)], 48_000, 1)


def _wrong_weights(pack: Path) -> None:
    model = json.loads((pack / "other.nam").read_text())
    (pack / "other.nam").write_text(json.dumps({**model, "weights": model["weights"][:-1]}))


def _one_chain(pack: Path) -> None:
    text = (pack / "shootout.toml").read_text()
    (pack / "shootout.toml").write_text(text[: text.rindex("[[chain]]")])


def _trimmed_too_far(pack: Path) -> None:
    change(pack, 'name = "Riff"', 'name = "Slow blues"\nstart_s = 500.0')


def _ends_before_it_starts(pack: Path) -> None:
    change(pack, 'name = "Riff"', 'name = "Slow blues"\nstart_s = 5.0\nend_s = 4.0')


MISTAKES = [
    (_one_chain, r"SHOOTOUT_FILE_INVALID.*2 to 27 \[\[chain\]\]; the file has 1"),
    (_without_amp, r"CHAIN_INVALID.*2 The other: NO_AMP"),
    (_missing_media, r"SHOOTOUT_FILE_INVALID.*no file di\.wav"),
    (_outside, r"SHOOTOUT_FILE_INVALID.*outside the folder"),
    (_unknown_key, r"SHOOTOUT_FILE_INVALID.*does not know nmae"),
    (_no_toml, r"SHOOTOUT_FILE_INVALID"),
    (_silent_di, r"DI_SILENT: DI “Riff” \(di\.wav\): The DI track is silent"),
    (_trimmed_too_far, r"DI_TRIM_INVALID: DI “Slow blues” \(di\.wav\): .*from 500 s"),
    (_ends_before_it_starts, r"\[\[di\]\] 1: end_s must be after start_s"),
    (_wrong_weights, r"NAM_WEIGHT_COUNT"),
]


@pytest.mark.parametrize(("spoil", "said"), MISTAKES)
def test_a_mistake_is_named_and_nothing_is_left(
    pack: Path, out: Path, spoil: Any, said: str
) -> None:
    spoil(pack)
    with pytest.raises(CommandError, match=said):
        render(pack / "shootout.toml", out)
    assert not list(out.parent.iterdir())


@pytest.mark.parametrize("spoil", [_without_amp, _wrong_weights])
def test_a_mistake_leaves_an_earlier_result_alone(pack: Path, out: Path, spoil: Any) -> None:
    render(pack / "shootout.toml", out)
    before = {path: sha256_of(path) for path in out.rglob("*") if path.is_file()}
    spoil(pack)
    with pytest.raises(CommandError):
        render(pack / "shootout.toml", out)
    assert {path: sha256_of(path) for path in out.rglob("*") if path.is_file()} == before
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_a_folder_of_someone_is_not_replaced(pack: Path, out: Path) -> None:
    out.mkdir()
    (out / "diary.txt").write_text("Dear diary")
    for target in (out, out / "diary.txt", pack):
        with pytest.raises(CommandError, match="OUT_OCCUPIED"):
            render(pack / "shootout.toml", target)
    assert (out / "diary.txt").read_text() == "Dear diary"
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_an_empty_folder_and_one_that_is_not_there_will_do(pack: Path, out: Path) -> None:
    out.mkdir()
    assert "manifest.json" in render(pack / "shootout.toml", out)
    deeper = out.parent / "a" / "b"
    assert "manifest.json" in render(pack / "shootout.toml", deeper)


def test_where_no_folder_can_be_it_says_so(pack: Path, out: Path) -> None:
    out.write_text("a file")
    with pytest.raises(CommandError, match="cannot be written"):
        render(pack / "shootout.toml", out / "results")
    assert out.read_text() == "a file"
