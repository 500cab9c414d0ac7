"""A shootout from its rows to its published files, through the real jobs."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import soundfile
from django.core.files.storage import default_storage

from accounts.errors import ConflictError, InvalidInputError
from accounts.tests.factories import make_user
from gear.services.chains import BlockInput, IRInput, chain_create, chain_delete
from jobs.models import Job
from jobs.pipeline.audio.loudness import measure_blocks
from jobs.storage import stored_name
from jobs.tests.running import run_until_idle
from shootouts.models import RenderedFile, Segment
from shootouts.models.media import RenderedFileKind
from shootouts.services.di_tracks import di_track_delete
from shootouts.services.shootouts import (
    shootout_cancel,
    shootout_create,
    shootout_delete,
    shootout_render,
    shootout_update,
)
from shootouts.tests.factories import (
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
    measured = measure_blocks(iter([samples.T.copy()]), rate_hz, samples.shape[1])
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
    assert kinds == ["segment.render", "segment.render", "shootout.finalise"]
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
        Job.objects.filter(kind="segment.render").order_by("id").values_list("result", flat=True)
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


def test_a_render_of_nothing_good_fails_and_publishes_nothing() -> None:
    shootout = make_shootout(make_user())
    shootout_render(shootout=shootout)
    for segment in Segment.objects.all():
        segment.sources = dict.fromkeys(segment.sources, "nowhere.wav")
        segment.save()
    run_until_idle()
    shootout.refresh_from_db()
    assert shootout.state == "failed"
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
    names = [
        *RenderedFile.objects.values_list("file", flat=True),
        *Segment.objects.values_list("pre_gain_file", flat=True),
    ]
    assert len(names) == 5
    shootout_delete(shootout=shootout)
    assert not any(default_storage.exists(name) for name in names)


def test_a_file_that_another_shootout_shares_stays_until_that_goes_too() -> None:
    alice = make_user()
    first = render(make_shootout(alice))
    chains = [contender.chain for contender in first.contenders.all()]
    second = shootout_create(
        owner=alice,
        title="The same again",
        di_track_ids=[track.uuid for track in alice.di_tracks.all()],
        chain_ids=[chain.uuid for chain in chains if chain is not None],
        options={"has_video": False},
    )
    second = render(second)
    shared = set(Segment.objects.values_list("pre_gain_file", flat=True))
    assert len(shared) == 2
    shootout_delete(shootout=first)
    assert all(default_storage.exists(name) for name in shared)
    shootout_delete(shootout=second)
    assert not any(default_storage.exists(name) for name in shared)


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
            chain_ids=[],
            options={"slice_s": 0.1},
        )
    found = {(detail.pointer, detail.code) for detail in error.value.details}
    assert found == {
        ("/title", "INVALID"),
        ("/di_track_ids/0", "NOT_FOUND"),
        ("/chain_ids", "COUNT"),
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
            chain_ids=[chain.uuid for chain in chains],
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
