"""What was chosen for an impulse response, in what is rendered and in the manifest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from accounts.models import User
from accounts.tests.factories import make_user
from gear.models import Capture
from gear.services.captures import gear_upload
from gear.services.gear import gear_update
from jobs.tests.running import run_until_idle
from shootouts.models import Shootout
from shootouts.services.shootouts import shootout_create
from shootouts.tests.factories import (
    contenders_of,
    make_capture,
    make_chain,
    make_di_track,
    render,
    upload,
    wav_bytes,
)

pytestmark = pytest.mark.django_db(transaction=True)


def make_late_cab(owner: User) -> Capture:
    """10 ms of silence, then 2.6 s that fall by 100 dB."""
    num_frames = round(2.6 * 48_000)
    taps = np.random.default_rng(1).uniform(-0.3, 0.3, num_frames)
    taps *= 10.0 ** (-5.0 * np.arange(num_frames) / num_frames)
    taps[0] = 0.9
    content = wav_bytes(np.concatenate([np.zeros(480), taps]).astype(np.float32))
    cab, _ = gear_upload(owner=owner, upload=upload(content, "late.wav"), kind="cab")
    run_until_idle()
    cab.refresh_from_db()
    return cab


def shootout_with(owner: User, cab: Capture) -> Shootout:
    amp = make_capture(owner)
    chains = [make_chain(owner, amp, cab, name=name) for name in ("A", "B")]
    return shootout_create(
        owner=owner,
        title="Cabs",
        di_track_ids=[make_di_track(owner).uuid],
        contenders=contenders_of(chains),
        options={"has_video": False},
    )


def first_segment(shootout: Shootout) -> dict[str, Any]:
    assert shootout.published_render is not None
    segment: dict[str, Any] = shootout.published_render.manifest.data["segments"][0]
    return segment


def test_a_cab_that_is_long_and_late_plays_and_the_manifest_says_what_was_done() -> None:
    owner = make_user()
    cab = make_late_cab(owner)
    shootout = shootout_with(owner, cab)
    first = first_segment(render(shootout))
    assert len(first["warnings"]) >= 2
    assert any("10.0 ms of silence" in text for text in first["warnings"])
    assert any("60 dB below its peak" in text for text in first["warnings"])
    [ir] = first["blocks"][-1]["irs"]
    assert (ir["channel"], ir["num_trimmed_frames"], ir["tail_end_db"]) == ("mono", 0, -60.0)
    assert ir["num_cut_frames"] > 0

    gear_update(item=cab.gear, ir_settings={"is_lead_trimmed": True, "tail_end_db": -40.0})
    second = first_segment(render(shootout))
    [ir] = second["blocks"][-1]["irs"]
    assert (ir["num_trimmed_frames"], ir["tail_end_db"]) == (480, -40.0)
    [recipe_ir] = second["recipe"]["blocks"][-1]["irs"]
    assert (recipe_ir["is_lead_trimmed"], recipe_ir["tail_end_db"]) == (True, -40.0)
    assert second["pcm_sha256"] != first["pcm_sha256"]
