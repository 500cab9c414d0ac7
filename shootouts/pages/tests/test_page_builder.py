"""The page of the builder as the server gives it, and the demo's material to begin with."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.services import user_get_or_create_demo
from gear.models import GearItem
from gear.models.item import FileState, GearSource
from gear.tests.factories import make_capture
from jobs.models import Job
from shootouts.models import DITrack
from shootouts.pages.tests.pages import HTMX, make_track
from shootouts.tests.factories import plucked, wav_bytes

pytestmark = pytest.mark.django_db


def _given(client: Client) -> dict[str, Any]:
    """What the page gives its script."""
    text = client.get(reverse("shootout-new")).content.decode()
    [found] = re.findall(r'<script id="builder-data" [^>]*>(.*?)</script>', text, re.S)
    data: dict[str, Any] = json.loads(found)
    return data


def _make_demo() -> DITrack:
    """Five amps and two cabs that are shared, and a DI track that only the demo user has."""
    owner = user_get_or_create_demo()
    for number in range(5):
        make_capture(owner, name=f"Amp {number}", is_shared=True)
    for number in range(2):
        make_capture(owner, kind="cab", name=f"Cab {number}", is_shared=True)
    GearItem.objects.update(source=GearSource.DEMO)
    track = make_track(owner, "Undertow")
    content = wav_bytes(plucked())
    track.file.save("undertow.wav", ContentFile(content))
    sha256 = hashlib.sha256(content).hexdigest()
    DITrack.objects.update(sha256=sha256, size_bytes=len(content), guitar="Telecaster")
    return track


def test_the_script_is_told_the_grammar_of_chains(client: Client, alice: User) -> None:
    client.force_login(alice)
    data = _given(client)
    assert [slot["name"] for slot in data["slots"]] == ["pre", "amp", "loop", "cab", "post"]
    names = {
        kind: [each["name"] for each in (*given["numbers"], *given["switches"])]
        for kind, given in data["parameters"].items()
    }
    assert names["cab"] == ["gain_db", "delay_ms", "is_inverted", "is_aligned"]
    assert names["extra_ir"] == ["gain_db", "delay_ms", "is_inverted"]
    assert (data["max_contenders"], data["max_di_tracks"]) == (27, 8)


def test_who_has_something_is_not_shown_how_to_begin(
    client: Client, alice: User, charlie: User
) -> None:
    make_track(charlie)
    client.force_login(alice)
    assert _given(client)["has_material"] is False
    make_track(alice)
    assert _given(client)["has_material"] is True


def test_without_scripts_the_page_leads_to_chains(client: Client, alice: User) -> None:
    client.force_login(alice)
    text = client.get(reverse("shootout-new")).content.decode()
    [said] = re.findall(r"<noscript>(.*?)</noscript>", text, re.S)
    assert "needs JavaScript" in said
    assert reverse("chain-list") in said


class TestDemoMaterial:
    url = "/shootouts/new/demo/"

    def test_a_track_is_copied_once_and_three_of_a_kind_are_named(
        self, client: Client, alice: User
    ) -> None:
        source = _make_demo()
        client.force_login(alice)
        answers = [client.post(self.url) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].json() == answers[1].json()
        own = DITrack.objects.get(owner=alice)
        assert (own.name, own.guitar, own.state) == ("Undertow", "Telecaster", FileState.PENDING)
        assert own.file.name != source.file.name
        assert Job.objects.filter(owner=alice).count() == 1
        material = answers[0].json()
        assert material["di_track_id"] == str(own.uuid)
        assert len(material["capture_ids"]) == 5

    def test_it_is_offered_only_where_there_is_a_demo(self, client: Client, alice: User) -> None:
        client.force_login(alice)
        page = reverse("shootout-new")
        assert 'data-do="demo"' not in client.get(page).content.decode()
        assert client.post(self.url).status_code == 404
        _make_demo()
        assert 'data-do="demo"' in client.get(page).content.decode()


@pytest.mark.parametrize(
    ("name", "content"),
    [("notes.txt", b"hello"), ("take.wav", b"hello, no sound here"), ("take.wav", b"")],
)
def test_a_refused_recording_keeps_what_was_typed(
    client: Client, alice: User, name: str, content: bytes
) -> None:
    client.force_login(alice)
    data = {"file": SimpleUploadedFile(name, content), "guitar": "Telecaster"}
    answer = client.post(reverse("di-upload"), data, **HTMX)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert 'id="di_file_error"' in text
    assert 'value="Telecaster"' in text
    assert not DITrack.objects.exists()
