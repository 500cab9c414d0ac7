"""The self-test of a capture, from its upload to where people read of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_user
from gear.models import Capture
from gear.models.item import FileState
from gear.services.captures import gear_upload
from gear.tests.factories import make_capture, nam_bytes, upload_of, wav_bytes
from jobs.tests.running import run_until_idle

DEMO_CAPTURE = Path(__file__).parents[3] / "shootouts" / "demo" / "captures" / "bosun-45-crunch.nam"


def upload(owner: User, content: bytes, name: str = "amp.nam", kind: str = "amp") -> Capture:
    capture, _ = gear_upload(owner=owner, upload=upload_of(content, name), kind=kind)
    run_until_idle()
    capture.refresh_from_db()
    return capture


def altered(**metadata: Any) -> bytes:
    document = json.loads(DEMO_CAPTURE.read_text())
    document["metadata"].update(metadata)
    return json.dumps(document).encode()


def seen(owner: User, capture: Capture) -> tuple[str, Any, str]:
    """The row of the page, the self-test of the API, the cell of the admin."""
    client = Client()
    client.force_login(owner)
    page = client.get(reverse("capture-row", args=[capture.uuid])).content.decode()
    [answer] = client.get("/api/v1/captures/").json()["results"]
    operator = Client()
    operator.force_login(make_user("operator", is_staff=True, is_superuser=True))
    cells = operator.get("/admin/gear/capture/").content.decode()
    [_, cell] = cells.split('field-self_test">')
    return page, answer["self_test"], cell.split("<")[0]


@pytest.mark.django_db(transaction=True)
def test_a_capture_that_sounds_as_its_file_says_has_passed() -> None:
    owner = make_user()
    capture = upload(owner, DEMO_CAPTURE.read_bytes())
    page, answer, cell = seen(owner, capture)
    assert "Verified" in page
    assert ">NAM A1 lite<" in page
    assert answer == capture.info["self_test"]
    assert answer["outcome"] == "passed"
    assert cell.startswith("passed ")


@pytest.mark.django_db(transaction=True)
def test_one_that_does_not_is_flagged_and_usable() -> None:
    owner = make_user()
    capture = upload(owner, altered(loudness=-12.0))
    assert capture.state == FileState.READY
    page, answer, cell = seen(owner, capture)
    assert "−8.98 dB" in page
    assert "−12.00 dB" in page
    assert answer["outcome"] == "failed"
    assert answer["networks"][0]["difference_db"] == pytest.approx(3.019, abs=0.001)
    assert cell == "failed +3.0189 dB"


@pytest.mark.django_db(transaction=True)
def test_one_that_states_nothing_says_so() -> None:
    owner = make_user()
    page, answer, cell = seen(owner, upload(owner, altered(loudness=None)))
    assert "Not verified: its file states no loudness" in page
    assert answer["outcome"] == "not_stated"
    assert cell == "no loudness stated"


@pytest.mark.django_db(transaction=True)
def test_impulse_responses_have_none() -> None:
    owner = make_user()
    page, answer, cell = seen(owner, upload(owner, wav_bytes(), "v30.wav", "cab"))
    assert "erified" not in page
    assert answer is None
    assert cell == "–"


@pytest.mark.django_db(transaction=True)
def test_other_architectures_are_not_tested() -> None:
    capture = upload(make_user(), nam_bytes(loudness=-12.0))
    assert capture.info["self_test"]["outcome"] == "not_run"


def test_operators_find_what_failed(alice: User) -> None:
    make_capture(alice, name="Good one", info={"self_test": {"outcome": "passed", "networks": []}})
    make_capture(alice, name="Bad one", info={"self_test": {"outcome": "failed", "networks": []}})
    client = Client()
    client.force_login(make_user("operator", is_staff=True, is_superuser=True))
    page = client.get("/admin/gear/capture/?self_test=failed").content.decode()
    assert "Bad one" in page
    assert "Good one" not in page
