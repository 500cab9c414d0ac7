"""One refresh at a time per user, across threads, processes and hosts.

PostgreSQL: the row is locked for as long as the call to Tone 3000 takes, and by the connection, so
it is free again when the process dies. SQLite has one write lock for the whole database, which
must not be held for seconds; there all processes share a machine, so a locked file does the same.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import OperationalError, connection, transaction

from accounts.models import Tone3000Tokens
from accounts.tone3000.calls import UNAVAILABLE
from gts.web.errors import TokenServiceUnavailableError

WAIT_S: Final = 30.0
_POLL_S: Final = 0.02


@contextmanager
def locked_tokens(user_id: int) -> Iterator[Tone3000Tokens | None]:
    """The row as it is once no one else is refreshing it, and no one will until the end.

    What is written inside is committed when this ends, so never inside another transaction: one
    that is rolled back would take a pair with it that Tone 3000 has issued and will not again.
    Raises ``TokenServiceUnavailableError`` after ``WAIT_S``.
    """
    rows = Tone3000Tokens.objects.filter(user=user_id)
    if connection.vendor == "sqlite":
        with transaction.atomic(durable=True):
            pass  # refuses to be inside another, and holds nothing
        with _locked_file(Path(settings.DATA_DIR) / "locks" / f"tone3000-{user_id}"):
            yield rows.first()
        return
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{WAIT_S:.0f}s'")
        try:
            row = rows.select_for_update().first()
        except OperationalError as error:
            raise TokenServiceUnavailableError(UNAVAILABLE) from error
        yield row


@contextmanager
def _locked_file(path: Path) -> Iterator[None]:
    """The system frees it when the process ends, however it ends."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    deadline_s = time.monotonic() + WAIT_S
    with open(path, "a") as file:
        while not _try_lock(file.fileno()):
            if time.monotonic() > deadline_s:
                raise TokenServiceUnavailableError(UNAVAILABLE)
            time.sleep(_POLL_S)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
