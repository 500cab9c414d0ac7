"""The shootout file: what it means, and that every mistake in it is named with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.files import sha256_of
from jobs.pipeline.formats.shootout_file import read_shootout_file
from jobs.pipeline.formats.shootout_file.tests.reading import GOOD, changed, read, refusal
from jobs.pipeline.recipe import CabBlock, NamBlock, ProcessorBlock
from jobs.pipeline.vocabulary.options import ShootoutOptions

OPTIONS = GOOD[GOOD.index("[options]") : GOOD.index("[[di]]")]


def test_everything_in_it_arrives(folder: Path) -> None:
    file = read(folder, GOOD)
    assert (file.title, file.description) == ("Amps", "Two of them.")
    assert file.options == ShootoutOptions(
        playback_order="alternating",
        slice_s=3.0,
        target_loudness_lufs=-18.0,
        input_mode="raw",
        has_video=False,
        theme="light",
        is_aligned=False,
    )

    (di,) = file.dis
    # What has no name is called like its file.
    assert (di.info.name, di.info.guitar, di.info.bpm) == ("riff", "Solid body", 120.0)
    assert di.source.input_level_dbu == 12.5
    assert di.info.sha256 == di.source.sha256 == sha256_of(folder / "riff.wav")

    amp, cab = (sha256_of(folder / name) for name in ("amp.nam", "irs/cab.wav"))
    boosted, plain = file.chains
    assert [block.recipe() for block in boosted.blocks] == [
        ProcessorBlock("gain", {"gain_db": 6.0, "bypass": False}),
        NamBlock(amp, slim_size=0.5),
        CabBlock.of(cab, gain_db=-3.0),
    ]
    assert [block.recipe() for block in plain.blocks] == [NamBlock(amp), CabBlock.of(cab)]
    assert set(file.sources()) == {di.source.sha256, amp, cab}


def test_it_describes_the_contenders_for_people(folder: Path) -> None:
    info = read(folder, GOOD).info()
    assert [contender.label for contender in info.contenders] == ["Boosted", "Plain"]
    gain, amp, cab = info.contenders[0].gear
    assert (gain.slot, gain.kind, gain.settings) == ("pre", "processor", "Gain +6 dB")
    assert gain.name == "Gain"
    assert amp.settings == "Size 50 %"
    assert (amp.make, amp.name, amp.creator, amp.licence) == ("Test", "Amp", "alice", "CC0-1.0")
    assert (cab.kind, cab.name) == ("cab", "cab")


def test_what_is_left_out_has_defaults(folder: Path) -> None:
    assert read(folder, changed(OPTIONS, "")).options == ShootoutOptions()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = ", "cannot be read"),
        ('title = "Amps"', "no [[di]]"),
        (changed('title = "Amps"', ""), "title is missing"),
        (changed('title = "Amps"', 'title = "  "'), "title is missing"),
        (changed('title = "Amps"', "title = 7"), "title must be text"),
        (changed('title = "Amps"', 'title = "Amps"\ntempo = 7'), "does not know tempo"),
        (changed('[[di]]\nfile = "riff.wav"', '[di]\nfile = "riff.wav"'), "[[di]]"),
        (changed(OPTIONS, "options = 3\n"), "options must be a table"),
    ],
)
def test_the_whole_file_is_checked(folder: Path, text: str, said: str) -> None:
    assert said in refusal(folder, text)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('order = "alternating"', 'order = "random"', "order must be one of sequential"),
        ('order = "alternating"', "order = {}", "order must be one of sequential"),
        ('order = "alternating"', "shuffle = true", "does not know shuffle"),
        ("slice_s = 3", "slice_s = 0.5", "slice_s must be between 1 and 60"),
        ("slice_s = 3", "slice_s = nan", "slice_s must be between 1 and 60"),
        ("slice_s = 3", 'slice_s = "3"', "slice_s must be a number"),
        ("slice_s = 3", "slice_s = true", "slice_s must be a number"),
        ("-18.0", "-3.0", "target_loudness_lufs must be between -40 and -6"),
        ("-18.0", "inf", "target_loudness_lufs must be between -40 and -6"),
        ("video = false", 'video = "no"', "video must be true or false"),
        ("video = false", "video = 1", "video must be true or false"),
        ("align = false", "align = 1", "align must be true or false"),
        ('input_mode = "raw"', 'input_mode = "loud"', "input_mode must be one of auto"),
        ('theme = "light"', 'theme = "pink"', "theme must be one of dark, light"),
    ],
)
def test_options_are_checked(folder: Path, old: str, new: str, said: str) -> None:
    message = refusal(folder, changed(old, new))
    assert "[options]" in message
    assert said in message


def test_a_file_that_is_not_there_or_not_text_is_named(folder: Path) -> None:
    with pytest.raises(PipelineError, match="cannot be read"):
        read_shootout_file(folder / "gone.toml")
    with pytest.raises(PipelineError, match="cannot be read"):
        read_shootout_file(folder)
    (folder / "latin.toml").write_bytes('title = "Été"'.encode("latin-1"))
    with pytest.raises(PipelineError, match="cannot be read"):
        read_shootout_file(folder / "latin.toml")
