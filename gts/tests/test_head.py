"""A HEAD is answered as a GET is, and nothing begins or ends by it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from gts.tests.tenancy_table import TABLE, Row
from gts.tests.tenancy_world import World, make_world
from gts.tests.test_tenancy import PEOPLE, address_of, client_of

CHANGES: Final = ("INSERT INTO", "DELETE FROM", "UPDATE")
# A GET of them spends a code, so a HEAD is refused.
REFUSED: Final = {
    "login-link", "login-code", "social:complete", "tone3000-pick", "tone3000-picked",
}  # fmt: skip

LOGIN_FIRST: Final = {"tone3000-pick", "tone3000-picked"}


def ask(row: Row, person: str, world: World) -> list[str]:
    """What is wrong with the answer, and which statements changed something."""
    user = world[PEOPLE[person]] if PEOPLE[person] else None
    with transaction.atomic():
        client, address = client_of(user, row), address_of(row, world)
        with CaptureQueriesContext(connection) as queries:
            answer = client.head(address)
        wrong = [query["sql"] for query in queries if query["sql"].startswith(CHANGES)]
        transaction.set_rollback(True)
    is_seen = row.route not in LOGIN_FIRST or user is not None
    expected = 405 if row.route in REFUSED and is_seen else getattr(row, person)
    if answer.status_code != expected:
        wrong.append(f"got {answer.status_code}, not {expected}")
    return [f"{row.route} {row.args}: {person} {what}" for what in wrong]


def test_a_head_is_like_a_get_and_changes_nothing(
    transactional_db: None, settings: Settings, tmp_path: Path
) -> None:
    settings.GTS_TONE3000_KEY = settings.SOCIAL_AUTH_TONE3000_KEY = "t3k_pub_x"
    world = make_world(tmp_path)
    rows = [row for row in TABLE if row.method == "get"]
    assert {"api-shootout-comparison", "api-shootout-residual"} <= {row.route for row in rows}
    wrong = [what for row in rows for person in PEOPLE for what in ask(row, person, world)]
    assert wrong == [], "\n".join(wrong)
