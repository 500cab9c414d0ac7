"""What a re-render would compute, told beforehand and compared with what it does."""

from __future__ import annotations

import pytest

from accounts.models import User
from gear.selectors import chain_get
from gear.services.chains import BlockInput, chain_update
from jobs.models import Job
from shootouts.models import CachedAudio, Shootout
from shootouts.selectors import shootout_get_owned
from shootouts.services.render_plan import RenderPlan, render_plan
from shootouts.services.shootouts import shootout_update
from shootouts.tests.factories import make_shootout, render

pytestmark = pytest.mark.django_db(transaction=True)


def plan_of(shootout: Shootout) -> RenderPlan:
    plan = render_plan(shootout_get_owned(shootout.owner, shootout.uuid))
    assert plan is not None
    return plan


def boost(shootout: Shootout, gain_db: float) -> None:
    """Of the first contender."""
    row = shootout.contenders.all()[0].chain
    assert row is not None
    chain = chain_get(shootout.owner, row.uuid)
    kept = [
        BlockInput(block.slot, block.capture.uuid)
        for block in chain.blocks.all()
        if block.capture is not None
    ]
    gain = BlockInput("pre", processor="gain", parameters={"gain_db": gain_db})
    chain_update(chain=chain, blocks=[gain, *kept])


def num_computed(shootout: Shootout) -> int:
    last = shootout.latest_render
    assert last is not None
    segments = Job.objects.filter(parent=last.job, kind="shootouts.render_segment")
    return sum(not job.result["was_cached"] for job in segments)


def test_before_the_first_render_there_is_nothing_to_compare(alice: User) -> None:
    assert render_plan(make_shootout(alice)) is None


def test_it_tells_what_has_changed_and_what_will_be_computed(alice: User) -> None:
    shootout = render(make_shootout(alice))
    assert plan_of(shootout) == RenderPlan(version=1, num_segments=2)
    assert plan_of(shootout).text == (
        "No segment has changed since version 1. None has to be computed. No video."
    )
    boost(shootout, 3.0)
    plan = plan_of(shootout)
    assert (plan.num_changed, plan.num_missing) == (1, 1)
    assert plan.text.startswith("1 of 2 segments has changed since version 1. To compute: 1.")
    assert num_computed(render(shootout)) == 1
    assert plan_of(shootout).num_changed == 0
    # Back to what version 1 had, which the cache still has.
    boost(shootout, -6.0)
    plan = plan_of(shootout)
    assert (plan.num_changed, plan.num_missing) == (1, 0)
    assert num_computed(render(shootout)) == 0


def test_what_the_cache_has_lost_is_computed_again(alice: User) -> None:
    shootout = render(make_shootout(alice))
    CachedAudio.objects.all().delete()
    assert plan_of(shootout).text.startswith(
        "No segment has changed since version 1. To compute: 2."
    )


def test_words_change_nothing_and_the_input_level_all(alice: User) -> None:
    shootout = render(make_shootout(alice))
    shootout_update(shootout=shootout, title="Other", has_video=True)
    assert plan_of(shootout) == RenderPlan(version=1, num_segments=2, has_video=True)
    assert plan_of(shootout).text.endswith("The video is made again.")
    shootout_update(shootout=shootout, input_mode="raw")
    assert plan_of(shootout).num_changed == 2


def test_it_says_what_keeps_it_from_being_rendered(alice: User) -> None:
    shootout = render(make_shootout(alice))
    chain = shootout.contenders.all()[0].chain
    assert chain is not None
    chain.delete()
    assert plan_of(shootout).text == ("It cannot be rendered as it is: This chain was deleted.")
