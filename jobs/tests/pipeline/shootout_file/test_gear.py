"""The gear of a shootout file."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import CabBlock, IRSettings
from jobs.pipeline.shootout_toml import shootout_toml
from jobs.tests.pipeline.shootout_file.reading import changed, read, refusal


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


def test_a_space_is_refused_by_name(folder: Path) -> None:
    with pytest.raises(PipelineError) as caught:
        read(folder, changed('kind = "cab"', 'kind = "space"'))
    assert caught.value.code == "SPACE_NOT_SUPPORTED"
    assert caught.value.message.startswith("[[gear]] 2: ")
