"""Spaces in shootouts: rendered by the server, previewed, out and in, and from a shootout file."""

from __future__ import annotations

import json
import tomllib
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from django.core.management import call_command

from accounts.models import User
from accounts.tests.factories import api_client, make_user
from gear.models import Capture
from gear.services.chains import BlockInput, chain_create
from gear.services.gear import gear_update
from jobs.pipeline.signal.encode import write_wav_f32
from jobs.pipeline.tests.signals import plucks
from jobs.tests.running import run_until_idle
from shootouts.archive.tests.archives import exported, files_of
from shootouts.archive.tests.test_export_import import import_now
from shootouts.models import DITrack, Shootout
from shootouts.services.shootouts import shootout_create
from shootouts.tests.factories import (
    contenders_of,
    linear_nam_bytes,
    make_cab,
    make_capture,
    make_di_track,
    make_space,
    render,
    space_taps,
)

pytestmark = pytest.mark.django_db(transaction=True)


def shootout_with(owner: User, *spaces: BlockInput) -> Shootout:
    """A dry contender, and one with each of ``spaces``."""
    amp, cab = make_capture(owner), make_cab(owner)
    dry = [BlockInput("amp", amp.uuid), BlockInput("cab", cab.uuid)]
    chains = [chain_create(owner=owner, name="Dry", blocks=dry)] + [
        chain_create(owner=owner, name=f"Wet {n}", blocks=[*dry, space])
        for n, space in enumerate(spaces)
    ]
    return shootout_create(
        owner=owner,
        title="Rooms",
        di_track_ids=[make_di_track(owner).uuid],
        contenders=contenders_of(chains),
        options={"has_video": False},
    )


def hall(capture: Capture, mix_pct: float) -> BlockInput:
    return BlockInput("post", capture.uuid, parameters={"mix_pct": mix_pct})


def manifest_of(shootout: Shootout) -> dict[str, Any]:
    assert shootout.published_render is not None
    data: dict[str, Any] = shootout.published_render.manifest.data
    return data


def test_a_true_stereo_space_is_heard_matched_aligned_and_stated() -> None:
    owner = make_user()
    space = make_space(owner, num_channels=4)
    shootout = render(shootout_with(owner, hall(space, 30.0), hall(space, 100.0)))
    assert shootout.state == "completed"
    manifest = manifest_of(shootout)
    dry, wet, drowned = manifest["segments"]
    assert [s["num_channels"] for s in (dry, wet, drowned)] == [1, 2, 2]
    loudness = [s["loudness_after_lufs"] for s in (dry, wet, drowned)]
    assert max(loudness) - min(loudness) < 0.05
    # A pure reverb is about as loud as what it is made of.
    before = [s["loudness_before_lufs"] for s in (dry, wet, drowned)]
    assert before[2] == pytest.approx(before[0], abs=4.0)
    assert {s["alignment"]["lag_samples"] for s in (dry, wet, drowned)} == {0}
    assert all(s["alignment"]["is_trusted"] for s in (dry, wet, drowned))
    described = wet["blocks"][-1]
    assert (described["kind"], described["channel"], described["mix_pct"]) == (
        "space",
        "true_stereo",
        30.0,
    )
    assert wet["recipe"]["blocks"][-1]["sha256"] == space.sha256
    line = manifest["contenders"][1]["gear"][-1]
    assert (line["slot"], line["kind"], line["name"], line["settings"]) == (
        "post",
        "space",
        "Hall",
        "Mix 30 %",
    )
    assert {"sha256": space.sha256, "role": "post", "name": "Hall"} in manifest["inputs"]
    assert "Mix 30 %" not in str(manifest["contenders"][0])


def test_what_is_said_of_the_file_is_in_the_recipe_and_in_the_sound() -> None:
    owner = make_user()
    space = make_space(owner, num_channels=2)
    shootout = shootout_with(owner, hall(space, 50.0))
    first = manifest_of(render(shootout))["segments"][1]
    gear_update(item=space.gear, ir_settings={"tail_end_db": -40.0})
    second = manifest_of(render(shootout))["segments"][1]
    assert second["recipe"]["blocks"][-1]["tail_end_db"] == -40.0
    assert second["blocks"][-1]["num_cut_frames"] > 0
    assert second["pcm_sha256"] != first["pcm_sha256"]


def test_what_a_space_gave_can_be_reproduced_from_the_manifest() -> None:
    owner = make_user()
    shootout = render(shootout_with(owner, hall(make_space(owner), 25.0)))
    out = StringIO()
    call_command("reproduce_shootout", str(shootout.uuid), stdout=out)
    assert out.getvalue().splitlines()[-1] == "2 segments: 2 same"


def test_a_space_goes_out_and_comes_in_and_sounds_the_same() -> None:
    alice, charlie = make_user("alice"), make_user("charlie")
    space = make_space(alice, num_channels=4)
    gear_update(item=space.gear, ir_settings={"tail_end_db": -50.0, "is_lead_trimmed": True})
    original = render(shootout_with(alice, hall(space, 35.0)))
    archive = exported(original)
    file = tomllib.loads(files_of(archive)["shootout.toml"].decode())
    [gear] = [item for item in file["gear"] if item["kind"] == "space"]
    assert (gear["tail_end_db"], gear["trim_lead"]) == (-50.0, True)
    assert "channel_rule" not in gear
    assert file["chain"][1]["block"][-1] == {"slot": "post", "gear": gear["id"], "mix_pct": 35.0}

    job = import_now(charlie, archive)
    assert job.state == "completed", job.error_message
    copy = render(Shootout.objects.get(uuid=job.result["shootout"]))
    taken = Capture.objects.get(gear__owner=charlie, gear__kind="space")
    assert (taken.sha256, taken.tail_end_db, taken.is_lead_trimmed) == (space.sha256, -50.0, True)
    hashes = [[s["pcm_sha256"] for s in manifest_of(each)["segments"]] for each in (original, copy)]
    assert hashes[0] == hashes[1]


def test_a_preview_has_the_space_in_it() -> None:
    owner = make_user()
    shootout = shootout_with(owner, hall(make_space(owner, num_channels=4), 60.0))
    [track] = DITrack.objects.all()
    durations_s = []
    for contender in shootout.contenders.all():
        assert contender.chain is not None
        url = f"/api/v1/chains/{contender.chain.uuid}/preview/"
        body = api_client(owner).post(url, {"di_track_id": str(track.uuid)}).json()
        run_until_idle()
        preview = api_client(owner).get(f"/api/v1/previews/{body['id']}/").json()
        assert preview["state"] == "ready"
        durations_s.append(preview["duration_s"])
    dry_s, wet_s = durations_s
    assert wet_s > dry_s + 0.1


SHOOTOUT = """
title = "Rooms"

[options]
video = false

[[di]]
file = "di.wav"

[[gear]]
id = "rig"
file = "rig.nam"
kind = "full_rig"

[[gear]]
id = "hall"
file = "hall.wav"
kind = "space"
name = "Hall"

[[chain]]
label = "Dry"
[[chain.block]]
slot = "amp"
gear = "rig"

[[chain]]
label = "Wet"
[[chain.block]]
slot = "amp"
gear = "rig"
[[chain.block]]
slot = "post"
gear = "hall"
mix_pct = 45
"""


def test_a_shootout_file_with_a_space_is_rendered_without_a_server(tmp_path: Path) -> None:
    pack, out = tmp_path / "pack", tmp_path / "out"
    pack.mkdir()
    (pack / "shootout.toml").write_text(SHOOTOUT)
    (pack / "rig.nam").write_bytes(linear_nam_bytes([0.5, 0.25]))
    write_wav_f32(pack / "di.wav", [plucks(1.0)], 48_000, 1)
    # 12 s: longer than a space may last.
    taps = np.ascontiguousarray(space_taps(4, 12.0, 8.5).T)
    write_wav_f32(pack / "hall.wav", [taps], 48_000, 4)
    call_command("render_shootout", pack / "shootout.toml", out=out, stdout=StringIO())
    manifest = json.loads((out / "manifest.json").read_text())
    dry, wet = manifest["segments"]
    assert (dry["num_channels"], wet["num_channels"]) == (1, 2)
    assert wet["blocks"][1]["channel"] == "true_stereo"
    assert any("lasts 1" in text and "after 10 s at the latest" in text for text in wet["warnings"])
    assert any("longer than 4 s after the DI" in text for text in wet["warnings"])
    assert manifest["contenders"][1]["gear"][1]["settings"] == "Mix 45 %"
    sound, _ = soundfile.read(out / wet["media"])
    assert len(sound) == 5 * 48_000
    assert np.abs(sound[:, 0] - sound[:, 1]).max() > 0.01
