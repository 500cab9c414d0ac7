"""The gear of a shootout file."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.pipeline.files import sha256_of
from jobs.pipeline.formats.shootout_file.tests.reading import changed, read, refusal
from jobs.pipeline.formats.shootout_toml import shootout_toml
from jobs.pipeline.recipe import CabBlock, IRSettings, SpaceBlock


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


def space(*lines: str) -> str:
    """GOOD with a space in its first chain; ``lines``: of its [[gear]]."""
    gear = '[[gear]]\nid = "hall"\nfile = "hall.wav"\nkind = "space"\n'
    played = '[[chain.block]]\nslot = "post"\ngear = "hall"\nmix_pct = 35\n'
    text = changed(
        '[[chain]]\nlabel = "Boosted"',
        "\n".join([gear, *lines, "", "[[chain]]"]) + '\nlabel = "Boosted"',
    )
    return text.replace("gain_db = -3.0\n", f"gain_db = -3.0\n{played}", 1)


@pytest.fixture
def hall(folder: Path) -> Path:
    (folder / "hall.wav").write_text("a hall")
    return folder / "hall.wav"


def test_a_space_plays_with_its_mix_and_comes_back_from_the_file(folder: Path, hall: Path) -> None:
    file = read(folder, space("tail_end_db = -50", "trim_lead = true"))
    settings = IRSettings(tail_end_db=-50.0, is_lead_trimmed=True)
    block = file.chains[0].blocks[-1]
    assert block.recipe() == SpaceBlock(sha256_of(hall), 35.0, -50.0, is_lead_trimmed=True)
    assert block.recipe().settings == settings  # type: ignore[union-attr]
    [line] = block.lines()
    assert (line.slot, line.kind, line.settings) == ("post", "space", "Mix 35 %")
    assert sha256_of(hall) in file.sources()
    again = read(folder, shootout_toml(file))
    assert (again.gear, again.chains) == (file.gear, file.chains)


def test_without_a_mix_a_space_has_the_default(folder: Path, hall: Path) -> None:
    block = read(folder, space().replace("mix_pct = 35\n", "")).chains[0].blocks[-1]
    assert block.recipe() == SpaceBlock(sha256_of(hall), 20.0)
    assert block.lines()[0].settings == "Mix 20 %"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("mix_pct = 35", "mix_pct = 101", "[[chain]] 1 block 4: mix_pct must be between 0 and 100"),
        ("mix_pct = 35", 'mix_pct = "all"', "[[chain]] 1 block 4: mix_pct must be a number"),
        ("mix_pct = 35", "gain_db = 1.0", "[[chain]] 1 block 4 does not know gain_db"),
        ("mix_pct = 35", 'extra_irs = [{ gear = "cab" }]', "does not know extra_irs"),
        ('kind = "space"', 'kind = "space"\nchannel_rule = "left"', "does not know channel_rule"),
        ('"hall.wav"', '"gone.wav"', "[[gear]] 3: there is no file gone.wav"),
    ],
)
@pytest.mark.usefixtures("hall")
def test_mistakes_in_a_space_are_named(folder: Path, old: str, new: str, said: str) -> None:
    text = space()
    assert text.count(old) == 1
    assert said in refusal(folder, text.replace(old, new))


@pytest.mark.usefixtures("hall")
def test_a_space_is_no_microphone_of_a_cabinet(folder: Path) -> None:
    blended = space().replace("gain_db = -3.0\n", 'extra_irs = [{ gear = "hall" }]\n', 1)
    assert "no [[gear]] of kind cab with the id 'hall'" in refusal(folder, blended)
