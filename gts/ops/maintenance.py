"""What is done once a day: old jobs go, previews no one asked for, drafts no one has touched, files
that nothing names, words of the search that nothing has; DI tracks without a report get one, and
impulse responses without a picture.

By beat (``gts.tasks``), or by a thread of the embedded server.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils import timezone

from gear.search.index import COMMENT_INDEX, GEAR_INDEX, SHOOTOUT_INDEX, words_refresh
from gear.services.ir_pictures import ir_pictures_add
from gts.ops.backups import BackupError, backup_make, backups_list, backups_trim
from jobs.files.storage import media_store
from jobs.queue.cleanup import NOTHING, Pruned, jobs_prune
from shootouts.files.consistency import OrphanSearch, orphans_delete, orphans_find
from shootouts.services.di_tracks import di_reports_add
from shootouts.services.drafts import drafts_prune
from shootouts.services.previews import chain_previews_prune

logger = logging.getLogger(__name__)

# More orphans than this, and more than half of all files: then it is not the files that are wrong.
_SUSPICIOUS_NUM: Final = 20
_BACKUP_IS_FRESH: Final = timedelta(hours=20)


def prune_jobs() -> Pruned:
    """Delete the trees of jobs that ended before ``GTS_KEEP_JOBS_DAYS`` (0: keep all)."""
    if not settings.GTS_KEEP_JOBS_DAYS:
        return NOTHING
    ended_before = timezone.now() - timedelta(days=settings.GTS_KEEP_JOBS_DAYS)
    done = jobs_prune(ended_before=ended_before)
    logger.info("pruned %d jobs in %d trees", done.num_jobs, done.num_trees)
    return done


def prune_previews() -> int:
    """Forget previews of chains that no one asked for in ``GTS_KEEP_PREVIEWS_HOURS``."""
    kept = timedelta(hours=settings.GTS_KEEP_PREVIEWS_HOURS)
    num_gone = chain_previews_prune(unused_since=timezone.now() - kept)
    logger.info("pruned %d previews", num_gone)
    return num_gone


def prune_drafts() -> int:
    """Forget drafts that no one has changed in ``GTS_KEEP_DRAFTS_DAYS`` (0: keep all)."""
    if not settings.GTS_KEEP_DRAFTS_DAYS:
        return 0
    kept = timedelta(days=settings.GTS_KEEP_DRAFTS_DAYS)
    num_gone = drafts_prune(untouched_since=timezone.now() - kept)
    logger.info("pruned %d drafts", num_gone)
    return num_gone


def find_orphans(grace_hours: int | None = None) -> OrphanSearch:
    hours = settings.GTS_ORPHAN_GRACE_HOURS if grace_hours is None else grace_hours
    return orphans_find(older_than=timezone.now() - timedelta(hours=hours))


def remove_stale_uploads() -> int:
    """Parts in the storage of uploads that have not ended for as long as orphans may live."""
    hours = max(settings.GTS_ORPHAN_GRACE_HOURS, 1)
    older_than = timezone.now() - timedelta(hours=hours)
    try:
        num_removed = media_store().remove_stale_uploads(older_than=older_than)
    except OSError as error:  # not every store lists them
        logger.warning("unfinished uploads cannot be listed: %s", error)
        return 0
    if num_removed:
        logger.info("removed %d unfinished uploads from the storage", num_removed)
    return num_removed


def prune_media() -> int:
    """Delete orphaned files. First a dry run: one that finds too many is left to a person.

    So a process that is connected to the wrong database, or to an empty one, deletes nothing.
    """
    search = find_orphans()
    num_orphans = len(search.orphans)
    if num_orphans > _SUSPICIOUS_NUM and 2 * num_orphans > search.num_files:
        logger.error(
            "%d of %d files have no row: is this the right database? Nothing was deleted; "
            "manage.py prune_media shows them",
            num_orphans,
            search.num_files,
        )
        return 0
    num_deleted = orphans_delete(search)
    remove_stale_uploads()
    logger.info("pruned %d of %d files", num_deleted, search.num_files)
    return num_deleted


def prune_search_words() -> int:
    """Forget the words that the search keeps beside rows and that none has now."""
    indexes = (GEAR_INDEX, SHOOTOUT_INDEX, COMMENT_INDEX)
    num_gone = sum(words_refresh(index) for index in indexes)
    logger.info("pruned %d words of the search", num_gone)
    return num_gone


def judge_di_tracks() -> int:
    """Reports for DI tracks that came before there were any."""
    judged = di_reports_add()
    if judged.num_judged or judged.num_failed:
        logger.info(
            "judged %d DI tracks that had no report; %d could not be read",
            judged.num_judged,
            judged.num_failed,
        )
    return judged.num_judged


def draw_impulse_responses() -> int:
    """Pictures for impulse responses that came before there were any."""
    num_drawn = ir_pictures_add()
    if num_drawn:
        logger.info("drew %d impulse responses that had no picture", num_drawn)
    return num_drawn


def make_backup() -> bool:
    """A backup in ``GTS_BACKUP_DIR``, unless there is one of today; old ones go. Whether it did.

    A server that is started often asks for it each time.
    """
    root = Path(settings.GTS_BACKUP_DIR)
    newest = [datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in backups_list(root)[-1:]]
    if any(timezone.now() - made_at < _BACKUP_IS_FRESH for made_at in newest):
        return False
    try:
        saved = backup_make(root)
    except BackupError:
        logger.exception("no backup was made")
        return False
    try:
        backups_trim(root, keep=settings.GTS_BACKUP_KEEP)
    except BackupError:
        logger.exception("old backups stay")
    if saved.lost:
        logger.error("%d files are missing from the backup: %s", len(saved.lost), saved.lost[:10])
    if saved.not_stored:
        logger.error(
            "%d stored files are missing or not what they were; the backup has them: %s",
            len(saved.not_stored),
            saved.not_stored[:10],
        )
    if saved.replaced:
        logger.warning("damaged contents were replaced in the backups: %s", saved.replaced[:10])
    if saved.damaged:
        logger.error("earlier backups lack %d files: %s", len(saved.damaged), saved.damaged[:10])
    return True


def run_daily() -> None:
    """All of it. What fails is logged, and the rest is done."""
    pruning = (prune_jobs, prune_previews, prune_drafts, prune_media, prune_search_words)
    steps = (*pruning, judge_di_tracks, draw_impulse_responses)
    for step in steps:
        try:
            step()
        except Exception:
            logger.exception("%s failed", step.__name__)
