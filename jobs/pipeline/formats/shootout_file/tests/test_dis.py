"""The recordings of a shootout file."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.pipeline.formats.shootout_file.tests.reading import changed, refusal


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('file = "riff.wav"\n', "", "[[di]] 1: file is missing"),
        ('"riff.wav"', '"riff.flac"', "[[di]] 1: there is no file riff.flac"),
        ('"riff.wav"', '"irs"', "[[di]] 1: there is no file irs"),
        ('"riff.wav"', '"../secret.wav"', "[[di]] 1: ../secret.wav is outside the folder"),
        ('"riff.wav"', '"/etc/hostname"', "[[di]] 1: /etc/hostname is outside the folder"),
        ('"riff.wav"', '"a\\u0000b"', "[[di]] 1"),
        ("bpm = 120", 'bpm = "fast"', "[[di]] 1: bpm must be a number"),
        ("bpm = 120", "bpm = nan", "[[di]] 1: bpm must be between"),
        ("bpm = 120", "bpm = -10", "[[di]] 1: bpm"),
        ("input_level_dbu = 12.5", "input_level_dbu = inf", "[[di]] 1: input_level_dbu"),
        ("bpm = 120", "tempo = 120", "[[di]] 1 does not know tempo"),
    ],
)
def test_recordings_are_checked(folder: Path, old: str, new: str, said: str) -> None:
    assert said in refusal(folder, changed(old, new))


def test_a_link_out_of_the_folder_is_outside(folder: Path) -> None:
    (folder / "link.wav").symlink_to(folder.parent / "secret.wav")
    assert "outside the folder" in refusal(folder, changed('"riff.wav"', '"link.wav"'))
