"""What breaks in real life, done to a real installation: PostgreSQL, Redis, web, workers, beat.

``make test-faults`` runs it; every test prints its figures and adds them to ``var/faults.jsonl``.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.tests import needs
from gts.tests.faults.installation import Installation, Servers
from gts.tests.private_servers import POSTGRES
from gts.tests.processes import ROOT

Figures = dict[str, Any]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    if os.environ.get("GTS_TEST_FAULTS") != "1":
        pytest.skip(needs.FAULTS)
    if POSTGRES is None or shutil.which("redis-server") is None:
        pytest.skip(needs.SERVER_PROGRAMS)
    servers = Servers()
    try:
        servers.migrate(tmp_path_factory.mktemp("migrate"))
        yield servers
    finally:
        servers.remove()


@pytest.fixture
def place(servers: Servers, tmp_path: Path) -> Iterator[Installation]:
    """An empty installation; nothing of it runs yet."""
    place = servers.new_installation(tmp_path / "place")
    try:
        yield place
    finally:
        place.close()


@pytest.fixture
def seed() -> int:
    """Of everything random here. ``FAULT_SEED`` repeats a run."""
    return int(os.environ.get("FAULT_SEED") or random.randrange(1_000_000))


@pytest.fixture
def chance(seed: int) -> random.Random:
    return random.Random(seed)


@pytest.fixture
def figures(
    request: pytest.FixtureRequest, seed: int, capsys: pytest.CaptureFixture[str]
) -> Iterator[Figures]:
    """What a test has measured: printed, and kept."""
    found: Figures = {}
    began_s = time.monotonic()
    yield found
    found = {"test": request.node.name, "seed": seed, **found}
    found["took_s"] = round(time.monotonic() - began_s, 1)
    with capsys.disabled():
        print(f"\n{json.dumps(found)}")
    path = ROOT / "var" / "faults.jsonl"
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as lines:  # two tests may end at once
        lines.write(json.dumps(found) + "\n")
