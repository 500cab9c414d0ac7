"""Spaces of Tone 3000: what its page calls a space plays as one."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from accounts.models import User
from gear.models import Capture
from gear.services.chains import BlockInput, chain_create
from gear.tests.factories import make_capture
from gear.tone3000.services import tone_capture_add
from gear.tone3000.tests.connected import connect
from jobs.models import Job
from jobs.tests.running import run_until_idle
from tools.tone3000_server import FakeServer
from tools.tone3000_server.lists import tone_json
from tools.tone3000_server.seed import CABINET, catalog
from tools.tone3000_server.state import FakeState, Options

pytestmark = pytest.mark.django_db(transaction=True)


def add(owner: User, **more: str) -> Job:
    job = tone_capture_add(owner=owner, tone_id=str(CABINET), model_id=f"{CABINET}01", **more)
    run_until_idle()
    job.refresh_from_db()
    return job


@pytest.mark.parametrize("is_said_by_its_page", [True, False])
def test_a_space_is_fetched_and_stands_at_the_end_of_a_chain(
    alice: User, fake: FakeServer, is_said_by_its_page: bool
) -> None:
    owner = connect(alice, fake)
    if is_said_by_its_page:
        tone = replace(catalog().tones[CABINET], gear="space")
        body = json.dumps(tone_json(FakeState(Options()), tone, "bob"))
        fake.fail(f"/api/v1/tones/{CABINET}", status=200, body=body)
        job = add(owner)
    else:  # its owner uses a cabinet as one
        job = add(owner, kind="space")
    assert (job.state, job.error_code) == ("completed", "")
    capture = Capture.objects.select_related("gear").get(uuid=job.result["capture_id"])
    assert (capture.gear.kind, capture.format) == ("space", "ir")
    assert (capture.state, capture.unsupported_reason) == ("ready", "")
    chain = chain_create(
        owner=owner,
        name="Hall",
        blocks=[
            BlockInput("amp", make_capture(owner, "full_rig").uuid),
            BlockInput("post", capture.uuid, parameters={"mix_pct": 15}),
        ],
    )
    assert chain.blocks.get(slot="post").parameters == {"mix_pct": 15.0}
