"""What a process leaves behind when it is killed in the middle of its work.

Unfinished files and folders carry a lock that the system takes away with their process, however
that ends. So what is there and not locked belongs to no one.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

logger = logging.getLogger(__name__)


@contextmanager
def in_use(path: Path) -> Iterator[bool]:
    """Keep ``path`` from being taken for a leftover while the block runs.

    The value is False when it was removed before it was locked: make another one.
    """
    with ExitStack() as stack:
        try:
            descriptor = os.open(path, os.O_RDONLY)
            stack.callback(os.close, descriptor)
            with suppress(OSError):  # a file system without locks: there nothing is removed
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            is_there = os.path.samestat(os.stat(path), os.fstat(descriptor))
        except FileNotFoundError:
            is_there = False
        yield is_there


def remove_unused(paths: Iterable[Path]) -> int:
    """Delete those files and folders of ours that no living process uses. Returns how many."""
    num_removed = 0
    for path in paths:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            continue  # gone meanwhile, or not ours to read
        try:
            if os.fstat(descriptor).st_uid == os.getuid():
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(path)
                num_removed += 1
        except OSError as error:
            logger.debug("%s stays: %s", path, error)
        finally:
            os.close(descriptor)
    return num_removed


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
