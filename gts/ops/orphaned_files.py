"""What killed processes of this machine have left: removed when a worker starts."""

from __future__ import annotations

import logging

from django.core.files.storage import default_storage

from gts.storage.local import AtomicFileSystemStorage
from jobs.files.storage import remove_orphaned_scratch_files

logger = logging.getLogger(__name__)


def remove_orphaned_files() -> int:
    """Harmless at any time: what a living process uses stays. Returns how many were removed."""
    num_removed = remove_orphaned_scratch_files()
    if isinstance(default_storage, AtomicFileSystemStorage):
        num_removed += default_storage.remove_orphaned_files()
    if num_removed:
        logger.info("removed %d unfinished files and folders of killed processes", num_removed)
    return num_removed
