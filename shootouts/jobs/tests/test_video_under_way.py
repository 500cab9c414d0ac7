"""The audio is published and its video still being made: what people may do meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from accounts.models import User
from jobs.models import Job, JobState
from jobs.pipeline.errors import PipelineError
from jobs.queue.runner import run_job
from jobs.services import job_cancel
from jobs.tests.running import run_until_idle
from shootouts.models import Render, RenderedFile, Shootout
from shootouts.models.media import RenderedFileKind
from shootouts.pages.tests.pages import detail_url
from shootouts.services.renders import rendered_file_store
from shootouts.services.shootouts import shootout_delete, shootout_render, shootout_retry
from shootouts.tests.factories import make_shootout

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shootout(alice: User) -> Shootout:
    """Everything of it is done but the video, whose job is queued."""
    shootout = make_shootout(alice, options={"has_video": True})
    shootout_render(shootout=shootout)
    while job := _next_job():
        run_job(job.uuid)
    shootout.refresh_from_db()
    assert shootout.state == "completed"
    return shootout


def _next_job() -> Job | None:
    queued = Job.objects.filter(state=JobState.QUEUED).exclude(kind="shootouts.make_video")
    return queued.order_by("queued_at", "id").first()


def _video_job() -> Job:
    return Job.objects.filter(kind="shootouts.make_video").latest("id")


def test_a_new_render_stops_the_video_of_the_old_one(shootout: Shootout) -> None:
    old = _video_job()
    shootout_render(shootout=shootout)
    old.refresh_from_db()
    assert old.state == "cancelled"
    assert old.parent is not None
    assert old.parent.state == "cancelled"
    shootout.refresh_from_db()
    assert shootout.state == "queued"  # the end of the old one changes nothing
    while job := _next_job():
        run_job(job.uuid)
    shootout.refresh_from_db()
    assert (shootout.state, shootout.renders.count()) == ("completed", 2)


def test_deleting_stops_the_video(shootout: Shootout) -> None:
    video = _video_job()
    shootout_delete(shootout=shootout)
    video.refresh_from_db()
    assert video.state == "cancelled"
    assert run_until_idle() == 0


def test_a_video_that_comes_too_late_is_not_stored(shootout: Shootout, tmp_path: Path) -> None:
    """It was a database error, and the notification an offer to open what is gone."""
    render = Render.objects.select_related("shootout").get()
    shootout.delete()
    file = tmp_path / "late.mp4"
    file.write_bytes(b"video")
    with pytest.raises(PipelineError, match="deleted") as raised:
        rendered_file_store(render=render, kind=RenderedFileKind.VIDEO, path=file, name="late.mp4")
    assert (raised.value.code, raised.value.is_permanent) == ("GONE", True)
    folder = f"renders/{shootout.uuid}/v1"
    assert not default_storage.exists(folder) or default_storage.listdir(folder)[1] == []


def test_a_canceled_video_can_be_made_after_all(
    shootout: Shootout, client: Client, alice: User
) -> None:
    client.force_login(alice)
    page = client.get(detail_url(shootout)).content.decode()
    assert "Cancel the video" in page
    assert "Re-render" not in page  # while the other is offered
    job_cancel(job=_video_job())
    page = client.get(detail_url(shootout)).content.decode()
    assert "Make the video" in page
    assert "Re-render" in page

    root = shootout_retry(shootout=Shootout.objects.get())
    run_until_idle()
    kinds = sorted(root.children.values_list("kind", flat=True))
    assert kinds == ["shootouts.finalize_shootout", "shootouts.make_video"]  # no segment again
    assert RenderedFile.objects.filter(kind="video").count() == 1
    assert "Make the video" not in client.get(detail_url(shootout)).content.decode()


def test_who_is_logged_out_is_told_so_by_every_part(shootout: Shootout, client: Client) -> None:
    """Issue 11: a page that was open said that its shootout had been deleted."""
    for part in ("progress", "listen", "steps", "result", "film", "toolbar"):
        url = f"{detail_url(shootout)}parts/{part}/"
        assert client.get(url, headers={"X-Poll": "true"}).status_code == 401, part
        assert client.get(url).status_code == 404, part
