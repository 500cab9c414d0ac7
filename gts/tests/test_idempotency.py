"""``Idempotency-Key`` over HTTP, on every POST that makes something."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import IdempotentRequest, User
from accounts.tests.factories import api_client
from accounts.tests.needs import needs_services
from gear.models import GearItem, SignalChain
from gear.services import chains
from gear.tests.factories import make_capture, nam_bytes, upload_of
from jobs.models import Job

CHAINS = "/api/v1/chains/"
GEAR = "/api/v1/gear/"

# They make nothing, doing them twice is doing them once, or their answer is a secret.
NOT_KEPT = {
    "api-chain-guidance",
    "api-comment-hide",
    "api-comment-unhide",
    "api-draft-expansion",
    "api-notification-read",
    "api-notification-read-all",
    "api-personal-token-list",
    "api-preview-readiness",
    "api-token",
    "api-token-refresh",
    "api-token-revoke",
}


def chain_input(user: User, name: str = "New") -> dict[str, Any]:
    amp, cab = make_capture(user), make_capture(user, "cab", name="V30")
    blocks = [
        {"slot": "amp", "capture_id": str(amp.uuid)},
        {"slot": "cab", "capture_id": str(cab.uuid)},
    ]
    return {"name": name, "blocks": blocks}


def key(value: str = "k1") -> dict[str, str]:
    return {"Idempotency-Key": value}


def test_the_second_time_gives_the_first_answer(alice: User) -> None:
    client, body = api_client(alice), chain_input(alice)
    first = client.post(CHAINS, body, headers=key())
    again = client.post(CHAINS, body, headers=key())
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again["ETag"] == first["ETag"]
    assert again["Idempotency-Replayed"] == "true"
    assert not first.has_header("Idempotency-Replayed")
    assert SignalChain.objects.count() == 1
    assert client.post(CHAINS, body, headers=key("k2")).json()["id"] != first.json()["id"]
    assert client.post(CHAINS, body).json()["id"] != first.json()["id"]


def test_a_refusal_is_an_answer_too(alice: User) -> None:
    client = api_client(alice)
    first = client.post(CHAINS, {"name": "x", "blocks": []}, headers=key())
    again = client.post(CHAINS, {"name": "x", "blocks": []}, headers=key())
    assert (first.status_code, again.status_code) == (422, 422)
    assert again.content == first.content


def test_another_request_with_the_key_is_refused(alice: User) -> None:
    client, body = api_client(alice), chain_input(alice)
    client.post(CHAINS, body, headers=key())
    for address, other in ((CHAINS, {**body, "name": "Other"}), (f"{CHAINS}?format=json", body)):
        answer = client.post(address, other, headers=key())
        assert (answer.status_code, answer.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize("bad", ["", "with space", "x" * 256, "ümlaut"])
def test_keys_are_short_and_plain(bad: str, alice: User) -> None:
    answer = api_client(alice).post(CHAINS, {}, headers=key(bad))
    assert (answer.status_code, answer.json()["code"]) == (422, "IDEMPOTENCY_KEY_INVALID")


def test_an_upload_is_known_by_its_content(alice: User) -> None:
    client = api_client(alice)

    def send(content: bytes) -> Any:
        form = {"file": upload_of(content, "amp.nam"), "kind": "amp"}
        return client.post(GEAR, form, format="multipart", headers=key())

    first, again = send(nam_bytes()), send(nam_bytes())
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.content == first.content
    assert again["Idempotency-Replayed"] == "true"
    assert (GearItem.objects.count(), Job.objects.count()) == (1, 1)
    assert send(nam_bytes(num_weights=3)).json()["code"] == "IDEMPOTENCY_KEY_REUSED"


def test_a_bug_leaves_no_claim_and_no_row(alice: User) -> None:
    client, body = api_client(alice), chain_input(alice)
    client.raise_request_exception = False
    saved = chains.chain_create

    def broken(**values: Any) -> None:
        saved(**values)
        raise RuntimeError

    with patch("gear.api.views.chain_create", broken):
        assert client.post(CHAINS, body, headers=key()).status_code == 500
    assert not IdempotentRequest.objects.exists()
    # The work and its answer are one transaction.
    assert not SignalChain.objects.exists()
    assert client.post(CHAINS, body, headers=key()).status_code == 201


def test_no_one_has_no_keys(db: None) -> None:
    assert api_client().post(CHAINS, {}, headers=key()).status_code == 401
    assert not IdempotentRequest.objects.exists()


def routes(resolver: URLResolver, under: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        path = under + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, path)
        else:
            yield path, entry


def test_every_post_of_the_api_honours_the_key() -> None:
    forgotten = []
    for path, entry in routes(get_resolver()):
        handler = getattr(getattr(entry.callback, "cls", None), "post", None)
        if not path.startswith("api/v1/") or handler is None or entry.name in NOT_KEPT:
            continue
        if not getattr(handler, "is_idempotent", False):
            forgotten.append(f"{entry.name} ({path})")
    assert forgotten == [], "put @idempotent above their post(), or name them in NOT_KEPT"


def test_the_schema_tells_of_the_header(client: Client) -> None:
    schema = client.get("/api/schema/", headers={"Accept": "application/json"}).json()
    operation = schema["paths"][CHAINS]["post"]
    [header] = [p for p in operation["parameters"] if p["name"] == "Idempotency-Key"]
    assert (header["in"], header.get("required", False)) == ("header", False)
    assert header["schema"]["maxLength"] == 255
    assert {"201", "401", "409", "422"} <= set(operation["responses"])
    assert "Idempotency-Replayed" in operation["responses"]["201"]["headers"]
    assert "ETag" in operation["responses"]["201"]["headers"]


@pytest.mark.services
@needs_services
@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_only_one_works(alice: User) -> None:
    body = chain_input(alice)
    for number in range(5):
        barrier = threading.Barrier(2)
        answers: list[Any] = []

        def send(number: int, meet: threading.Barrier, into: list[Any]) -> None:
            client = api_client(alice)
            meet.wait()
            into.append(client.post(CHAINS, body, headers=key(f"k{number}")))
            connection.close()

        threads = [threading.Thread(target=send, args=(number, barrier, answers)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        statuses = sorted(answer.status_code for answer in answers)
        # The other one came while it was being done, or after.
        assert statuses in ([201, 409], [201, 201])
        assert SignalChain.objects.count() == number + 1
    address = reverse("api-chain-list")
    assert api_client(alice).post(address, body, headers=key("k0")).status_code == 201
    assert SignalChain.objects.count() == 5
