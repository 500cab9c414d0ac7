"""The pages of shootouts and DI tracks: who sees what, and how much that costs."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from accounts.services import user_update
from gear.models import SignalChain
from jobs.models import Job, JobState
from shootouts.models import Contender, DITrack, Shootout, ShootoutDI
from shootouts.pages.tests.pages import HTMX, detail_url, make_draft, make_track


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
        gone = uuid4()
        Job.objects.create(
            kind="shootouts.inspect_di",
            owner=alice,
            state=JobState.FAILED,
            label="take 1",
            payload={"di_track": str(gone)},
            error_code="DI_SILENT",
            error_message="This DI track is silent.",
        )
        url = reverse("di-row", args=[gone])
        client.force_login(charlie)
        assert client.get(url).status_code == 404
        client.force_login(alice)
        assert "This DI track is silent." in client.get(url).content.decode()


@pytest.mark.django_db
def test_a_track_that_is_being_checked_asks_again(client: Client, alice: User) -> None:
    track = make_track(alice)
    DITrack.objects.update(state="pending")
    client.force_login(alice)
    row = reverse("di-row", args=[track.uuid])
    text = client.get(reverse("di-list")).content.decode()
    assert f'data-poll hx-get="{row}' in text
    # Nothing is known of it any more: it is not asked for again.
    DITrack.objects.all().delete()
    assert client.get(row, **HTMX).status_code == 404


@pytest.mark.django_db
def test_who_is_logged_out_keeps_what_was_typed_when_the_page_asks(client: Client) -> None:
    row = reverse("di-row", args=[uuid4()])
    asked = client.get(row, headers={"HX-Request": "true", "X-Poll": "true"})
    assert asked.status_code == 401
    assert "HX-Redirect" not in asked


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
            assert client.get(reverse(name)).content.decode().count("catalog__item") >= 1
        counts.append(len(queries))
    assert counts[0] == counts[1]


class TestInputLevels:
    pytestmark = pytest.mark.django_db

    @pytest.mark.parametrize("name", ["di-list", "di-record"])
    def test_a_new_track_begins_with_the_interface_that_was_chosen_last(
        self, client: Client, alice: User, name: str
    ) -> None:
        client.force_login(alice)
        assert "MOTU M2" not in client.get(reverse(name)).content.decode()
        user_update(user=alice, audio_interface="motu-m2/instrument")
        text = client.get(reverse(name)).content.decode()
        assert re.search(r'name="input_level_dbu" value="16.0"', text)
        assert 'value="MOTU M2, instrument"' in text

    def test_a_track_keeps_its_own_level(self, client: Client, alice: User) -> None:
        user_update(user=alice, audio_interface="motu-m2/instrument")
        client.force_login(alice)
        track = make_track(alice)
        url = reverse("di-detail", args=[track.uuid])
        assert "MOTU M2" not in client.get(url).content.decode()
        track.input_level_dbu = 16.0
        track.save()
        assert 'value="MOTU M2, instrument"' in client.get(url).content.decode()

    def test_an_interface_that_left_the_list_is_forgotten(
        self, client: Client, alice: User
    ) -> None:
        user_update(user=alice, audio_interface="gone-away/line")
        client.force_login(alice)
        assert client.get(reverse("di-list")).status_code == 200
