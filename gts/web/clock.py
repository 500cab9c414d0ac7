"""The one clock of all processes: the database's.

Workers, beat and web run on many machines, whose clocks differ. What one writes and another
compares (signs of life, when a job was queued, when it may be tried again, who holds a claim) is
therefore written and compared by the database itself. In SQLite that is the clock of the machine,
to a millisecond; compare with < and >, never with =.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias, cast

from django.db import connection
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

# A moment, or what the database works out when it is asked.
Moment: TypeAlias = datetime | Combinable

# Where two clocks differ by more it is said: sessions, tokens and signed addresses expire by those
# of the machines.
MAX_CLOCK_DIFFERENCE_S: Final = 5.0


def seconds_ago(seconds: float) -> Combinable:
    """So long before the query or the UPDATE runs. Negative: after it."""
    return Now() - timedelta(seconds=seconds)


def database_now() -> datetime:
    """What that clock shows; with PostgreSQL a query."""
    if connection.vendor == "sqlite":
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        return cast(datetime, cursor.fetchone()[0])
