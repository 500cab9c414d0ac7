"""A shootout from its rows to its published files, through the real jobs."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import soundfile
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.tests.factories import make_user
from gear.services.chains import BlockInput, IRInput, chain_create, chain_delete
from gts.web.errors import ConflictError, InvalidInputError
from jobs.files.storage import StoredFile, store_local_file, stored_name
from jobs.models import Job
from jobs.pipeline.measure.loudness import measure_chunks
from jobs.queue import lifecycle
from jobs.queue.runner import run_job
from jobs.tests.running import run_until_idle
from shootouts.models import CachedAudio, RenderedFile, Segment
from shootouts.models.media import RenderedFileKind
from shootouts.services.di_tracks import di_track_delete
from shootouts.services.shootouts import (
    shootout_cancel,
    shootout_create,
    shootout_delete,
    shootout_render,
    shootout_retry,
    shootout_update,
)
from shootouts.tests.factories import (
    contenders_of,
    make_cab,
    make_capture,
    make_di_track,
    make_shootout,
    render,
)

pytestmark = pytest.mark.django_db(transaction=True)


def _integrated_lufs(file: RenderedFile) -> float:
    with default_storage.open(stored_name(file.file), "rb") as stored:
        samples, rate_hz = soundfile.read(
            io.BytesIO(stored.read()), dtype="float32", always_2d=True
        )
    measured = measure_chunks(iter([samples.T.copy()]), rate_hz, samples.shape[1])
    assert measured.integrated_lufs is not None
    return measured.integrated_lufs


def test_a_render_publishes_level_matched_segments_and_a_manifest() -> None:
    shootout = render(make_shootout(make_user()))
    assert shootout.state == "completed"
    assert shootout.published_render is not None
    manifest = shootout.published_render.manifest.data
    assert [c["label"] for c in manifest["contenders"]] == ["Quiet", "Loud"]
    assert len(manifest["segments"]) == 2
    files = RenderedFile.objects.filter(kind=RenderedFileKind.SEGMENT)
    levels = [_integrated_lufs(file) for file in files]
    assert len(levels) == 2
    assert abs(levels[0] - levels[1]) < 0.2
    # They differ by 12 dB before the level match, so the gains must make up for exactly that.
    gains_db = [segment["gain_db"] for segment in manifest["segments"]]
    assert gains_db[0] - gains_db[1] == pytest.approx(12.0, abs=0.1)
    named = {segment["media"] for segment in manifest["segments"]}
    assert named == {str(file.uuid) for file in files}


def test_the_job_tree_ends_whole() -> None:
    shootout = render(make_shootout(make_user()))
    assert shootout.latest_render is not None
    root = shootout.latest_render.job
    assert root is not None
    assert (root.state, root.progress) == ("completed", 100.0)
    kinds = sorted(root.children.values_list("kind", flat=True))
    assert kinds == [
        "shootouts.finalize_shootout",
        "shootouts.render_segment",
        "shootouts.render_segment",
    ]
    assert set(root.children.values_list("state", flat=True)) == {"completed"}


def test_rendering_again_makes_a_new_version_and_renders_only_what_changed() -> None:
    shootout = render(make_shootout(make_user()))
    first = shootout.published_render
    shootout = render(shootout)
    second = shootout.published_render
    assert first is not None
    assert second is not None
    assert (first.version, second.version) == (1, 2)
    results = (
        Job.objects.filter(kind="shootouts.render_segment")
        .order_by("id")
        .values_list("result", flat=True)
    )
    assert [result["was_cached"] for result in results] == [False, False, True, True]
    assert RenderedFile.objects.filter(render=first).count() == 3
    hashes = [
        [segment["pcm_sha256"] for segment in version.manifest.data["segments"]]
        for version in (first, second)
    ]
    assert hashes[0] == hashes[1]


def test_what_is_published_survives_its_sources() -> None:
    alice = make_user()
    shootout = render(make_shootout(alice))
    for contender in shootout.contenders.all():
        assert contender.chain is not None
        chain_delete(chain=contender.chain)
    for track in alice.di_tracks.all():
        di_track_delete(track=track)
    shootout.refresh_from_db()
    assert shootout.published_render is not None
    assert len(shootout.published_render.manifest.data["segments"]) == 2
    for file in RenderedFile.objects.all():
        assert default_storage.exists(stored_name(file.file))
    with pytest.raises(InvalidInputError) as error:
        shootout_render(shootout=shootout)
    assert {detail.code for detail in error.value.details} == {"MISSING"}


def test_one_bad_capture_leaves_the_others_usable() -> None:
    shootout = make_shootout(make_user())
    shootout_render(shootout=shootout)
    broken = Segment.objects.get(contender_index=1)
    broken.recipe["blocks"][0] = {"kind": "processor", "processor": "no_such", "parameters": {}}
    broken.save()
    run_until_idle()
    shootout.refresh_from_db()
    assert shootout.state == "partial"
    assert shootout.published_render is not None
    manifest = shootout.published_render.manifest.data
    assert [segment["contender"] for segment in manifest["segments"]] == [0]
    assert [failed["contender"] for failed in manifest["failed_segments"]] == [1]
    broken.refresh_from_db()
    assert (broken.state, broken.error_code != "") == ("failed", True)


def break_segment(contender: int) -> Segment:
    """Its recipe names a processor that does not exist."""
    broken = Segment.objects.order_by("-render").filter(contender_index=contender)[0]
    block = {"kind": "processor", "processor": "no_such", "parameters": {}}
    broken.recipe["blocks"] = [block, *broken.recipe["blocks"][1:]]
    broken.save()
    return broken


def repair(broken: Segment) -> None:
    good = Segment.objects.get(render=broken.render, contender_index=1 - broken.contender_index)
    broken.recipe = good.recipe
    broken.save()


def test_what_failed_is_retried_alone_as_a_new_version() -> None:
    shootout = make_shootout(make_user())
    shootout_render(shootout=shootout)
    broken = break_segment(1)
    run_until_idle()
    shootout.refresh_from_db()
    first = shootout.published_render
    assert first is not None
    before = {file.pk: (file.file.name, file.sha256) for file in RenderedFile.objects.all()}

    # Repaired, and the chains edited meanwhile: that is for the next render, not for this one.
    repair(broken)
    turned = contenders_of(each.chain for each in shootout.contenders.order_by("-position"))
    shootout_update(shootout=shootout, title="Better", contenders=turned)
    job = shootout_retry(shootout=shootout)
    assert job.weight == 1.0
    run_until_idle()

    shootout.refresh_from_db()
    second = shootout.published_render
    assert second is not None
    assert (shootout.state, first.version, second.version) == ("completed", 1, 2)
    manifest = second.manifest.data
    assert manifest["title"] == "Better"
    assert [contender["label"] for contender in manifest["contenders"]] == ["Quiet", "Loud"]
    assert len(manifest["segments"]) == 2
    # One segment was rendered, the other taken over with its samples.
    job.refresh_from_db()
    kinds = sorted(child.kind for child in job.current_children())
    assert kinds == ["shootouts.finalize_shootout", "shootouts.render_segment"]
    hashes = [version.manifest.data["segments"][0]["pcm_sha256"] for version in (first, second)]
    assert hashes[0] == hashes[1]
    # What was published stays as it was.
    files = RenderedFile.objects.filter(render=first)
    assert {file.pk: (file.file.name, file.sha256) for file in files} == before
    assert all(default_storage.exists(stored_name(file.file)) for file in files)
    with pytest.raises(ConflictError) as error:
        shootout_retry(shootout=shootout)
    assert error.value.code == "NOTHING_TO_RETRY"


def test_a_retry_of_a_cancelled_render_goes_on_from_there() -> None:
    shootout = make_shootout(make_user())
    job = shootout_render(shootout=shootout)
    run_job(job.uuid)
    job.refresh_from_db()
    run_job(job.current_children()[0].uuid)
    shootout.refresh_from_db()
    shootout_cancel(shootout=shootout)
    with pytest.raises(ConflictError) as error:
        shootout_retry(shootout=make_shootout(make_user("charlie")))
    assert error.value.code == "NOTHING_TO_RETRY"

    job = shootout_retry(shootout=shootout)
    with pytest.raises(ConflictError) as error:
        shootout_retry(shootout=shootout)
    assert error.value.code == "ALREADY_RENDERING"
    run_until_idle()
    shootout.refresh_from_db()
    job.refresh_from_db()
    assert shootout.state == "completed"
    assert [child.kind for child in job.current_children()].count("shootouts.render_segment") == 1


def test_a_retry_that_fails_again_is_partial_again() -> None:
    shootout = make_shootout(make_user())
    shootout_render(shootout=shootout)
    break_segment(0)
    run_until_idle()
    shootout.refresh_from_db()
    shootout_retry(shootout=shootout)
    run_until_idle()
    shootout.refresh_from_db()
    assert (shootout.state, shootout.published_render) == ("partial", shootout.latest_render)
    assert shootout.renders.count() == 2


def test_a_worker_that_wakes_up_too_late_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, media_root: Path
) -> None:
    """Its segment was rendered by another meanwhile, while it slept before it could say so."""
    shootout = make_shootout(make_user())
    job = shootout_render(shootout=shootout)
    run_job(job.uuid)
    job.refresh_from_db()
    child = job.current_children()[0]
    asleep: list[bool] = [True]

    def sleep_first(path: Path, name: str) -> StoredFile:
        if asleep:
            asleep.clear()
            lost = Job.objects.get(pk=child.pk)
            assert lifecycle.declare_lost(lost, heartbeat_before=timezone.now())
            assert run_job(child.uuid)
        return store_local_file(path, name)

    monkeypatch.setattr("shootouts.services.renders.store_local_file", sleep_first)
    run_job(child.uuid)

    child.refresh_from_db()
    assert (child.state, child.attempt, child.num_lost) == ("completed", 2, 1)
    kept = {media_root / name for name in CachedAudio.objects.values_list("file", flat=True)}
    assert set((media_root / "cache").rglob("*.wav")) == kept


def test_a_render_of_nothing_good_fails_and_publishes_nothing() -> None:
    shootout = make_shootout(make_user())
    shootout_render(shootout=shootout)
    for segment in Segment.objects.all():
        segment.sources = dict.fromkeys(segment.sources, "nowhere.wav")
        segment.save()
    run_until_idle()
    shootout.refresh_from_db()
    assert shootout.state == "failed"
    assert shootout.latest_render is not None
    assert shootout.latest_render.job is not None
    assert shootout.latest_render.job.error_code == "FILE_MISSING"
    assert shootout.published_at is None
    assert not RenderedFile.objects.exists()


def test_cancelling_ends_the_tree_and_says_so() -> None:
    shootout = make_shootout(make_user())
    shootout_render(shootout=shootout)
    shootout.refresh_from_db()
    shootout_cancel(shootout=shootout)
    run_until_idle()
    shootout.refresh_from_db()
    assert shootout.state == "cancelled"
    with pytest.raises(ConflictError):
        shootout_cancel(shootout=shootout)


def test_a_shootout_renders_once_at_a_time_and_is_not_changed_meanwhile() -> None:
    shootout = make_shootout(make_user())
    shootout_render(shootout=shootout)
    with pytest.raises(ConflictError):
        shootout_render(shootout=shootout)
    with pytest.raises(ConflictError):
        shootout_update(shootout=shootout, target_loudness_lufs=-20.0)
    assert shootout_update(shootout=shootout, title="Renamed").title == "Renamed"
    with pytest.raises(ConflictError):
        shootout_delete(shootout=shootout)


def test_deleting_a_shootout_deletes_its_files() -> None:
    shootout = render(make_shootout(make_user()))
    names = list(RenderedFile.objects.values_list("file", flat=True))
    assert len(names) == 3
    shootout_delete(shootout=shootout)
    assert not any(default_storage.exists(name) for name in names)


def test_deleting_a_person_deletes_their_files(media_root: Path) -> None:
    alice, charlie = make_user(), make_user("charlie")
    render(make_shootout(alice))
    kept = make_di_track(charlie)
    alice.delete()
    assert not RenderedFile.objects.exists()
    left = [path for path in media_root.rglob("*") if path.is_file()]
    assert left == [media_root / stored_name(kept.file)]


def test_a_shootout_reports_every_mistake_at_once() -> None:
    alice, charlie = make_user(), make_user("charlie")
    theirs = make_di_track(charlie)
    with pytest.raises(InvalidInputError) as error:
        shootout_create(
            owner=alice,
            title="",
            di_track_ids=[theirs.uuid],
            contenders=[],
            options={"slice_s": 0.1},
        )
    found = {(detail.pointer, detail.code) for detail in error.value.details}
    assert found == {
        ("/title", "INVALID"),
        ("/di_tracks/0/di_track_id", "NOT_FOUND"),
        ("/contenders", "COUNT"),
        ("/slice_s", "INVALID"),
    }


def test_a_cabinet_of_two_impulse_responses_is_rendered() -> None:
    owner = make_user()
    amp, cab = make_capture(owner), make_cab(owner)
    pairs = [
        BlockInput(
            slot="cab",
            capture_id=cab.uuid,
            parameters={"is_aligned": is_aligned},
            extra_irs=[IRInput(cab.uuid, {"gain_db": -6.0, "delay_ms": delay_ms})],
        )
        for is_aligned, delay_ms in ((False, 1.0), (True, 0.0))
    ]
    chains = [
        chain_create(
            owner=owner, name=name, blocks=[BlockInput(slot="amp", capture_id=amp.uuid), pair]
        )
        for name, pair in zip(("Comb", "Aligned"), pairs, strict=True)
    ]
    shootout = render(
        shootout_create(
            owner=owner,
            title="Mics",
            di_track_ids=[make_di_track(owner).uuid],
            contenders=contenders_of(chains),
            options={"has_video": False},
        )
    )
    assert shootout.published_render is not None
    segments = shootout.published_render.manifest.data["segments"]
    first, second = (segment["blocks"][1] for segment in segments)
    assert [ir["delay_frames"] for ir in first["irs"]] == [0, 48]
    assert [ir["gain_db"] for ir in second["irs"]] == [0.0, -6.0]
    assert second["is_aligned"] is True
    assert [len(segment["recipe"]["blocks"][1]["irs"]) for segment in segments] == [2, 2]
