"""`/health/ready` of a real web process while one part after the other is really taken away."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from gts.ops.health import KEPT_S
from gts.tests.private_servers import needs_servers
from gts.tests.processes import answers, wait_until
from gts.tests.site import Site

pytestmark = needs_servers

ALL_UP = dict.fromkeys(["database", "broker", "channel_layer", "storage", "clocks"], "ok")
# What was not started here.
NOT_THERE = ["workers", "beat"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    with site.start_web():
        wait_until(lambda: answers(site.port), "the web process answers")
        yield site
    site.remove()


def test_without_a_worker_it_answers_and_says_so(site: Site) -> None:
    code, body = site.ask()
    assert (code, body["status"]) == (200, "degraded")
    assert body["checks"] == {**ALL_UP, **dict.fromkeys(NOT_THERE, "down")}


def test_a_worker_that_is_killed_is_missed_within_a_minute(site: Site) -> None:
    with site.start_worker():
        wait_until(lambda: site.state() == (200, "degraded", ["beat"]), "the worker is seen")
    # Killed: it said no goodbye.
    time.sleep(KEPT_S)
    assert site.state() == (200, "degraded", ["beat"])
    site.wait_a_minute()
    wait_until(lambda: site.state() == (200, "degraded", NOT_THERE), "it is missed")


def test_redis_away(site: Site) -> None:
    site.redis.stop()
    try:
        expected = (503, "down", ["broker", "channel_layer", *NOT_THERE])
        wait_until(lambda: site.state() == expected, "Redis is missed")
    finally:
        site.redis.start()
    wait_until(lambda: site.state() == (200, "degraded", NOT_THERE), "it is ready again")


def test_redis_that_takes_connections_and_says_nothing(site: Site) -> None:
    site.redis.freeze()
    try:
        expected = (503, "down", ["broker", "channel_layer", *NOT_THERE])
        wait_until(lambda: site.state() == expected, "Redis is missed")
        for _ in range(6):  # more often than there are threads for it
            time.sleep(KEPT_S)
            assert site.state() == expected
    finally:
        site.redis.thaw()
    wait_until(lambda: site.state() == (200, "degraded", NOT_THERE), "it is ready again")


def test_the_database_away(site: Site) -> None:
    site.postgres.stop()
    try:
        # Who works is asked of the database.
        expected = (503, "down", ["database", "workers", "clocks", "beat"])
        wait_until(lambda: site.state() == expected, "the database is missed")
        assert httpx.get(f"{site.url}/health/live").status_code == 200
    finally:
        site.postgres.start()
    wait_until(lambda: site.state() == (200, "degraded", NOT_THERE), "it is ready again")


def test_the_storage_away(site: Site) -> None:
    media = site.data_dir / "media"
    media.mkdir(exist_ok=True)  # the first file that is kept makes it
    media.rename(site.data_dir / "elsewhere")
    media.write_text("not a folder")  # permissions would not stop root
    try:
        expected = (503, "down", ["storage", *NOT_THERE])
        wait_until(lambda: site.state() == expected, "the storage is missed")
    finally:
        media.unlink()
        (site.data_dir / "elsewhere").rename(media)
    wait_until(lambda: site.state() == (200, "degraded", NOT_THERE), "it is ready again")


def test_the_answer_tells_a_stranger_nothing_else(site: Site) -> None:
    site.postgres.stop()
    try:
        wait_until(lambda: site.ask()[0] == 503, "the database is missed")
        _, body = site.ask()
    finally:
        site.postgres.start()
    assert body["code"] == "NOT_READY"
    assert body["message"] == "Not ready: database down."
    assert str(site.postgres.port) not in str(body)
