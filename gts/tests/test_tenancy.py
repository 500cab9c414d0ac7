"""Who may ask for what, on every route that there is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from pytest_django import Settings

from accounts.models import TokenScope, User
from accounts.services import access_token_create
from accounts.tests.factories import api_client
from accounts.tokens.personal import personal_token_create
from gts.tests.tenancy_table import API, SOCKETS, TABLE, Row
from gts.tests.tenancy_world import World, make_people, make_world
from gts.tests.websocket import WebSocket
from jobs.live.consumers import websocket_urlpatterns
from jobs.models import Job
from shootouts.tests.factories import make_capture

METHODS = ("get", "post", "put", "patch", "delete")
PEOPLE = {"owner": "alice", "stranger": "charlie", "anonymous": "", "operator": "root"}
# Tokens are bought with a session only.
BY_SESSION = {"api-token", "api-personal-token-list"}
# What no answer to anybody else names. (Published pages name the tracks and chains they are of.)
PRIVATE = ("shootout", "file", "job", "notification", "group", "entry", "tag", "preset", "token")
TAKES_FILES = {"api-gear-list", "api-di-track-list", "api-shootout-import"}


# Every route has its rows ------------------------------------------------------------------------


def routes(
    resolver: URLResolver, under: str = "", space: str = ""
) -> Iterator[tuple[str, str, URLPattern]]:
    """Name (without one its address), address, and the rest."""
    for entry in resolver.url_patterns:
        path = under + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inside = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from routes(entry, path, inside)
        else:
            yield space + (entry.name or path), path, entry


def methods_of(entry: URLPattern) -> list[str]:
    """What a view takes; for a plain function what it is asked for."""
    view = getattr(entry.callback, "cls", None) or getattr(entry.callback, "view_class", None)
    if view is None:
        return ["get"]
    allowed = view.http_method_names
    return [method for method in METHODS if method in allowed and hasattr(view, method)]


def known_routes() -> dict[str, tuple[str, list[str]]]:
    """Address and methods of every route but the admin's, by its name."""
    return {
        name: (path, methods_of(entry))
        for name, path, entry in routes(get_resolver())
        if not path.startswith("admin/")
    }


def test_every_route_has_its_rows() -> None:
    rows = {(row.route, row.method) for row in TABLE}
    known = {
        (name, method): path
        for name, (path, methods) in known_routes().items()
        for method in methods
    }
    missing = [
        f'own("{name}", "{method}", "…", 200),  # {path}'
        for (name, method), path in known.items()
        if (name, method) not in rows
    ]
    advice = "add to gts/tests/tenancy_table.py (own, each or everybody; own_page or each_page):\n"
    assert missing == [], advice + "\n".join(missing)
    assert rows - known.keys() == set(), "rows of routes that are no more"


def test_every_socket_has_its_rows() -> None:
    known = {str(entry.pattern) for entry in websocket_urlpatterns} - {""}
    rows = {address.replace("{job}", "<uuid:uuid>") for address in SOCKETS}
    assert known == rows, "add to SOCKETS in gts/tests/tenancy_table.py"


# And they are true -------------------------------------------------------------------------------


def address_of(row: Row, world: World) -> str:
    words = [
        word.removeprefix("=") if word.startswith("=") else world[word] for word in row.args.split()
    ]
    if row.route in ("favicon.ico", "api-not-found"):
        return "/favicon.ico" if row.route == "favicon.ico" else "/api/nowhere/"
    address = reverse(row.route, args=words)
    return f"{address}?{row.query}" if row.query else address


def client_of(user: User | None, row: Row) -> Any:
    """Programs come with a token, browsers with a session."""
    is_api = row in API
    if is_api and row.route not in BY_SESSION:
        return api_client(user)
    client = api_client() if is_api else browser_of(user)
    if is_api and user is not None:
        client.force_login(user)
    return client


def browser_of(user: User | None) -> Client:
    client = Client(HTTP_HOST="localhost", headers={"Accept": "text/html"})
    if user is not None:
        client.force_login(user)
    return client


def ask(row: Row, person: str, world: World) -> list[str]:
    """What is wrong with the answer; what the request did is undone."""
    user = world[PEOPLE[person]] if PEOPLE[person] else None
    address = address_of(row, world)
    with transaction.atomic():
        client = client_of(user, row)
        takes_files = row.method == "post" and row.route in TAKES_FILES
        form = {"format": "multipart"} if takes_files else {}
        arguments = () if row.method == "get" else (row.body,)
        answer = getattr(client, row.method)(address, *arguments, **form)
        transaction.set_rollback(True)
    wrong = []
    if answer.status_code != getattr(row, person):
        wrong.append(f"got {answer.status_code}, not {getattr(row, person)}")
    if answer.status_code == 200 and person != "owner" and not answer.streaming:
        text = answer.content.decode()
        wrong += [f"reads of the {word}" for word in PRIVATE if str(world[word]) in text]
    return [f"{row.route} {row.method} {row.args}: {person} {what}" for what in wrong]


@pytest.mark.django_db(transaction=True)
def test_everybody_gets_what_the_table_says(settings: Settings, tmp_path: Path) -> None:
    settings.GTS_TONE3000_KEY = settings.SOCIAL_AUTH_TONE3000_KEY = "t3k_pub_x"
    world = make_world(tmp_path)
    wrong = [what for row in TABLE for person in PEOPLE for what in ask(row, person, world)]
    assert wrong == [], "\n".join(wrong)


@pytest.mark.django_db
def test_a_token_that_may_read_changes_nothing(alice: User) -> None:
    """Whatever the route: it is refused before anything is looked for."""
    _, token = personal_token_create(
        user=alice, name="Script", scope=TokenScope.READ, lifetime=timedelta(days=1)
    )
    client = api_client()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    rows = [row for row in API if row.method != "get" and row.anonymous == 401]
    rows = [row for row in rows if row.route not in {*BY_SESSION, "api-token-refresh"}]
    assert len(rows) > 50
    for row in rows:
        address = address_of(row, dict.fromkeys(row.args.split(), uuid4()))
        answer = getattr(client, row.method)(address, row.body)
        assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_SCOPE"), row


@pytest.mark.django_db(transaction=True)
def test_what_is_not_there_looks_like_what_is_someone_elses() -> None:
    """By every route with an id in its address."""
    stranger = api_client(User.objects.create_user("charlie"))
    for row in API:
        if row.args and row.stranger == 404:
            address = address_of(row, dict.fromkeys(row.args.split(), uuid4()))
            arguments = () if row.method == "get" else (row.body,)
            answer = getattr(stranger, row.method)(address, *arguments)
            assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND"), row


@pytest.mark.django_db
def test_the_admin_is_for_operators(alice: User) -> None:
    root = User.objects.create_user("root", is_staff=True, is_superuser=True)
    addresses = [
        (name, path) for name, path, _ in routes(get_resolver()) if path.startswith("admin/")
    ]
    assert len(addresses) > 50
    for name, path in addresses:
        if name in ("admin:login", "admin:logout"):
            continue
        address = "/" + path.replace("<path:object_id>", "1").replace("<int:content_type_id>", "1")
        address = address.replace("^(?P<app_label>", "").replace("(?P<url>.*)$", "x")
        for client in (browser_of(None), browser_of(alice)):
            answer = client.get(address)
            assert answer.status_code in (302, 404, 405), path
            if answer.status_code == 302:
                assert answer["Location"].startswith("/admin/login/"), path
        if name.endswith("_changelist") or name == "admin:index":
            assert browser_of(root).get(address).status_code == 200, path


@pytest.mark.django_db(transaction=True)
def test_sockets_are_as_the_table_says() -> None:
    world = make_people()
    make_capture(world["alice"])
    world["job"] = Job.objects.get(owner=world["alice"]).uuid
    for template, expected in SOCKETS.items():
        address = "/" + template.format(job=world["job"])
        for (person, name), code in zip(PEOPLE.items(), expected, strict=True):
            token = access_token_create(user=world[name], lifetime_s=60) if name else ""
            got = async_to_sync(_socket_end)(address, token)
            assert got == code, (template, person)


async def _socket_end(address: str, token: str) -> int | None:
    headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
    socket = WebSocket(address, *headers)
    assert (await socket.connect())[0]
    if address.endswith("/notifications/") and token:
        assert await socket.receive()
        await socket.leave()
        return None
    _, code = await socket.receive_rest()
    return code
