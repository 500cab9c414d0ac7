"""The pages of shootouts and DI tracks: who sees what, what is kept, what is shown."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from gear.models import SignalChain
from gear.models.item import FileStatus
from jobs.models import Job
from jobs.states import JobState
from jobs.tests.running import run_until_idle
from shootouts.models import Contender, DITrack, Segment, Shootout, ShootoutDI
from shootouts.models.shootout import SegmentState, ShootoutState
from shootouts.services.shootouts import shootout_render
from shootouts.tests.factories import make_shootout, plucked, wav_bytes

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}
OPTIONS = {
    "visibility": "private",
    "playback_order": "sequential",
    "slice_s": "4",
    "target_loudness_lufs": "-14",
    "input_mode": "auto",
    "theme": "dark",
}


def make_track(owner: User, name: str = "Riff") -> DITrack:
    return DITrack.objects.create(
        owner=owner,
        name=name,
        file=f"di/{name}",
        file_name=f"{name}.wav",
        sha256=uuid4().hex * 2,
        size_bytes=10,
        status=FileStatus.READY,
        duration_s=12.5,
        info={"waveform": [0.1, 0.5, 0.2]},
    )


def make_draft(owner: User, **values: Any) -> Shootout:
    return Shootout.objects.create(owner=owner, **{"title": "Amps", **values})


def detail_url(shootout: Shootout) -> str:
    return reverse("shootout-detail", args=[shootout.uuid])


@pytest.fixture
def rendered(transactional_db: None, alice: User) -> Shootout:
    """Rendered by the real pipeline, private."""
    shootout = make_shootout(alice, title="Quiet against loud")
    shootout_render(shootout=shootout)
    run_until_idle()
    shootout.refresh_from_db()
    assert shootout.state == ShootoutState.COMPLETED
    return shootout


class TestAccess:
    pytestmark = pytest.mark.django_db

    @pytest.mark.parametrize("name", ["shootout-mine", "shootout-new", "di-list"])
    def test_own_pages_want_a_login(self, client: Client, name: str) -> None:
        answer = client.get(reverse(name))
        assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={reverse(name)}")

    def test_a_private_shootout_does_not_exist_for_others(
        self, client: Client, alice: User, charlie: User
    ) -> None:
        shootout = make_draft(alice)
        urls = [
            detail_url(shootout),
            *(
                reverse("shootout-part", args=[shootout.uuid, part])
                for part in ("progress", "result", "film", "toolbar")
            ),
        ]
        for url in urls:
            assert client.get(url).status_code == 404
        client.force_login(charlie)
        for url in urls:
            assert client.get(url).status_code == 404
        client.force_login(alice)
        for url in urls:
            assert client.get(url).status_code == 200

    @pytest.mark.parametrize("action", ["render", "cancel", "settings", "delete"])
    def test_only_the_owner_acts(
        self, client: Client, alice: User, charlie: User, action: str
    ) -> None:
        shootout = make_draft(alice, visibility="public")
        url = reverse(f"shootout-{action}", args=[shootout.uuid])
        assert client.post(url)["Location"].startswith("/login/")
        client.force_login(charlie)
        assert client.post(url).status_code == 404
        assert client.get(url).status_code == 405
        assert Shootout.objects.get().title == "Amps"

    def test_a_part_that_does_not_exist_is_not_found(self, client: Client, alice: User) -> None:
        client.force_login(alice)
        url = reverse("shootout-part", args=[make_draft(alice).uuid, "secrets"])
        assert client.get(url).status_code == 404

    def test_tracks_of_others_do_not_exist(
        self, client: Client, alice: User, charlie: User
    ) -> None:
        track = make_track(alice)
        client.force_login(charlie)
        assert track.name not in client.get(reverse("di-list")).content.decode()
        assert client.get(reverse("di-row", args=[track.uuid])).status_code == 404
        assert client.post(reverse("di-delete", args=[track.uuid])).status_code == 404
        client.force_login(alice)
        assert track.name in client.get(reverse("di-list")).content.decode()
        assert client.post(reverse("di-delete", args=[track.uuid])).status_code == 302
        assert not DITrack.objects.exists()

    def test_a_rejected_upload_is_told_to_its_owner_only(
        self, client: Client, alice: User, charlie: User
    ) -> None:
        job = Job.objects.create(
            kind="di.inspect",
            owner=alice,
            state=JobState.FAILED,
            label="take 1",
            error_code="DI_SILENT",
            error_message="This recording is silent.",
        )
        url = f"{reverse('di-row', args=[uuid4()])}?job={job.uuid}"
        client.force_login(charlie)
        assert client.get(url).status_code == 404
        client.force_login(alice)
        assert "This recording is silent." in client.get(url).content.decode()


class TestWorkbench:
    pytestmark = pytest.mark.django_db

    def test_it_offers_what_is_ones_own(self, client: Client, alice: User, charlie: User) -> None:
        make_track(alice, "Alice plays")
        make_track(charlie, "Charlie plays")
        SignalChain.objects.create(owner=alice, name="Alice's amp")
        client.force_login(alice)
        text = client.get(reverse("shootout-new")).content.decode()
        assert "Alice plays" in text
        assert "Alice&#x27;s amp" in text
        assert "Charlie plays" not in text

    def test_what_is_missing_is_said_and_what_was_chosen_is_kept(
        self, client: Client, alice: User
    ) -> None:
        track = make_track(alice)
        client.force_login(alice)
        data = {
            **OPTIONS,
            "title": "Kept title",
            "slice_s": "99",
            "visibility": "public",
            "di_track_ids": [track.uuid],
        }
        answer = client.post(reverse("shootout-new"), data)
        assert answer.status_code == 422
        text = answer.content.decode()
        assert 'value="Kept title"' in text
        assert 'id="id_slice_s_error"' in text
        assert re.search(rf'value="{track.uuid}"[^>]*checked', text)
        assert re.search(r'value="public"[^>]*checked', text)
        data["slice_s"] = "4"
        answer = client.post(reverse("shootout-new"), data)
        assert answer.status_code == 422
        assert "2 to 27 chains" in answer.content.decode()
        assert not Shootout.objects.exists()

    def test_ids_that_are_none_are_not_found(self, client: Client, alice: User) -> None:
        client.force_login(alice)
        data = {**OPTIONS, "chain_ids": ["../../etc/passwd"]}
        assert client.post(reverse("shootout-new"), data).status_code == 404

    def test_the_line_up_gives_the_order_and_the_title(self, client: Client, alice: User) -> None:
        track = make_track(alice)
        first, second = (
            SignalChain.objects.create(owner=alice, name=name) for name in ("First", "Second")
        )
        client.force_login(alice)
        data = {
            **OPTIONS,
            "di_track_ids": [track.uuid],
            "chain_ids": [first.uuid, second.uuid],
            "chain_order": f"{second.uuid},{first.uuid}",
        }
        answer = client.post(reverse("shootout-new"), data)
        shootout = Shootout.objects.get()
        assert (answer.status_code, answer["Location"]) == (302, detail_url(shootout))
        assert shootout.title == "Second vs First"
        assert [contender.label for contender in shootout.contenders.all()] == ["Second", "First"]
        # These chains are empty, so it stays a draft, and its page says why.
        assert shootout.state == ShootoutState.DRAFT
        text = client.get(answer["Location"]).content.decode()
        assert "notice--error" in text

    def test_a_recording_uploaded_there_may_be_picked_there(
        self, client: Client, alice: User
    ) -> None:
        client.force_login(alice)
        file = SimpleUploadedFile("take.wav", wav_bytes(plucked()))
        answer = client.post(reverse("di-upload"), {"file": file, "pick": "1"}, **HTMX)
        assert answer.status_code == 200
        track = DITrack.objects.get()
        text = answer.content.decode()
        assert 'hx-swap-oob="afterbegin:#track-list"' in text
        assert re.search(rf'value="{track.uuid}"[^>]*disabled', text)
        DITrack.objects.update(status=FileStatus.READY)
        row = client.get(f"{reverse('di-row', args=[track.uuid])}?pick=1").content.decode()
        assert re.search(rf'value="{track.uuid}"[^>]*checked', row)

    @pytest.mark.parametrize(
        ("name", "content"),
        [("notes.txt", b"hello"), ("take.wav", b"hello, no sound here"), ("take.wav", b"")],
    )
    def test_a_refused_recording_keeps_what_was_typed(
        self, client: Client, alice: User, name: str, content: bytes
    ) -> None:
        client.force_login(alice)
        data = {"file": SimpleUploadedFile(name, content), "guitar": "Telecaster"}
        answer = client.post(reverse("di-upload"), data, **HTMX)
        assert answer.status_code == 422
        text = answer.content.decode()
        assert 'id="di_file_error"' in text
        assert 'value="Telecaster"' in text
        assert not DITrack.objects.exists()


class TestWhileRendering:
    pytestmark = pytest.mark.django_db(transaction=True)

    @pytest.fixture
    def queued(self, transactional_db: None, alice: User) -> Shootout:
        shootout = make_shootout(alice)
        shootout_render(shootout=shootout)
        return shootout

    def test_the_owner_gets_the_socket_and_a_way_out(
        self, client: Client, alice: User, queued: Shootout
    ) -> None:
        client.force_login(alice)
        text = client.get(detail_url(queued)).content.decode()
        assert f'data-socket="/ws/jobs/{Job.objects.get(kind="shootout.render").uuid}/"' in text
        assert "Cancel the render" in text
        assert "Render again" not in text

    def test_cancelling_leaves_a_page_that_says_so(
        self, client: Client, alice: User, queued: Shootout
    ) -> None:
        client.force_login(alice)
        client.post(reverse("shootout-cancel", args=[queued.uuid]))
        run_until_idle()
        text = client.get(detail_url(queued)).content.decode()
        assert "The last render was cancelled" in text
        assert "Render again" in text
        # A second time there is nothing to stop: a sentence, not an error page.
        again = client.post(reverse("shootout-cancel", args=[queued.uuid]), follow=True)
        assert again.status_code == 200
        assert "notice--error" in again.content.decode()

    def test_a_failed_segment_gives_its_reason(
        self, client: Client, alice: User, charlie: User, queued: Shootout
    ) -> None:
        segment = Segment.objects.first()
        assert segment is not None
        Segment.objects.filter(pk=segment.pk).update(sources={"0" * 64: "not/there"})
        run_until_idle()
        queued.refresh_from_db()
        assert queued.state == ShootoutState.PARTIAL
        segment.refresh_from_db()
        assert segment.state == SegmentState.FAILED
        client.force_login(alice)
        text = client.get(detail_url(queued)).content.decode()
        assert "Some of it could not be rendered." in text
        assert text.count(segment.error_message) >= 2  # above, and in its lane

    def test_others_poll_instead_and_see_no_errors(
        self, client: Client, charlie: User, rendered: Shootout
    ) -> None:
        Shootout.objects.update(visibility="public")
        rendered.refresh_from_db()
        shootout_render(shootout=rendered)
        Job.objects.filter(kind="shootout.render").update(
            error_code="X", error_message="operators only"
        )
        client.force_login(charlie)
        text = client.get(detail_url(rendered)).content.decode()
        assert "data-socket" not in text
        assert 'hx-trigger="every 3s"' in text
        assert "operators only" not in text
        assert "Cancel the render" not in text


class TestResult:
    pytestmark = pytest.mark.django_db(transaction=True)

    def test_the_page_has_player_papers_and_downloads(
        self, client: Client, alice: User, rendered: Shootout
    ) -> None:
        client.force_login(alice)
        answer = client.get(detail_url(rendered))
        text = answer.content.decode()
        assert text.count('class="lane"') == 2
        assert "Level-matched" in text
        assert "by alice, CC0-1.0" in text
        assert text.count("samples earlier") == 2
        data = answer.context["player_data"]
        assert [segment["contender"] for segment in data["segments"]] == [0, 1]
        for segment in data["segments"]:
            assert client.get(segment["url"]).status_code == 200
        for download in answer.context["downloads"]:
            assert download.url in text
            assert client.get(download.url).status_code == 200

    def test_it_reads_the_manifest_and_survives_the_deletion_of_everything_else(
        self, client: Client, alice: User, rendered: Shootout
    ) -> None:
        client.force_login(alice)
        before = client.get(detail_url(rendered)).context["player_data"]
        SignalChain.objects.all().delete()
        DITrack.objects.all().delete()
        after = client.get(detail_url(rendered))
        assert after.status_code == 200
        assert after.context["player_data"] == before

    def test_published_is_for_everybody_and_private_again_for_nobody(
        self, client: Client, alice: User, rendered: Shootout
    ) -> None:
        client.force_login(alice)
        url = reverse("shootout-settings", args=[rendered.uuid])
        for visibility, status in (("public", 200), ("unlisted", 200), ("private", 404)):
            data = {"title": rendered.title, "visibility": visibility}
            assert client.post(url, data).status_code == 302
            stranger = Client()
            page = stranger.get(detail_url(rendered))
            assert page.status_code == status
            listed = stranger.get(reverse("shootout-public")).content.decode()
            assert (rendered.title in listed) == (visibility == "public")
            if status == 200:
                text = page.content.decode()
                assert ("noindex" in text) == (visibility == "unlisted")
                assert "Only you see this" not in text

    def test_home_plays_the_newest_public_shootout(
        self, client: Client, rendered: Shootout
    ) -> None:
        text = client.get(reverse("home")).content.decode()
        assert "data-player" not in text
        assert 'hx-trigger="every 5s"' in text
        Shootout.objects.update(visibility="public")
        text = client.get(reverse("home")).content.decode()
        assert "data-player" in text
        assert "every 5s" not in text
        part = client.get(reverse("home"), **HTMX).content.decode()
        assert "data-player" in part
        assert "<html" not in part

    def test_a_wrong_setting_keeps_what_was_typed(
        self, client: Client, alice: User, rendered: Shootout
    ) -> None:
        client.force_login(alice)
        url = reverse("shootout-settings", args=[rendered.uuid])
        answer = client.post(
            url, {"title": "", "description": "Still here", "visibility": "public"}
        )
        assert answer.status_code == 422
        assert "Still here" in answer.content.decode()
        rendered.refresh_from_db()
        assert rendered.visibility == "private"

    def test_the_owner_deletes_it(self, client: Client, alice: User, rendered: Shootout) -> None:
        client.force_login(alice)
        answer = client.post(reverse("shootout-delete", args=[rendered.uuid]))
        assert answer["Location"] == reverse("shootout-mine")
        assert not Shootout.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["shootout-public", "shootout-mine"])
def test_lists_take_the_same_queries_however_long(client: Client, alice: User, name: str) -> None:
    client.force_login(alice)
    track = make_track(alice)
    chain = SignalChain.objects.create(owner=alice, name="Amp")
    counts = []
    for num_shootouts in (1, 7):
        while Shootout.objects.count() < num_shootouts:
            shootout = make_draft(alice, visibility="public", published_at="2026-01-01T00:00Z")
            ShootoutDI.objects.create(shootout=shootout, di_track=track, position=0)
            Contender.objects.create(shootout=shootout, chain=chain, position=0, label="Amp")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse(name)).content.decode().count("catalogue__item") >= 1
        counts.append(len(queries))
    assert counts[0] == counts[1]
