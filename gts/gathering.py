"""Static files gathered where the server reads them, as seldom as possible.

`collectstatic` hashes and compresses everything again, which takes longer than the rest of a start.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Final, cast

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from jobs.pipeline.files import replacing

_MARK: Final = ".gathered"


def gather_static() -> bool:
    """Run `collectstatic` if any file has changed since the last time. Says whether it did."""
    mark = Path(settings.STATIC_ROOT) / _MARK
    wanted = _fingerprint()
    if mark.is_file() and mark.read_text() == wanted:
        return False
    mark.unlink(missing_ok=True)  # a run that is cut short must not look finished
    call_command("collectstatic", interactive=False, verbosity=0)
    with replacing(mark) as path:
        path.write_text(wanted)
    return True


def _fingerprint() -> str:
    """Of the names, sizes and times of all files, and of what turns them into what is served."""
    backend = settings.STORAGES["staticfiles"]["BACKEND"]
    digest = hashlib.sha256(f"{backend} {version('django')} {version('whitenoise')}".encode())
    ignored = cast(StaticFilesConfig, apps.get_app_config("staticfiles")).ignore_patterns
    digest.update(repr(ignored).encode())
    for finder in get_finders():
        for name, storage in finder.list(ignored):
            found = Path(storage.path(name)).stat()
            digest.update(f"\n{name}\0{found.st_size}\0{found.st_mtime_ns}".encode())
    return digest.hexdigest()
