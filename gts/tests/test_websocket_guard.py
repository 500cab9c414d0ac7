"""A WebSocket is authorized for as long as it is open; what that costs; and on a real server."""

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
import websockets
from channels.db import database_sync_to_async
from django.contrib.auth import get_user_model
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.login.passwords import password_change
from accounts.models import PersonalAccessToken, TokenScope, User, UserSession
from accounts.services import access_token_create
from accounts.sessions.logins import Credential
from accounts.tests.factories import make_user
from accounts.tokens.families import token_pair_create, token_revoke
from accounts.tokens.personal import personal_token_create, personal_token_revoke
from gts.tests.processes import answers, environment, free_port, manage, process, wait_until
from gts.tests.websocket import ORIGIN, WebSocket
from jobs.conftest import scripted_handlers  # noqa: F401
from jobs.live import open_sockets
from jobs.live.open_sockets import SocketGuard, guard
from jobs.models import Job
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
    assert (await websocket.receive())["type"] == "snapshot"
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
        codes = open_sockets._codes(found)
    assert codes == dict.fromkeys(found[4::5], 4004)


@pytest.mark.django_db(transaction=True)
@pytest.mark.asyncio
async def test_while_the_database_is_away_sockets_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    own = SocketGuard(check_every_s=0.01)
    socket = Socket(Credential(0, "not a password"))
    is_away = asyncio.Event()
    look = open_sockets._codes

    def away(found: Any) -> Any:
        is_away.set()
        raise DatabaseError("the connection is lost")

    monkeypatch.setattr(open_sockets, "_codes", away)
    own.enter(socket)
    await asyncio.wait_for(is_away.wait(), 10)
    assert socket.codes == []
    monkeypatch.setattr(open_sockets, "_codes", look)
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
    monkeypatch.setattr(open_sockets, "_codes", looks.append)
    socket = Socket(Credential(1, ""))
    own.enter(socket)
    own.leave(socket)
    assert own._task is not None
    await asyncio.wait_for(own._task, 10)  # it ends by itself
    assert looks == []


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
            assert json.loads(await websocket.recv())["type"] == "snapshot"
            assert await post("/logout/") == 302
            async with asyncio.timeout(5):
                await websocket.wait_closed()
            assert websocket.close_code == 4001
