"""`/health/ready` of a real web process while one part after the other is really taken away."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from gts.tests.private_servers import needs_servers
from gts.tests.processes import answers, wait_until
from gts.tests.site import Site

pytestmark = needs_servers

ALL_UP = dict.fromkeys(["database", "broker", "channel_layer", "storage"], "ok")


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
    assert body["checks"] == {**ALL_UP, "workers": "down"}


def test_a_worker_that_is_killed_is_missed_within_a_minute(site: Site) -> None:
    with site.start_worker():
        wait_until(lambda: site.state() == (200, "ok", []), "the worker is seen")
    # Killed: it said no goodbye.
    assert site.state() == (200, "ok", [])
    site.wait_a_minute()
    assert site.state() == (200, "degraded", ["workers"])


def test_redis_away(site: Site) -> None:
    site.redis.stop()
    try:
        assert site.state() == (503, "down", ["broker", "channel_layer", "workers"])
    finally:
        site.redis.start()
    wait_until(lambda: site.state() == (200, "degraded", ["workers"]), "it is ready again")


def test_redis_that_takes_connections_and_says_nothing(site: Site) -> None:
    site.redis.freeze()
    try:
        for _ in range(6):  # more often than there are threads for it
            assert site.state() == (503, "down", ["broker", "channel_layer", "workers"])
    finally:
        site.redis.thaw()
    wait_until(lambda: site.state() == (200, "degraded", ["workers"]), "it is ready again")


def test_the_database_away(site: Site) -> None:
    site.postgres.stop()
    try:
        # Who works is asked of the database.
        assert site.state() == (503, "down", ["database", "workers"])
        assert httpx.get(f"{site.url}/health/live").status_code == 200
    finally:
        site.postgres.start()
    wait_until(lambda: site.state() == (200, "degraded", ["workers"]), "it is ready again")


def test_the_storage_away(site: Site) -> None:
    media = site.data_dir / "media"
    media.mkdir(exist_ok=True)  # the first file that is kept makes it
    media.rename(site.data_dir / "elsewhere")
    media.write_text("not a folder")  # permissions would not stop root
    try:
        assert site.state() == (503, "down", ["storage", "workers"])
    finally:
        media.unlink()
        (site.data_dir / "elsewhere").rename(media)
    wait_until(lambda: site.state() == (200, "degraded", ["workers"]), "it is ready again")


def test_the_answer_tells_a_stranger_nothing_else(site: Site) -> None:
    site.postgres.stop()
    try:
        _, body = site.ask()
    finally:
        site.postgres.start()
    assert body["code"] == "NOT_READY"
    assert body["message"] == "Not ready: database down."
    assert str(site.postgres.port) not in str(body)
