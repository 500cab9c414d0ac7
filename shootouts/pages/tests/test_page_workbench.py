"""The workbench: tracks, chains and options become a shootout."""

from __future__ import annotations

import html
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from gear.models import SignalChain
from gear.models.item import FileState
from jobs.pipeline.vocabulary.options import SHOOTOUT_OPTIONS, SwitchOption
from shootouts.models import DITrack, Shootout
from shootouts.models.shootout import ShootoutState
from shootouts.pages.tests.pages import HTMX, detail_url, make_track
from shootouts.tests.factories import plucked, wav_bytes

OPTIONS = {
    "visibility": "private",
    **{
        option.name: str(option.default)
        for option in SHOOTOUT_OPTIONS
        if not isinstance(option, SwitchOption)
    },
}

CHOICES = "/shootouts/new/chains/"


def _offered(page: str) -> list[str]:
    """Names of chains to tick, in their order."""
    return re.findall(r'name="chain_ids"[^>]*data-name="([^"]+)"', page)


def _more(page: str) -> str:
    """The address that follows."""
    [address] = re.findall(r'hx-get="(/shootouts/new/[^"]+)"', page)
    return html.unescape(address)


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
        DITrack.objects.update(state=FileState.READY)
        row = client.get(f"{reverse('di-row', args=[track.uuid])}?pick=1").content.decode()
        assert re.search(rf'value="{track.uuid}"[^>]*checked', row)

    def test_it_offers_the_newest_and_finds_the_others(
        self, client: Client, alice: User, charlie: User
    ) -> None:
        chains = [SignalChain.objects.create(owner=alice, name=f"No. {n}") for n in range(30)]
        SignalChain.objects.create(owner=charlie, name="No. 1 of Charlie")
        client.force_login(alice)
        page = client.get(reverse("shootout-new")).content.decode()
        assert _offered(page) == [f"No. {number}" for number in range(29, 5, -1)]
        # What is picked stays, whatever is looked for.
        given = {"find": "no 2", "chain_ids": str(chains[3].uuid)}
        found = client.get(CHOICES, given).content.decode()
        numbers = [3, *range(29, 19, -1), 12, 2]
        assert _offered(found) == [f"No. {number}" for number in numbers]
        assert re.search(rf'value="{chains[3].uuid}"[^>]*checked', found)
        assert "Show more" not in found
        nothing = client.get(CHOICES, {"find": "<nothing>"}).content.decode()
        assert "No results for “&lt;nothing&gt;”." in nothing

    def test_further_choices_follow_those_that_are_there(
        self, client: Client, alice: User, charlie: User
    ) -> None:
        chains = [SignalChain.objects.create(owner=alice, name=f"No. {n}") for n in range(60)]
        client.force_login(alice)
        first = client.get(CHOICES, {"chain_ids": str(chains[0].uuid)}).content.decode()
        SignalChain.objects.create(owner=alice, name="New")
        second = client.get(_more(first)).content.decode()
        third = client.get(_more(second)).content.decode()
        names = [*_offered(first), *_offered(second), *_offered(third)]
        assert names == ["No. 0", *(f"No. {number}" for number in range(59, 0, -1))]
        assert "Show more" not in third
        chains[36].delete()  # the last of those that are there
        assert _offered(client.get(_more(first)).content.decode()) == []
        # The choices of others do not exist.
        client.force_login(charlie)
        given = {"chain_ids": str(chains[5].uuid), "after": str(chains[5].uuid)}
        assert _offered(client.get(CHOICES, given).content.decode()) == []

    @pytest.mark.parametrize(
        ("kind", "given"),
        [("amps", {}), ("chains", {"after": "1"}), ("tracks", {"di_track_ids": "1"})],
    )
    def test_choices_that_do_not_exist_are_not_found(
        self, client: Client, alice: User, kind: str, given: dict[str, str]
    ) -> None:
        client.force_login(alice)
        assert client.get(reverse("shootout-choices", args=[kind]), given).status_code == 404

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
