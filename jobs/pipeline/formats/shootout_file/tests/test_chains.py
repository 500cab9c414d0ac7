"""The chains of a shootout file."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.pipeline.files import sha256_of
from jobs.pipeline.formats.shootout_file.tests.reading import GOOD, changed, read, refusal
from jobs.pipeline.recipe import CabBlock, CabIR


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('label = "Boosted"', "", "[[chain]] 1: label is missing"),
        ('label = "Plain"', 'label = "Plain"\ncolor = "red"', "[[chain]] 2 does not know color"),
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
