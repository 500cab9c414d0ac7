from __future__ import annotations

import math
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from gear.chains.describe import GONE, describe_chain
from gear.models import Block, Capture, GearItem, SignalChain
from gear.models.item import FileState
from gear.selectors import chain_errors, chain_get, chain_list
from gear.services.chains import (
    BlockInput,
    chain_create,
    chain_delete,
    chain_update,
)
from gear.tests.factories import block, make_capture, make_chain
from gts.web.errors import InvalidInputError, NotFoundError


def problems(owner: User, *blocks: BlockInput, name: str = "A chain") -> list[tuple[str, str]]:
    with pytest.raises(InvalidInputError) as caught:
        chain_create(owner=owner, name=name, blocks=blocks)
    assert not SignalChain.objects.exists()
    return sorted((detail.pointer, detail.code) for detail in caught.value.details)


def test_a_good_chain_is_stored_in_order_with_complete_parameters(alice: User) -> None:
    chain = make_chain(alice)
    stored = list(chain_get(alice, chain.uuid).blocks.all())
    assert [(row.position, row.slot, row.processor) for row in stored] == [
        (0, "pre", "gain"),
        (1, "amp", ""),
        (2, "cab", ""),
    ]
    assert stored[0].parameters == {"gain_db": 3.0, "bypass": False}
    assert stored[1].parameters == {"slim_size": 1.0}
    assert stored[2].parameters == {
        "gain_db": 0.0,
        "delay_ms": 0.0,
        "is_inverted": False,
        "is_aligned": False,
    }
    assert chain_errors(chain_get(alice, chain.uuid)) == []


def test_everything_that_is_wrong_is_told_at_once(alice: User) -> None:
    amp = make_capture(alice)
    rig = make_capture(alice, "full_rig", name="Rig")
    found = problems(
        alice,
        block("post", processor="high_pass", cutoff_hz=5.0),
        block("amp", amp, slim_size=2.0),
        block("amp", rig),
        block("loop", processor="fuzz"),
        BlockInput(slot="post", capture_id=uuid4()),
        BlockInput(slot="post"),
        name="",
    )
    assert found == sorted(
        [
            ("/name", "BLANK"),
            ("/blocks/0/parameters", "BLOCK_PARAMETER_OUT_OF_RANGE"),
            ("/blocks/1", "IR_REQUIRED"),
            ("/blocks/1", "INVALID_ORDER"),
            ("/blocks/1/parameters", "BLOCK_PARAMETER_OUT_OF_RANGE"),
            ("/blocks/2", "MULTIPLE_AMPS"),
            ("/blocks/2", "INVALID_ORDER"),
            ("/blocks/3", "INVALID_ORDER"),
            ("/blocks/3/processor", "BLOCK_UNKNOWN"),
            ("/blocks/4/capture_id", "NOT_FOUND"),
            ("/blocks/5", "BLOCK_NEEDS_ONE_SOURCE"),
        ]
    )


def test_a_chain_without_an_amp_is_refused(alice: User) -> None:
    assert problems(alice) == [("/blocks", "NO_AMP")]
    assert problems(alice, block("pre", processor="gain")) == [("/blocks", "NO_AMP")]


@pytest.mark.parametrize(
    ("parameters", "code", "words"),
    [
        ({"gain_db": 24.1}, "BLOCK_PARAMETER_OUT_OF_RANGE", "gain_db must be from -24 to 24 dB"),
        ({"gain_db": math.nan}, "BLOCK_PARAMETER_OUT_OF_RANGE", "gain_db"),
        ({"gain_db": 10**400}, "BLOCK_PARAMETER_OUT_OF_RANGE", "gain_db"),
        ({"gain_db": "3"}, "BLOCK_PARAMETER_INVALID", "gain_db"),
        ({"gain_db": True}, "BLOCK_PARAMETER_INVALID", "gain_db"),
        ({"volume": 1.0}, "BLOCK_PARAMETER_UNKNOWN", "volume"),
        ({"bypass": 1}, "BLOCK_PARAMETER_INVALID", "bypass"),
    ],
)
@pytest.mark.parametrize("is_cab", [False, True])
def test_wrong_parameters_are_named_with_their_range(
    alice: User, parameters: dict[str, Any], code: str, words: str, is_cab: bool
) -> None:
    if is_cab and "bypass" in parameters:
        code = "BLOCK_PARAMETER_UNKNOWN"
    rig = block("amp", make_capture(alice, "full_rig"))
    amp = block("amp", make_capture(alice, name="other"))
    cab = make_capture(alice, "cab")
    blocks = (
        [amp, block("cab", cab, **parameters)]
        if is_cab
        else [rig, block("post", processor="gain", **parameters)]
    )
    with pytest.raises(InvalidInputError) as caught:
        chain_create(owner=alice, name="x", blocks=blocks)
    [detail] = caught.value.details
    assert (detail.pointer, detail.code) == ("/blocks/1/parameters", code)
    assert words in detail.message


def test_a_block_is_a_capture_or_a_processor_not_both(alice: User) -> None:
    rig = make_capture(alice, "full_rig")
    both = BlockInput(slot="amp", capture_id=rig.uuid, processor="gain")
    assert ("/blocks/0", "BLOCK_NEEDS_ONE_SOURCE") in problems(alice, both)


def test_captures_of_others_do_not_exist_unless_shared(alice: User, charlie: User) -> None:
    private = make_capture(charlie, "full_rig")
    assert problems(alice, block("amp", private)) == [("/blocks/0/capture_id", "NOT_FOUND")]
    shared = make_capture(charlie, "full_rig", is_shared=True)
    assert chain_create(owner=alice, name="x", blocks=[block("amp", shared)]).pk


def test_a_capture_must_have_been_looked_into(alice: User) -> None:
    pending = make_capture(alice, "full_rig", state=FileState.PENDING)
    found = problems(alice, block("amp", pending))
    assert found == [("/blocks/0/capture_id", "CAPTURE_NOT_READY")]


def test_a_capture_that_cannot_be_played_is_refused(alice: User) -> None:
    strange = make_capture(alice, "full_rig", unsupported_reason="AIDA-X")
    assert problems(alice, block("amp", strange)) == [("/blocks/0", "UNSUPPORTED_CAPTURE")]


def test_a_chain_has_at_most_sixteen_blocks(alice: User) -> None:
    rig = make_capture(alice, "full_rig")
    gain = block("post", processor="gain")
    chain = chain_create(owner=alice, name="x", blocks=[block("amp", rig), *[gain] * 15])
    assert Block.objects.filter(chain=chain).count() == 16
    chain_delete(chain=chain)
    found = problems(alice, block("amp", rig), *[gain] * 5000)
    assert found == [("/blocks/16", "INVALID_ORDER")]


def test_the_name_has_a_limit(alice: User) -> None:
    rig = make_capture(alice, "full_rig")
    assert problems(alice, block("amp", rig), name="x" * 201) == [("/name", "MAX_LENGTH")]
    assert problems(alice, block("amp", rig), name="   ") == [("/name", "BLANK")]


def test_an_update_changes_what_is_given(alice: User) -> None:
    chain = make_chain(alice)
    chain_update(chain=chain, name=" New ")
    chain = chain_get(alice, chain.uuid)
    assert (chain.name, len(chain.blocks.all())) == ("New", 3)
    rig = make_capture(alice, "full_rig")
    chain_update(chain=chain, description="Bright", blocks=[block("amp", rig)])
    chain = chain_get(alice, chain.uuid)
    assert (chain.name, chain.description) == ("New", "Bright")
    assert [row.capture for row in chain.blocks.all()] == [rig]


def test_a_bad_update_changes_nothing(alice: User) -> None:
    chain = make_chain(alice)
    with pytest.raises(InvalidInputError):
        chain_update(chain=chain, name="New", blocks=[])
    chain = chain_get(alice, chain.uuid)
    assert (chain.name, len(chain.blocks.all())) == ("JCM800 + V30", 3)


def test_chains_of_others_do_not_exist(alice: User, charlie: User) -> None:
    chain = make_chain(alice)
    assert list(chain_list(charlie)) == []
    with pytest.raises(NotFoundError):
        chain_get(charlie, chain.uuid)


def test_a_chain_whose_capture_was_deleted_says_so(alice: User) -> None:
    chain = make_chain(alice)
    GearItem.objects.filter(kind="amp").delete()
    chain = chain_get(alice, chain.uuid)
    assert [(error.code, error.position) for error in chain_errors(chain)] == [
        ("UNSUPPORTED_CAPTURE", 1)
    ]
    assert [entry["name"] for entry in describe_chain(chain)] == ["Gain", GONE, "V30"]


def test_a_chain_is_described_for_people(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    chain = make_chain(alice)
    GearItem.objects.filter(kind="amp").update(
        make="Marshall", creator="A B", licence="CC0-1.0", source_url="https://example.org/x"
    )
    Capture.objects.filter(format="nam").update(
        architecture="WaveNet", info={"label": "A1 standard"}
    )
    Block.objects.filter(slot="cab").update(parameters={"gain_db": -3.0})
    chain = chain_get(alice, chain.uuid)
    with django_assert_num_queries(0):
        described = describe_chain(chain)
    nothing = {"make": "", "creator": "", "licence": "", "url": "", "architecture": ""}
    assert described == [
        {
            **nothing,
            "slot": "pre",
            "kind": "processor",
            "name": "Gain",
            "source": "",
            "settings": "Gain +3 dB",
        },
        {
            "slot": "amp",
            "kind": "amp",
            "make": "Marshall",
            "name": "JCM800",
            "creator": "A B",
            "licence": "CC0-1.0",
            "url": "https://example.org/x",
            "source": "upload",
            "architecture": "A1 standard",
            "settings": "",
        },
        {
            **nothing,
            "slot": "cab",
            "kind": "cab",
            "name": "V30",
            "source": "upload",
            "settings": "Gain -3 dB",
        },
    ]
