"""Computed audio is kept, found again, limited in size, and never outlives its DI."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.tests.factories import make_user
from gear.models import SignalChain
from gear.services.chains import BlockInput, chain_update
from jobs.files.storage import stored_name
from jobs.models import Job
from jobs.pipeline.files import sha256_of
from jobs.queue.runner import run_job
from jobs.tests.running import run_until_idle
from shootouts.models import CachedAudio, Manifest, Segment, Shootout
from shootouts.services.di_tracks import di_track_delete
from shootouts.services.renders import cache_trim, cached_audio_find, cached_audio_keep
from shootouts.services.shootouts import shootout_create, shootout_delete, shootout_render
from shootouts.tests.factories import (
    contenders_of,
    make_cab,
    make_capture,
    make_chain,
    make_di_track,
    make_shootout,
    render,
)

pytestmark = pytest.mark.django_db(transaction=True)


def results(kind: str) -> list[Any]:
    return list(Job.objects.filter(kind=kind).order_by("id").values_list("result", flat=True))


def cab_gain(chain: SignalChain, gain_db: float) -> None:
    """Change a chain behind its amp."""
    blocks = [
        BlockInput(
            slot=block.slot,
            processor=block.processor,
            capture_id=block.capture.uuid if block.capture else None,
            parameters={"gain_db": gain_db} if block.slot == "cab" else block.parameters,
        )
        for block in chain.blocks.all()
    ]
    chain_update(chain=chain, blocks=blocks)


def make_two_cabs(owner: User) -> Shootout:
    """Two chains that differ behind the amp."""
    amp, cab = make_capture(owner), make_cab(owner)
    chains = [make_chain(owner, amp, cab, name=name) for name in ("One", "Two")]
    cab_gain(chains[1], -3.0)
    return shootout_create(
        owner=owner,
        title="Cabs",
        di_track_ids=[make_di_track(owner).uuid],
        contenders=contenders_of(chains),
        options={"has_video": False},
    )


def test_what_segments_share_is_rendered_ahead_of_them_and_once() -> None:
    shootout = render(make_two_cabs(make_user()))
    assert shootout.state == "completed"
    root = Job.objects.get(kind="shootouts.render_shootout")
    stages = list(root.children.order_by("stage", "id").values_list("stage", "kind"))
    assert stages == [
        (0, "shootouts.render_prefix"),
        (1, "shootouts.render_segment"),
        (1, "shootouts.render_segment"),
        (2, "shootouts.finalize_shootout"),
    ]
    assert root.children.get(kind="shootouts.render_prefix").label == (
        "Amp pass (used by 2 chains): Amp 2 · riff"
    )
    assert CachedAudio.objects.count() == 3  # the prefix and two segments


def test_changing_one_contenders_cab_renders_that_contender_from_the_prefix() -> None:
    shootout = render(make_two_cabs(make_user()))
    before = set(CachedAudio.objects.values_list("key", flat=True))
    chain = shootout.contenders.all()[0].chain
    assert chain is not None
    cab_gain(chain, 2.0)
    shootout = render(shootout)
    assert sorted(result["was_cached"] for result in results("shootouts.render_segment")[2:]) == [
        False,
        True,
    ]
    assert len(results("shootouts.render_prefix")) == 1, "the amp was run again"
    added = set(CachedAudio.objects.values_list("key", flat=True)) - before
    changed = Segment.objects.get(render=shootout.latest_render, contender_index=0)
    assert added == {changed.render_key}


def test_another_owner_of_the_same_inputs_gets_it_too() -> None:
    alice, charlie = make_user(), make_user("charlie")
    for owner in (alice, charlie):
        render(make_shootout(owner))
    was_cached = [result["was_cached"] for result in results("shootouts.render_segment")]
    assert was_cached == [False, False, True, True]
    hashes = [
        [segment["pcm_sha256"] for segment in manifest.data["segments"]]
        for manifest in Manifest.objects.all()
    ]
    assert hashes[0] == hashes[1]


def test_what_was_made_from_a_file_goes_with_the_last_of_it() -> None:
    alice, charlie = make_user(), make_user("charlie")
    render(make_shootout(alice))
    theirs = [make_di_track(charlie), make_capture(charlie), make_cab(charlie)]
    names = list(CachedAudio.objects.values_list("file", flat=True))
    assert names
    di_track_delete(track=alice.di_tracks.get())
    assert all(default_storage.exists(name) for name in names)
    with transaction.atomic():
        theirs[1].delete()
    assert all(default_storage.exists(name) for name in names), "alice has this capture too"
    di_track_delete(track=charlie.di_tracks.get())
    assert not CachedAudio.objects.exists()
    assert not any(default_storage.exists(name) for name in names)


def test_a_person_takes_along_what_was_made_from_their_captures() -> None:
    alice = make_user()
    make_di_track(make_user("charlie"))  # the same recording
    render(make_shootout(alice))
    assert CachedAudio.objects.exists()
    alice.delete()
    assert not CachedAudio.objects.exists()


def keep(tmp_path: Path, key: str, *, age: timedelta = timedelta(hours=1)) -> CachedAudio:
    path = tmp_path / f"{key}.wav"
    path.write_bytes(key.encode() * 1000)
    cached_audio_keep(key=key, inputs=["d" * 64], path=path, described={"name": key})
    row = CachedAudio.objects.get(key=key)
    CachedAudio.objects.filter(pk=row.pk).update(used_at=timezone.now() - age)
    return row


def test_what_is_kept_is_found_with_its_description(tmp_path: Path) -> None:
    row = keep(tmp_path, "k")
    found = cached_audio_find(key="k", folder=tmp_path)
    assert found is not None
    assert sha256_of(found[0]) == sha256_of(tmp_path / "k.wav")
    assert found[1] == {"name": "k"}
    used_at = CachedAudio.objects.get(pk=row.pk).used_at
    assert timezone.now() - used_at < timedelta(minutes=1)
    assert cached_audio_find(key="other", folder=tmp_path) is None


def test_keeping_twice_leaves_one(tmp_path: Path, media_root: Path) -> None:
    keep(tmp_path, "k")
    keep(tmp_path, "k")
    assert CachedAudio.objects.count() == 1
    assert len([path for path in (media_root / "cache").rglob("*") if path.is_file()]) == 1


def test_a_file_that_is_gone_is_a_miss(tmp_path: Path) -> None:
    row = keep(tmp_path, "k")
    default_storage.delete(stored_name(row.file))
    assert cached_audio_find(key="k", folder=tmp_path) is None
    assert not CachedAudio.objects.exists()


def test_the_longest_unused_goes_first(tmp_path: Path, settings: Settings) -> None:
    for hours, key in ((3, "a"), (1, "b"), (2, "c")):
        keep(tmp_path, key, age=timedelta(hours=hours))
    settings.GTS_CACHE_MAX_BYTES = 2000
    assert cache_trim() == 1
    assert set(CachedAudio.objects.values_list("key", flat=True)) == {"b", "c"}
    assert cached_audio_find(key="c", folder=tmp_path) is not None
    settings.GTS_CACHE_MAX_BYTES = 1000
    keep(tmp_path, "d", age=timedelta(hours=4))  # trims as it is kept: b was unused for longest
    assert set(CachedAudio.objects.values_list("key", flat=True)) == {"c", "d"}
    left = {path.name for path in Path(default_storage.path("cache")).rglob("*.wav")}
    assert left == {"c.wav", "d.wav"}


def test_what_is_being_used_stays_beyond_the_limit(tmp_path: Path, settings: Settings) -> None:
    settings.GTS_CACHE_MAX_BYTES = 0
    keep(tmp_path, "now", age=timedelta(0))
    assert cache_trim() == 0
    shootout = make_shootout(make_user())
    shootout_render(shootout=shootout)
    segment = Segment.objects.first()
    assert segment is not None
    Segment.objects.filter(pk=segment.pk).update(state="completed", render_key="needed")
    keep(tmp_path, "needed")
    assert cache_trim() == 0
    Job.objects.filter(kind="shootouts.render_shootout").update(state="failed")
    assert cache_trim() == 1


def test_a_render_survives_the_loss_of_its_cache(settings: Settings) -> None:
    """Finalize renders again what was lost after the segments were done."""
    shootout = make_shootout(make_user())
    shootout_render(shootout=shootout)
    ahead = Job.objects.filter(state="queued").exclude(kind="shootouts.finalize_shootout")
    while (job := ahead.order_by("queued_at", "id").first()) is not None:
        run_job(job.uuid)
    CachedAudio.objects.all().delete()
    run_until_idle()
    shootout.refresh_from_db()
    assert shootout.state == "completed"
    shootout_delete(shootout=shootout)


def test_alignment_is_no_part_of_what_is_kept() -> None:
    shootout = render(make_shootout(make_user()))
    Shootout.objects.filter(pk=shootout.pk).update(is_aligned=False)
    shootout.refresh_from_db()
    render(shootout)
    assert [result["was_cached"] for result in results("shootouts.render_segment")] == [
        False
    ] * 2 + [True] * 2


def test_a_render_planned_by_an_older_version_is_not_given_what_that_version_made(
    tmp_path: Path,
) -> None:
    """It moved segments before it kept them, and said nothing of how its chains answer."""
    shootout = render(make_shootout(make_user()))
    shootout_render(shootout=shootout)
    moved = tmp_path / "moved.wav"
    moved.write_bytes(b"of an older version")
    for segment in Segment.objects.filter(render__version=2):
        segment.recipe = {**segment.recipe, "is_aligned": True}
        segment.render_key = f"{segment.contender_index}" * 64
        segment.save()
        cached_audio_keep(key=segment.render_key, inputs=[], path=moved, described={})
    run_until_idle()
    first, second = (manifest.data for manifest in Manifest.objects.order_by("id"))
    hashes = [[s["pcm_sha256"] for s in data["segments"]] for data in (first, second)]
    assert hashes[0] == hashes[1]
