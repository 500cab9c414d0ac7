"""Where this process keeps work in progress: the folder of ``TMPDIR``, or what Python took instead.

Python tries the folders that the environment names, then those of the system, then the current one,
and says nothing about those that it could not write to.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import msgspec

logger = logging.getLogger(__name__)

KEY: Final = "work_folder"
# In the order in which Python asks for them.
_VARIABLES: Final = ("TMPDIR", "TEMP", "TMP")


@dataclass(frozen=True, slots=True)
class WorkFolder:
    """``folder``: empty where there is none. ``variable`` names the folder ``wanted``, which could
    not be written to when the process chose; both are empty when it could, or none is named."""

    folder: str
    free_bytes: int
    variable: str = ""
    wanted: str = ""

    @property
    def problem(self) -> str:
        """In a sentence that says what to do; empty when all is well."""
        if self.folder and not self.variable:
            return ""
        what = "No folder for temporary files can be written to"
        if self.variable:
            what = f"{self.variable} names {self.wanted}, which cannot be written to"
        where = f"goes to {self.folder}" if self.folder else "has no place"
        return (
            f"{what}: work in progress {where}. Make that folder, or room in it, or name another "
            "in TMPDIR; then start again."
        )


def work_folder() -> WorkFolder:
    """As it is now: Python chooses once in the life of a process."""
    variable = next((name for name in _VARIABLES if os.environ.get(name)), "")
    wanted = os.path.abspath(os.environ[variable]) if variable else ""
    try:
        folder = tempfile.gettempdir()
        free_bytes = shutil.disk_usage(folder).free
        is_writable = os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        is_writable = False
    if not is_writable:
        return WorkFolder("", 0, variable, wanted)
    if not variable or os.path.abspath(folder) == wanted:
        return WorkFolder(folder, free_bytes)
    return WorkFolder(folder, free_bytes, variable, wanted)


def work_folder_look() -> None:
    """When a process starts: what is wrong goes into the log, once."""
    problem = work_folder().problem
    if problem:
        logger.error("%s", problem)


def with_work_folder(
    figures: Callable[[], Mapping[str, object]] | None = None,
) -> Callable[[], dict[str, Any]]:
    """What a process says of itself, with its folder: ``manage.py doctor`` reads it elsewhere."""
    return lambda: {**(figures() if figures is not None else {}), KEY: asdict(work_folder())}


def work_folder_from(figures: Mapping[str, object]) -> WorkFolder | None:
    """Of another process; none where it says nothing, or something else."""
    try:
        return msgspec.convert(figures.get(KEY), WorkFolder)
    except msgspec.ValidationError:
        return None
