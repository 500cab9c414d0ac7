"""The page of a shootout: while it renders, and what it shows afterwards."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from gear.models import SignalChain
from jobs.models import Job
from jobs.tests.running import run_until_idle
from shootouts.models import DITrack, Segment, Shootout
from shootouts.models.shootout import SegmentState, ShootoutState
from shootouts.pages.tests.pages import HTMX, detail_url
from shootouts.services.shootouts import shootout_render
from shootouts.tests.factories import make_shootout


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
        assert (
            f'data-socket="/ws/jobs/{Job.objects.get(kind="shootouts.render_shootout").uuid}/"'
            in text
        )
        assert "data-cancel" in text
        assert "Re-render" not in text

    def test_cancelling_leaves_a_page_that_says_so(
        self, client: Client, alice: User, queued: Shootout
    ) -> None:
        client.force_login(alice)
        client.post(reverse("shootout-cancel", args=[queued.uuid]))
        run_until_idle()
        text = client.get(detail_url(queued)).content.decode()
        assert "The last render was canceled" in text
        assert "Re-render" in text
        assert "Resume" in text
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
        assert "Retry what failed" in text
        client.force_login(charlie)
        assert client.post(reverse("shootout-retry", args=[queued.uuid])).status_code == 404

        Segment.objects.filter(pk=segment.pk).update(sources=_sources_of_another(segment))
        client.force_login(alice)
        client.post(reverse("shootout-retry", args=[queued.uuid]))
        run_until_idle()
        queued.refresh_from_db()
        assert queued.state == ShootoutState.COMPLETED
        assert "Retry what failed" not in client.get(detail_url(queued)).content.decode()

    def test_others_poll_instead_and_see_no_errors(
        self, client: Client, charlie: User, rendered: Shootout
    ) -> None:
        Shootout.objects.update(visibility="public")
        rendered.refresh_from_db()
        shootout_render(shootout=rendered)
        Job.objects.filter(kind="shootouts.render_shootout").update(
            error_code="X", error_message="operators only"
        )
        client.force_login(charlie)
        text = client.get(detail_url(rendered)).content.decode()
        assert "data-socket" not in text
        assert "data-snapshot" in text
        assert "operators only" not in text
        assert "data-cancel" not in text

    def test_who_polls_gets_what_the_page_shows(
        self, client: Client, alice: User, charlie: User, queued: Shootout
    ) -> None:
        url = reverse("shootout-snapshot", args=[queued.uuid])
        client.force_login(alice)
        told = client.get(url).json()
        assert told["type"] == "snapshot"
        assert told["summary"]["headline"] == "In queue"
        assert (told["manifest"], told["video"]) == (None, None)
        assert "In queue" in client.get(detail_url(queued)).content.decode()
        run_until_idle()
        told = client.get(url).json()
        assert (told["state"], told["summary"]["headline"]) == ("completed", "Done")
        assert [child["state_label"] for child in told["children"]] == ["Done"] * 3
        queued.refresh_from_db()
        assert queued.published_render is not None
        assert told["manifest"] == str(queued.published_render.manifest.uuid)
        # No one is asked to log in for what is not there, and no one learns that it is.
        client.logout()
        assert client.get(url).status_code == 401
        client.force_login(charlie)
        assert client.get(url).status_code == 404

    def test_the_player_stands_between_the_headline_and_the_steps(
        self, client: Client, alice: User, rendered: Shootout
    ) -> None:
        shootout_render(shootout=rendered)
        client.force_login(alice)
        text = client.get(detail_url(rendered)).content.decode()
        places = [text.index(mark) for mark in ("data-headline", "data-player", "data-jobs")]
        assert places == sorted(places)


class TestResult:
    pytestmark = pytest.mark.django_db(transaction=True)

    def test_the_page_has_player_level_report_and_downloads(
        self, client: Client, alice: User, rendered: Shootout
    ) -> None:
        client.force_login(alice)
        answer = client.get(detail_url(rendered))
        text = answer.content.decode()
        assert text.count('class="lane"') == 2
        assert "Level-matched" in text
        assert "by alice, CC0-1.0" in text
        assert text.count("earlier, polarity kept<small") == 2
        data = answer.context["player_data"]()
        assert [segment["contender"] for segment in data["segments"]] == [0, 1]
        for segment in data["segments"]:
            assert client.get(segment["url"]).status_code == 200
        for download in answer.context["downloads"]():
            assert download.url in text
            assert client.get(download.url).status_code == 200

    def test_it_reads_the_manifest_and_survives_the_deletion_of_everything_else(
        self, client: Client, alice: User, rendered: Shootout
    ) -> None:
        client.force_login(alice)
        before = client.get(detail_url(rendered)).context["player_data"]()
        SignalChain.objects.all().delete()
        DITrack.objects.all().delete()
        after = client.get(detail_url(rendered))
        assert after.status_code == 200
        assert after.context["player_data"]() == before

    def test_published_is_for_everybody_and_private_again_for_no_one(
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
        assert 'hx-trigger="every 5s, poll"' in text
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


def _sources_of_another(segment: Segment) -> dict[str, str]:
    sources: dict[str, str] = Segment.objects.exclude(pk=segment.pk)[0].sources
    return sources
