"""The shootout file: what it means, and that every mistake in it is named with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.files import sha256_of
from jobs.pipeline.recipe import CabBlock, CabIR, IRSettings, NamBlock, ProcessorBlock
from jobs.pipeline.shootout import ShootoutOptions
from jobs.pipeline.shootout_file import ShootoutFile, read_shootout_file
from jobs.pipeline.shootout_toml import shootout_toml

GOOD = """
title = "Amps"
description = "Two of them."

[options]
order = "alternating"
slice_s = 3
target_loudness_lufs = -18.0
input_mode = "raw"
video = false
theme = "light"
align = false

[[di]]
file = "riff.wav"
guitar = "Solid body"
bpm = 120
input_level_dbu = 12.5

[[gear]]
id = "amp"
file = "amp.nam"
kind = "amp"
name = "Amp"
make = "Test"
creator = "alice"
licence = "CC0-1.0"

[[gear]]
id = "cab"
file = "irs/cab.wav"
kind = "cab"

[[chain]]
label = "Boosted"
[[chain.block]]
slot = "pre"
processor = "gain"
parameters = { gain_db = 6.0 }
[[chain.block]]
slot = "amp"
gear = "amp"
slim_size = 0.5
[[chain.block]]
slot = "cab"
gear = "cab"
gain_db = -3.0

[[chain]]
label = "Plain"
[[chain.block]]
slot = "amp"
gear = "amp"
[[chain.block]]
slot = "cab"
gear = "cab"
"""


OPTIONS = GOOD[GOOD.index("[options]") : GOOD.index("[[di]]")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With the media that GOOD names. What is in them is not for the reader to judge."""
    folder = tmp_path / "pack"
    (folder / "irs").mkdir(parents=True)
    for name in ("riff.wav", "amp.nam", "irs/cab.wav"):
        (folder / name).write_text(name)
    (tmp_path / "secret.wav").write_text("not of the pack")
    return folder


def read(folder: Path, text: str) -> ShootoutFile:
    path = folder / "shootout.toml"
    path.write_text(text, encoding="utf-8")
    return read_shootout_file(path)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(PipelineError) as caught:
        read(folder, text)
    assert caught.value.code == "SHOOTOUT_FILE_INVALID"
    assert caught.value.is_permanent
    return caught.value.message


def changed(old: str, new: str) -> str:
    """GOOD with one mistake in it."""
    assert GOOD.count(old) >= 1
    return GOOD.replace(old, new, 1)


def test_everything_in_it_arrives(folder: Path) -> None:
    file = read(folder, GOOD)
    assert (file.title, file.description) == ("Amps", "Two of them.")
    assert file.options == ShootoutOptions("alternating", 3, -18.0, "raw", False, "light", False)

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


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "amp"', "", "[[gear]] 1: id is missing"),
        ('id = "cab"', 'id = "amp"', "[[gear]] 2: there is another with the id 'amp'"),
        ('kind = "amp"', 'kind = "banjo"', "[[gear]] 1: kind must be one of amp"),
        ('kind = "amp"\n', "", "[[gear]] 1: kind is missing"),
        ('"irs/cab.wav"', '"irs/gone.wav"', "[[gear]] 2: there is no file irs/gone.wav"),
        ('make = "Test"', 'brand = "Test"', "[[gear]] 1 does not know brand"),
    ],
)
def test_gear_is_checked(folder: Path, old: str, new: str, said: str) -> None:
    assert said in refusal(folder, changed(old, new))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('label = "Boosted"', "", "[[chain]] 1: label is missing"),
        ('label = "Plain"', 'label = "Plain"\ncolour = "red"', "[[chain]] 2 does not know colour"),
        ('slot = "pre"', 'slot = "front"', "[[chain]] 1 block 1: slot must be one of pre"),
        ('gear = "amp"', 'gear = "amp2"', "[[chain]] 1 block 2: there is no [[gear]] with the id"),
        ('gear = "amp"', 'gear = "amp"\nprocessor = "gain"', "give either gear or processor"),
        ('gear = "amp"\nslim_size = 0.5', "", "[[chain]] 1 block 2: give either gear or processor"),
        ("slim_size = 0.5", "gain_db = 1.0", "[[chain]] 1 block 2 does not know gain_db"),
        ("slim_size = 0.5", "slim_size = 1.5", "[[chain]] 1 block 2: slim_size"),
        ("gain_db = -3.0", "slim_size = 0.5", "[[chain]] 1 block 3 does not know slim_size"),
        ("gain_db = -3.0", "gain_db = nan", "[[chain]] 1 block 3: gain_db must be between"),
        ("gain_db = -3.0", "gain_db = 999.0", "[[chain]] 1 block 3: gain_db"),
        ('processor = "gain"', 'processor = "warp"', "[[chain]] 1 block 1: "),
        ("gain_db = 6.0", "gain_db = 60.0", "[[chain]] 1 block 1: gain_db must be from -24 to 24"),
        ("{ gain_db = 6.0 }", "{ volume = 6.0 }", "[[chain]] 1 block 1: Gain has no parameter"),
        ("{ gain_db = 6.0 }", "[6.0]", "[[chain]] 1 block 1: parameters"),
    ],
)
def test_chains_are_checked(folder: Path, old: str, new: str, said: str) -> None:
    assert said in refusal(folder, changed(old, new))


def test_a_chain_without_blocks_is_refused(folder: Path) -> None:
    assert "[[chain]] 3" in refusal(folder, GOOD + '\n[[chain]]\nlabel = "Nothing"\n')


def test_a_file_that_is_not_there_or_not_text_is_named(folder: Path) -> None:
    with pytest.raises(PipelineError, match="cannot be read"):
        read_shootout_file(folder / "gone.toml")
    with pytest.raises(PipelineError, match="cannot be read"):
        read_shootout_file(folder)
    (folder / "latin.toml").write_bytes('title = "Été"'.encode("latin-1"))
    with pytest.raises(PipelineError, match="cannot be read"):
        read_shootout_file(folder / "latin.toml")


MICS = """gain_db = -3.0
delay_ms = 0.5
inverted = true
align = true
extra_irs = [{ gear = "cab" }, { gear = "cab", gain_db = -6, delay_ms = 1, inverted = true }]
"""


def test_a_cabinet_takes_more_impulse_responses(folder: Path) -> None:
    file = read(folder, changed("gain_db = -3.0\n", MICS))
    cab = sha256_of(folder / "irs/cab.wav")
    assert file.chains[0].blocks[-1].recipe() == CabBlock(
        (CabIR(cab, -3.0, True, 0.5), CabIR(cab), CabIR(cab, -6.0, True, 1.0)), is_aligned=True
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("delay_ms = 0.5", "delay_ms = 10.5", "delay_ms must be between 0 and 10"),
        ("delay_ms = 1,", "delay_ms = -1,", "extra_irs 2: delay_ms must be between 0 and 10"),
        ("align = true", 'align = "yes"', "align must be true or false"),
        ("inverted = true }", "inverted = 1 }", "extra_irs 2: inverted must be true or false"),
        ('{ gear = "cab" }', '{ gear = "amp" }', "no [[gear]] of kind cab with the id 'amp'"),
        ('{ gear = "cab" }', "{ }", "extra_irs 1: gear is missing"),
        ('{ gear = "cab" }', '{ gear = "cab", align = true }', "does not know align"),
        ('{ gear = "cab" }', ", ".join(['{ gear = "cab" }'] * 3), "4 impulse responses at most"),
    ],
)
def test_mistakes_in_a_cabinet_are_named(folder: Path, old: str, new: str, said: str) -> None:
    assert MICS.count(old) == 1
    message = refusal(folder, changed("gain_db = -3.0\n", MICS.replace(old, new)))
    assert "[[chain]] 1 block 3" in message
    assert said in message


def test_how_an_impulse_response_is_read_stands_with_its_gear(folder: Path) -> None:
    settings = 'kind = "cab"\nchannel_rule = "right"\ntail_end_db = -50\ntrim_lead = true\n'
    file = read(folder, changed('kind = "cab"\n', settings))
    expected = IRSettings("right", -50.0, is_lead_trimmed=True)
    assert [gear.ir_settings for gear in file.gear] == [IRSettings(), expected]
    cabinet = file.chains[0].blocks[-1].recipe()
    assert isinstance(cabinet, CabBlock)
    assert [ir.settings for ir in cabinet.irs] == [expected]
    assert read(folder, shootout_toml(file)).gear == file.gear


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('channel_rule = "up"', "channel_rule must be one of mix, left, right"),
        ("tail_end_db = -20", "tail_end_db must be between -90 and -30"),
        ("trim_lead = 1", "trim_lead must be true or false"),
    ],
)
def test_settings_of_an_impulse_response_are_checked(folder: Path, line: str, said: str) -> None:
    assert said in refusal(folder, changed('kind = "cab"\n', f'kind = "cab"\n{line}\n'))
    of_an_amp = changed('kind = "amp"\n', f'kind = "amp"\n{line}\n')
    assert "does not know" in refusal(folder, of_an_amp)


def test_a_space_is_refused_by_name(folder: Path) -> None:
    with pytest.raises(PipelineError) as caught:
        read(folder, changed('kind = "cab"', 'kind = "space"'))
    assert caught.value.code == "SPACE_NOT_SUPPORTED"
    assert caught.value.message.startswith("[[gear]] 2: ")
