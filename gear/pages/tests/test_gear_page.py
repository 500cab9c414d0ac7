"""The list of gear and the page of a piece of it, for its owner, for others, without a login."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from gear.models import Capture, GearItem, LibraryEntry, Tag
from gear.services.captures import gear_upload
from gear.tests.factories import make_capture, make_chain, nam_bytes, upload_of, wav_bytes
from jobs.tests.running import run_until_idle

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/gear/"


def page_of(capture: Capture) -> str:
    return reverse("gear-item", args=[capture.gear.uuid])


def text_of(client: Client, address: str, **given: Any) -> str:
    answer = client.get(address, given)
    assert answer.status_code == 200
    return answer.content.decode()


def upload(owner: User, content: bytes, name: str) -> Capture:
    capture, _ = gear_upload(owner=owner, upload=upload_of(content, name))
    run_until_idle()
    capture.refresh_from_db()
    return capture


def test_without_a_login_shared_gear_is_read_and_nothing_else(client: Client, alice: User) -> None:
    shared, own = make_capture(alice, is_shared=True), make_capture(alice, name="Secret")
    assert client.get(page_of(own)).status_code == 404
    listed = text_of(client, LIST)
    assert page_of(shared) in listed
    assert "Secret" not in listed
    text = text_of(client, page_of(shared))
    assert "noindex" not in text
    assert 'name="licence"' not in text
    assert 'name="tags"' not in text
    assert "csrfmiddlewaretoken" not in text
    make_capture(alice, name="Unchecked", is_shared=True, state="pending")
    assert "Unchecked" not in text_of(client, LIST)


def test_ones_own_is_not_for_search_engines(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert '<meta name="robots" content="noindex">' in text_of(client, page_of(make_capture(alice)))


def test_a_model_shows_its_levels_and_whether_it_is_verified(client: Client, alice: User) -> None:
    said: dict[str, Any] = {
        "loudness": -18.5,
        "input_level_dbu": 12.2,
        "gain": 0.43,
        "tone_type": "hi_gain",
    }
    client.force_login(alice)
    text = text_of(client, page_of(upload(alice, nam_bytes(**said), "amp.nam")))
    for shown in ("12.2 dBu at 0 dBFS", "−18.5 dB", "0.43 of 1", "hi gain", "48 kHz"):
        assert shown in text
    assert '<dt>Output level</dt><dd class="num">not stated</dd>' in text


def test_an_impulse_response_is_drawn_and_can_be_heard(client: Client, alice: User) -> None:
    cab = upload(alice, wav_bytes(num_frames=4_800), "cab.wav")
    client.force_login(alice)
    text = text_of(client, page_of(cab))
    assert 'class="curve"' in text
    assert 'class="waveform"' in text
    # The tone of the file: 48 kHz ÷ 10π.
    assert "loudest around 1600 Hz" in text
    assert f'data-listen="{reverse("api-capture-preview", args=[cab.uuid])}"' in text
    Capture.objects.filter(pk=cab.pk).update(info={})  # by an earlier version
    assert 'class="curve"' not in text_of(client, page_of(cab))


def test_what_people_keep_about_gear_is_theirs_alone(
    client: Client, alice: User, charlie: User
) -> None:
    capture = make_capture(alice, is_shared=True)
    note = reverse("gear-note", args=[capture.gear.uuid])
    client.force_login(charlie)
    values = {
        f"nickname-{capture.uuid}": "The loud one",
        f"favorite-{capture.uuid}": "on",
        "tags": " crunch, british ,, Crunch",
    }
    assert client.post(note, values)["Location"] == page_of(capture)
    entry = LibraryEntry.objects.get()
    assert (entry.user, entry.nickname, entry.is_favorite) == (charlie, "The loud one", True)
    assert set(Tag.objects.values_list("owner__username", "name")) == {
        ("charlie", "crunch"),
        ("charlie", "british"),
    }
    text = text_of(client, page_of(capture))
    assert 'value="The loud one"' in text
    assert 'value="british, crunch"' in text
    client.force_login(alice)
    text = text_of(client, page_of(capture))
    assert "The loud one" not in text
    assert "british" not in text
    client.force_login(charlie)
    client.post(note, {"tags": ""})
    entry.refresh_from_db()
    assert (entry.nickname, entry.is_favorite) == ("", False)
    assert "crunch" not in text_of(client, page_of(capture))


def test_a_tag_that_is_too_long_is_told_beside_its_field(client: Client, alice: User) -> None:
    capture = make_capture(alice)
    client.force_login(alice)
    answer = client.post(reverse("gear-note", args=[capture.gear.uuid]), {"tags": "x" * 51})
    assert answer.status_code == 422
    assert 'id="note_tags_error"' in answer.content.decode()
    assert not LibraryEntry.objects.exists()


def test_the_list_is_narrowed(client: Client, alice: User, charlie: User) -> None:
    amp, cab = make_capture(alice, name="Plexi"), make_capture(alice, "cab", name="V30")
    shared = make_capture(charlie, name="Deluxe", is_shared=True)
    client.force_login(alice)
    client.post(
        reverse("gear-note", args=[cab.gear.uuid]),
        {f"favorite-{cab.uuid}": "on", "tags": "dark"},
    )

    def found(**given: str) -> set[str]:
        text = text_of(client, LIST, **given)
        return {c.gear.name for c in (amp, cab, shared) if f'id="row-{c.uuid}"' in text}

    assert found() == {"Plexi", "V30", "Deluxe"}
    assert found(scope="own") == {"Plexi", "V30"}
    assert found(scope="shared") == {"Deluxe"}
    assert found(scope="favorites") == {"V30"}
    assert found(kind="amp") == {"Plexi", "Deluxe"}
    assert found(q="plexy") == {"Plexi"}
    assert found(tag="Dark") == {"V30"}
    assert found(kind="banjo") == {"Plexi", "V30", "Deluxe"}
    assert found(q="zzyzx") == set()


def test_pages_of_a_narrowed_list_stay_narrowed(client: Client, alice: User) -> None:
    for number in range(25):
        make_capture(alice, name=f"Amp {number}")
    client.force_login(alice)
    assert 'href="?kind=amp&amp;page=2"' in text_of(client, LIST, kind="amp")


def test_it_leads_to_what_stands_before_and_after_it(
    client: Client, alice: User, charlie: User
) -> None:
    oldest = make_capture(alice, name="One")
    make_capture(charlie, name="Not to be seen")
    middle, newest = make_capture(alice, name="Two"), make_capture(alice, name="Three")
    GearItem.objects.filter(pk=newest.gear_id).update(created_at=middle.gear.created_at)
    client.force_login(alice)
    text = text_of(client, page_of(middle))
    assert f'rel="prev" href="{page_of(newest)}"' in text
    assert f'rel="next" href="{page_of(oldest)}"' in text
    assert 'rel="prev"' not in text_of(client, page_of(newest))


def test_the_list_takes_the_same_queries_however_long(client: Client, alice: User) -> None:
    client.force_login(alice)

    def num_queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(LIST)
        return len(captured)

    make_capture(alice, name="First")
    few = num_queries()
    for number in range(10):
        make_capture(alice, name=f"Amp {number}")
    assert num_queries() == few


def test_it_says_in_which_chains_it_stands(client: Client, alice: User, charlie: User) -> None:
    chain = make_chain(alice, "Plexi + V30")
    amp = chain.blocks.get(slot="amp").capture
    assert amp is not None
    client.force_login(alice)
    assert reverse("chain-detail", args=[chain.uuid]) in text_of(client, page_of(amp))
    GearItem.objects.update(is_shared=True)
    client.force_login(charlie)
    assert "Plexi + V30" not in text_of(client, page_of(amp))
