"""A production installation in which someone has one of everything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gts.tests.faults.people import Person
from gts.tests.processes import answers, manage, wait_until
from gts.tests.site import Site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    try:
        with site.start_web(), site.start_worker():
            wait_until(lambda: answers(site.port), "the web process answers")
            yield site
    finally:
        site.remove()


@pytest.fixture(scope="module")
def alice(site: Site) -> Person:
    return Person(site.url, manage(site.env, "create_token", "alice", "--create"))
