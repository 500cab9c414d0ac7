"""Files as the pipeline leaves them: whole or not there."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_READ_BYTES = 1024 * 1024


def _nothing() -> None:
    pass


def sha256_of(path: Path, between: Callable[[], None] = _nothing) -> str:
    """SHA-256 of a file's bytes, hexadecimal. ``between`` is called now and then; it may raise."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_READ_BYTES):
            digest.update(chunk)
            between()
    return digest.hexdigest()


def is_disk_full(error: BaseException) -> bool:
    """No space, or no more of it for this user."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def replacing(target: Path, *, is_lasting: bool = True) -> Iterator[Path]:
    """A temporary name beside ``target`` to write to.

    When the block ends it is synced to disk (unless it is not ``is_lasting``: made on the way, in a
    folder that goes with the work) and takes the target's name; when the block raises
    it is removed, and whatever was under the target's name stays as it was. Raises ``OSError``
    when that is a device or a folder: a rename would take the device's place.
    """
    if target.exists() and not target.is_file():
        raise OSError(errno.EINVAL, "not a regular file", str(target))
    temporary = target.with_name(f".{target.stem}.{secrets.token_hex(4)}.partial{target.suffix}")
    try:
        yield temporary
        if is_lasting:
            with open(temporary, "rb+") as file:
                os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
