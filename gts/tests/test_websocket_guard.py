"""A WebSocket is authorized for as long as it is open, and a user has only so many of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import redis
import websockets
from channels.db import database_sync_to_async
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.api_tokens import token_pair_create, token_revoke
from accounts.credentials import Credential
from accounts.models import PersonalAccessToken, TokenScope, User, UserSession
from accounts.personal_tokens import personal_token_create, personal_token_revoke
from accounts.services import access_token_create, password_change
from accounts.tests.factories import make_user
from accounts.tests.needs import needs_services
from gts.tests.processes import answers, environment, free_port, manage, process, wait_until
from gts.tests.websocket import ORIGIN, WebSocket, close_code_of
from jobs import socket_counts, socket_guard
from jobs.models import Job
from jobs.socket_guard import SocketGuard, guard
from jobs.tests.conftest import scripted_handlers  # noqa: F401
from jobs.tests.factories import make_job

BELL = "/ws/notifications/"
in_database = database_sync_to_async
sockets = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "check_every_s", 0.05)


class Browser:
    """Logged in as ``user``; speaks HTTP by ``client``, and opens sockets."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.client = Client()
        self.client.force_login(user)

    @property
    def cookie(self) -> tuple[bytes, bytes]:
        return (b"cookie", f"sessionid={self.client.cookies['sessionid'].value}".encode())


@in_database  # type: ignore[untyped-decorator]
def new_browser(name: str = "alice") -> Browser:
    user = get_user_model().objects.filter(username=name).first()
    return Browser(user or make_user(name, password="a long password 1"))


async def opened(path: str, *headers: tuple[bytes, bytes]) -> WebSocket:
    websocket = WebSocket(path, *headers)
    assert (await websocket.connect())[0]
    assert (await websocket.receive())["type"] == "status"
    return websocket


async def bearer(encoded: str) -> WebSocket:
    return await opened(BELL, (b"authorization", f"Bearer {encoded}".encode()))


async def code_after(websocket: WebSocket, happens: Callable[[], Any]) -> int:
    await in_database(happens)()
    _, code = await websocket.receive_rest()
    return code


def log_out(browser: Browser) -> None:
    browser.client.post("/logout/")


def lose_session(browser: Browser) -> None:
    UserSession.objects.filter(user=browser.user).delete()


def expire_session(browser: Browser) -> None:
    UserSession.objects.update(expire_date=timezone.now() - timedelta(seconds=1))


def deactivate(browser: Browser) -> None:
    User.objects.filter(pk=browser.user.pk).update(is_active=False)


def change_password(browser: Browser) -> None:
    browser.user.set_password("another long password 2")  # as an operator or a command does
    browser.user.save()


def erase(browser: Browser) -> None:
    browser.user.delete()


class TestSocketsEnd:
    pytestmark = [*sockets, pytest.mark.usefixtures("quick", "news_come_to_this_loop")]

    @pytest.mark.parametrize(
        "happens", [log_out, lose_session, expire_session, deactivate, change_password, erase]
    )
    async def test_with_the_session_that_let_them_in(
        self, happens: Callable[[Browser], None]
    ) -> None:
        browser, stranger = await new_browser(), await new_browser("charlie")
        websocket = await opened(BELL, ORIGIN, browser.cookie)
        other = await opened(BELL, ORIGIN, stranger.cookie)
        if happens is not expire_session:
            assert await websocket.is_silent()
        assert await code_after(websocket, lambda: happens(browser)) == 4001
        if happens is not expire_session:
            assert await other.is_silent()
            await other.leave()

    async def test_with_the_login_of_the_job_that_is_watched(self) -> None:
        browser = await new_browser()
        job = await in_database(make_job)(browser.user)
        websocket = await opened(f"/ws/jobs/{job.uuid}/", ORIGIN, browser.cookie)
        assert await code_after(websocket, lambda: log_out(browser)) == 4001

    async def test_with_a_personal_access_token_that_is_revoked(self) -> None:
        user = await in_database(make_user)()
        row, token = await in_database(new_token)(user)
        websocket = await bearer(token)
        revoke = lambda: personal_token_revoke(user=user, token_id=row.uuid)  # noqa: E731
        assert await code_after(websocket, revoke) == 4001

    async def test_with_a_token_that_expires(self) -> None:
        user = await in_database(make_user)()
        row, token = await in_database(new_token)(user)
        soon = timezone.now() + timedelta(seconds=0.5)
        await in_database(PersonalAccessToken.objects.filter(pk=row.pk).update)(expires_at=soon)
        websocket = await bearer(token)
        short = await bearer(await in_database(access_token_create)(user=user, lifetime_s=2))
        assert (await websocket.receive_rest())[1] == 4001
        assert (await short.receive_rest())[1] == 4001

    async def test_with_the_family_of_an_access_token(self) -> None:
        user = await in_database(make_user)()
        pair = await in_database(token_pair_create)(user=user)
        websocket = await bearer(pair.access)
        assert await code_after(websocket, lambda: token_revoke(refresh=pair.refresh)) == 4001

    async def test_with_a_change_of_the_password_for_tokens_too(self) -> None:
        user = await in_database(make_user)()
        websocket = await bearer(await in_database(access_token_create)(user=user, lifetime_s=600))
        change = lambda: password_change(user=user, password="x" * 12, ends_tokens=False)  # noqa: E731
        assert await code_after(websocket, change) == 4001

    async def test_with_the_job_that_they_are_about(self) -> None:
        browser, stranger = await new_browser(), await new_browser("charlie")
        gone, given = [await in_database(make_job)(browser.user) for _ in range(2)]
        of_gone = await opened(f"/ws/jobs/{gone.uuid}/", ORIGIN, browser.cookie)
        of_given = await opened(f"/ws/jobs/{given.uuid}/", ORIGIN, browser.cookie)
        assert await code_after(of_gone, lambda: Job.objects.filter(pk=gone.pk).delete()) == 4004
        give = lambda: Job.objects.filter(pk=given.pk).update(owner=stranger.user)  # noqa: E731
        assert await code_after(of_given, give) == 4004


def new_token(user: User) -> tuple[PersonalAccessToken, str]:
    return personal_token_create(
        user=user, name="Script", scope=TokenScope.READ, lifetime=timedelta(days=1)
    )


# At what cost -------------------------------------------------------------------------------------


class Socket:
    def __init__(self, credential: Credential, job_id: UUID | None = None) -> None:
        self.credential = credential
        self.job_id = job_id
        self.codes: list[int] = []
        self.has_ended = asyncio.Event()

    async def end(self, code: int) -> None:
        self.codes.append(code)
        self.has_ended.set()


def five_hundred_sockets() -> list[Socket]:
    found = []
    for number in range(100):
        user = make_user(f"user-{number}")
        client = Client()
        client.force_login(user)
        key = client.cookies["sessionid"].value
        job, (row, _) = make_job(user), new_token(user)
        by_session = Credential(user.pk, user.password, session_key=key)
        found += [
            Socket(by_session),
            Socket(by_session, job.uuid),
            Socket(Credential(user.pk, user.password, personal_token_id=row.pk)),
            Socket(Credential(user.pk, user.password, token_family=uuid4().hex)),
            Socket(by_session, uuid4()),
        ]
    return found


@pytest.mark.django_db
def test_five_hundred_sockets_take_five_queries(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    found = five_hundred_sockets()
    with django_assert_num_queries(5):
        codes = socket_guard._codes(found)
    assert codes == dict.fromkeys(found[4::5], 4004)


@pytest.mark.django_db(transaction=True)
@pytest.mark.asyncio
async def test_while_the_database_is_away_sockets_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    own = SocketGuard(check_every_s=0.01)
    socket = Socket(Credential(0, "nobody has this"))
    is_away = asyncio.Event()
    look = socket_guard._codes

    def away(found: Any) -> Any:
        is_away.set()
        raise DatabaseError("the connection is lost")

    monkeypatch.setattr(socket_guard, "_codes", away)
    own.enter(socket)
    await asyncio.wait_for(is_away.wait(), 10)
    assert socket.codes == []
    monkeypatch.setattr(socket_guard, "_codes", look)
    await own.check()
    await asyncio.gather(*own._closing)
    assert socket.codes == [4001]


@pytest.mark.django_db(transaction=True)
@pytest.mark.asyncio
async def test_a_client_that_does_not_take_its_close_holds_up_no_other() -> None:
    class Stuck(Socket):
        async def end(self, code: int) -> None:
            await super().end(code)
            await asyncio.Event().wait()

    own = SocketGuard(check_every_s=0.01)
    stuck, other = Stuck(Credential(0, "x")), Socket(Credential(0, "y"))
    own.enter(stuck)
    await asyncio.wait_for(stuck.has_ended.wait(), 10)
    own.enter(other)
    await asyncio.wait_for(other.has_ended.wait(), 4)  # not after the five seconds of the other
    for task in list(own._closing):
        task.cancel()


@pytest.mark.asyncio
async def test_nothing_is_asked_while_no_socket_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    own = SocketGuard(check_every_s=0.01)
    looks: list[Any] = []
    monkeypatch.setattr(socket_guard, "_codes", looks.append)
    socket = Socket(Credential(1, ""))
    own.enter(socket)
    own.leave(socket)
    assert own._task is not None
    await asyncio.wait_for(own._task, 10)  # it ends by itself
    assert looks == []


# From where ---------------------------------------------------------------------------------------


ORIGINS = [
    # scheme of the socket, Host, X-Forwarded-Proto, Origin, whether it may
    ("ws", "localhost:8000", "", "http://localhost:8000", True),
    ("ws", "localhost:8000", "", "https://localhost:8000", False),
    ("ws", "localhost:8000", "", "http://localhost:8001", False),
    ("ws", "localhost:8000", "", "http://localhost", False),
    ("ws", "localhost:8000", "", "http://127.0.0.1:8000", False),
    ("wss", "localhost", "", "https://localhost", True),
    ("wss", "localhost", "", "http://localhost", False),
    ("ws", "localhost", "https", "https://localhost", True),
    ("ws", "localhost", "https", "http://localhost", False),
    ("wss", "localhost", "http", "https://localhost", False),
    ("ws", "localhost", "", "https://trusted.example", True),
    ("ws", "localhost", "", "http://trusted.example", False),
    ("ws", "localhost", "", "https://trusted.example:8443", False),
    ("ws", "localhost", "", "https://a.wide.example", True),
    ("ws", "localhost", "", "https://awide.example", False),
    ("ws", "localhost", "", "null", False),
    ("ws", "localhost", "", "", False),
]


@pytest.mark.asyncio
@pytest.mark.parametrize(("scheme", "host", "proto", "origin", "is_allowed"), ORIGINS)
async def test_a_page_must_be_of_the_same_origin(
    settings: Settings, scheme: str, host: str, proto: str, origin: str, is_allowed: bool
) -> None:
    """As forms must (Django's CSRF): the same scheme, host and port, or one that is trusted."""
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.CSRF_TRUSTED_ORIGINS = ["https://trusted.example", "https://*.wide.example"]
    headers = [(b"host", host.encode()), (b"origin", origin.encode())]
    if proto:
        headers.append((b"x-forwarded-proto", proto.encode()))
    websocket = WebSocket("/ws/nothing/", *headers, scheme=scheme)
    assert (await websocket.connect())[0] is is_allowed


# How many -----------------------------------------------------------------------------------------


class TestLimit:
    pytestmark = [*sockets, pytest.mark.usefixtures("news_come_to_this_loop")]

    async def test_a_user_has_so_many_and_others_theirs(self, settings: Settings) -> None:
        settings.GTS_MAX_SOCKETS_PER_USER = 2
        browser, stranger = await new_browser(), await new_browser("charlie")
        first, second = [await opened(BELL, ORIGIN, browser.cookie) for _ in range(2)]
        assert await close_code_of(WebSocket(BELL, ORIGIN, browser.cookie)) == 4029
        other = await opened(BELL, ORIGIN, stranger.cookie)
        await first.leave()
        third = await opened(BELL, ORIGIN, browser.cookie)
        for websocket in (second, third, other):
            await websocket.leave()
        assert socket_counts._held == {}

    async def test_one_that_is_refused_otherwise_counts_for_nothing(
        self, settings: Settings
    ) -> None:
        settings.GTS_MAX_SOCKETS_PER_USER = 1
        browser = await new_browser()
        path = f"/ws/jobs/{uuid4()}/"
        assert await close_code_of(WebSocket(path, ORIGIN, browser.cookie)) == 4004
        await (await opened(BELL, ORIGIN, browser.cookie)).leave()

    async def test_zero_is_any_number(self, settings: Settings) -> None:
        settings.GTS_MAX_SOCKETS_PER_USER = 0
        browser = await new_browser()
        found = [await opened(BELL, ORIGIN, browser.cookie) for _ in range(3)]
        for websocket in found:
            await websocket.leave()


@pytest.mark.services
@needs_services
@pytest.mark.asyncio
class TestLimitOfAllProcesses:
    async def other_process_has(self, user_id: int, *names: str) -> None:
        for name in names:
            assert await asyncio.to_thread(socket_counts._take, user_id, name, 20)

    async def test_sockets_of_other_processes_count(self, settings: Settings) -> None:
        settings.GTS_MAX_SOCKETS_PER_USER = 2
        await self.other_process_has(7, "theirs")
        assert await socket_counts.take(7, "a")
        assert not await socket_counts.take(7, "b")
        await socket_counts.release("a")
        assert await socket_counts.take(7, "c")
        await socket_counts.release("c")

    async def test_those_of_a_killed_process_count_for_a_minute(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.GTS_MAX_SOCKETS_PER_USER = 1
        client = redis.Redis.from_url(django_settings.REDIS_URL)
        await self.other_process_has(8, "theirs")
        assert not await socket_counts.take(8, "a")
        client.zadd(socket_counts._key(8), {"theirs": client.time()[0] - 1})
        assert await socket_counts.take(8, "a")
        client.zadd(socket_counts._key(8), {"a": client.time()[0] + 1})
        monkeypatch.setattr(socket_counts, "_renewed_at_s", 0.0)
        await socket_counts.renew()
        score = client.zscore(socket_counts._key(8), "a")
        assert score is not None
        assert float(score) > client.time()[0] + 50
        await socket_counts.release("a")
        assert client.zcard(socket_counts._key(8)) == 0

    async def test_without_redis_each_process_counts_its_own(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.GTS_MAX_SOCKETS_PER_USER = 1
        away = redis.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=1)
        monkeypatch.setattr(socket_counts, "_client", lambda: away)
        assert await socket_counts.take(9, "a")
        assert not await socket_counts.take(9, "b")
        await socket_counts.release("a")


# A server -----------------------------------------------------------------------------------------


@pytest.mark.processes
def test_a_logout_closes_the_sockets_of_a_real_server_within_five_seconds(tmp_path: Path) -> None:
    env, port = environment(tmp_path / "var"), free_port()
    env["DJANGO_SETTINGS_MODULE"] = "gts.settings"
    code = (
        "from accounts.services import user_create;"
        "user_create(username='alice', password='a long password 1')"
    )
    command = ("django", "up", "--port", str(port), "--no-demo")
    with process(env, tmp_path / "server.log", *command):
        wait_until(lambda: answers(port), "the server answers")
        manage(env, "shell", "-v", "0", "-c", code)
        asyncio.run(_log_out_beside_a_socket(f"127.0.0.1:{port}"))


async def _log_out_beside_a_socket(address: str) -> None:
    async with httpx.AsyncClient(base_url=f"http://{address}") as client:

        async def post(path: str, **fields: str) -> int:
            await client.get("/login/")
            token = client.cookies["csrftoken"]
            answer = await client.post(path, data={"csrfmiddlewaretoken": token, **fields})
            return answer.status_code

        assert await post("/login/", username="alice", password="a long password 1") == 302
        headers = {"Cookie": f"sessionid={client.cookies['sessionid']}"}
        url = f"ws://{address}{BELL}"
        with pytest.raises(websockets.InvalidStatus):
            await websockets.connect(
                url, additional_headers={**headers, "Origin": f"https://{address}"}
            )
        async with websockets.connect(
            url, additional_headers={**headers, "Origin": f"http://{address}"}
        ) as websocket:
            assert json.loads(await websocket.recv())["type"] == "status"
            assert await post("/logout/") == 302
            async with asyncio.timeout(5):
                await websocket.wait_closed()
            assert websocket.close_code == 4001
