"""A Redis that takes connections and says nothing: every request has its answer all the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import httpx
import pytest
import redis

from gts.tests.private_servers import needs_servers
from gts.tests.processes import answers, manage, wait_until
from gts.tests.site import Site
from shootouts.tests.factories import plucked, wav_bytes

pytestmark = needs_servers

# Within it everything is answered; what waits for Redis without end takes longer.
TIMEOUT_S = 8
DI_TRACKS = "/api/v1/di-tracks/"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    # Where requests are counted, too.
    site.env |= {"GTS_RATE_USER_PER_MIN": "1000", "GTS_RATE_ANONYMOUS_PER_MIN": "1000"}
    with site.start_web():
        wait_until(lambda: answers(site.port), "the web process answers")
        yield site
    site.remove()


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    token = manage(site.env, "create_token", "a", "--create").split()[-1]
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=site.url, headers=headers, timeout=TIMEOUT_S) as client:
        yield client


def upload(client: httpx.Client) -> httpx.Response:
    """A recording that was never there before."""
    file = ("riff.wav", wav_bytes(plucked(duration_s=1 + next(_numbers) / 100)))
    return client.post(DI_TRACKS, files={"file": file})


def num_waiting(site: Site) -> int:
    with redis.Redis.from_url(site.redis.url) as server:
        return int(server.llen("short"))


@pytest.mark.parametrize("is_known", [False, True], ids=["as new", "connected before"])
def test_what_is_uploaded_is_kept_and_the_answer_does_not_wait(
    site: Site, client: httpx.Client, is_known: bool
) -> None:
    if is_known:
        wait_until(lambda: is_sent(site, client), "messages are sent")
    site.redis.freeze()
    try:
        for _ in range(3):
            answer = upload(client)
            assert answer.status_code == 202, answer.text
            assert answer.json()["job"]["state"] == "queued"
        # Requests are counted there.
        for path in ("/api/v1/me/", "/api/v1/shootouts/?scope=public"):
            assert client.get(path).status_code == 200
    finally:
        site.redis.thaw()
    wait_until(lambda: is_sent(site, client), "messages are sent again")


def is_sent(site: Site, client: httpx.Client) -> bool:
    before = num_waiting(site)
    assert upload(client).status_code == 202
    return num_waiting(site) > before
