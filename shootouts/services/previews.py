"""Something to hear before a shootout is made: chains, impulse responses and DI tracks.

A chain is rendered by a job, kept, and forgotten when no one asks for it any more. The other two,
to choose a channel by ear, are made for the answer alone, and write nothing.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.quotas import storage_check
from gear.models import Capture, SignalChain
from gear.models.item import CaptureFormat, FileState, GearKind
from gear.selectors import chain_errors
from gear.services.chains import NOT_AN_IR, BlockInput, chain_blocks_checked
from gts.web.errors import ConflictError, ErrorDetail, InvalidInputError, UnavailableError
from jobs.files.storage import (
    delete_stored,
    fetch_file,
    scratch_folder,
    store_local_file,
    stored_name,
)
from jobs.models import ACTIVE, Job
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import (
    ChannelChoice,
    ChannelRule,
    SegmentRecipe,
    passage_key,
    recipe_as_json,
    render_key,
)
from jobs.pipeline.signal.trim import MIN_DI_DURATION_S, Trim
from jobs.services import job_cancel, job_enqueue
from shootouts import rendering
from shootouts.job_kinds import RENDER_PASSAGE, RENDER_PREVIEW
from shootouts.models import ChainPreview, DITrack, Shootout
from shootouts.rendering import di_source, used_channel

if TYPE_CHECKING:
    from jobs.pipeline.render.ir_preview import Passage


logger = logging.getLogger(__name__)

DEFAULT_PASSAGE_S: Final = 6.0
MAX_PASSAGE_S: Final = 10.0
_ROOM_BEFORE_S: Final = 0.05  # a pick is heard before its note

# What plays where no DI was named: it is on every installation.
DEMO_DI: Final = "di/undertow-132bpm.flac"
_AWAY: Final = "These files cannot be read just now. Try again later."
_NOT_OF_A_SPACE: Final = "All channels of a space sound together. Hear it in a preview of a chain."


@dataclass(frozen=True, slots=True)
class DIPassage:
    """Seconds of a DI track of its owner, by the clock of the file. ``start_s`` ``None``: from
    where the playing begins."""

    di_track_id: UUID
    start_s: float | None = None
    duration_s: float = DEFAULT_PASSAGE_S


def chain_preview_request(*, chain: SignalChain, di_track_id: UUID) -> ChainPreview:
    """The preview of what the chain is now over that DI of its owner, rendered before or on its
    way: its ``job`` tells. One that failed is tried again.

    Raises ``InvalidInputError`` NOT_FOUND or NOT_READY for the DI, ``ConflictError``
    CHAIN_NOT_PLAYABLE with what is wrong at ``/blocks/<i>``, ``LimitError`` with too many waiting,
    and ``TooLargeError`` QUOTA_STORAGE. ``chain`` comes from ``gear.selectors``.
    """
    _check_playable(chain)
    track = di_track_to_preview(chain.owner, di_track_id)
    # As a new shootout would have it: what is rendered for the one is found by the other.
    recipe = rendering.segment_recipe(Shootout(), track, chain)
    return _preview_of(
        chain.owner,
        RENDER_PREVIEW,
        render_key=render_key(recipe),
        di_track=track,
        name=f"{chain.name} · {track.name}"[:200],
        recipe=recipe_as_json(recipe),
        sources=rendering.segment_sources(track, chain),
    )


def passage_preview_request(
    *, owner: User, passage: DIPassage, blocks: Sequence[BlockInput]
) -> ChainPreview:
    """The preview of a passage through blocks that need not be stored as a chain; else as
    ``chain_preview_request``, and ahead of all other work.

    Raises ``InvalidInputError`` as ``chain_create``, and DI_TRIM_INVALID at ``/start_s``.
    """
    return _passage_preview(owner, passage, chain_blocks_checked(owner, blocks))


def chain_passage_request(*, chain: SignalChain, passage: DIPassage) -> ChainPreview:
    """The same of a stored chain. Raises ``ConflictError`` CHAIN_NOT_PLAYABLE."""
    _check_playable(chain)
    return _passage_preview(chain.owner, passage, rendering.blocks_of(chain))


def passage_preview_abandon(*, preview: ChainPreview) -> None:
    """Who asked for it has gone, or wants another one by now. Unless it is rendered already, it is
    not rendered; anyone who asks for it again gets it."""
    job = preview.job
    if job is None or job.kind != RENDER_PASSAGE:
        return
    with suppress(ConflictError):  # it ended in between
        job_cancel(job=job)


def _passage_preview(
    owner: User, passage: DIPassage, blocks: Sequence[rendering.WholeBlock]
) -> ChainPreview:
    track = di_track_to_preview(owner, passage.di_track_id)
    recipe = SegmentRecipe(
        di=rendering.passage_source(track, *_part_of(track, passage)),
        blocks=tuple(rendering.block_recipe(*block) for block in blocks),
        input_mode=Shootout().options.input_mode,
    )
    names = [block.capture.gear.name for block, _ in blocks if block.capture is not None]
    return _preview_of(
        owner,
        RENDER_PASSAGE,
        render_key=passage_key(recipe),
        di_track=track,
        name=" · ".join([*names[:1], track.name])[:200],
        recipe=recipe_as_json(recipe),
        sources=rendering.sources_of(track, blocks),
    )


def _part_of(track: DITrack, passage: DIPassage) -> tuple[float, float]:
    """Where the passage begins and ends in the file: within what is played of it, to the
    millisecond."""
    duration_s = math.inf if track.duration_s is None else track.duration_s
    last_s = duration_s if track.end_s is None else min(track.end_s, duration_s)
    wanted_s = passage.start_s
    if wanted_s is None:
        wanted_s = max(track.info.get("sound_start_s", 0.0) - _ROOM_BEFORE_S, 0.0)
    start_s = max(wanted_s, track.start_s)
    end_s = min(start_s + passage.duration_s, last_s)
    if end_s - start_s < MIN_DI_DURATION_S:
        detail = ErrorDetail(
            "/start_s",
            "DI_TRIM_INVALID",
            f"{track.name} is played from {track.start_s:g} s to {last_s:g} s; of a passage at "
            f"least {MIN_DI_DURATION_S:g} s must lie within.",
        )
        raise InvalidInputError(detail.message, code=detail.code, details=[detail])
    return round(start_s, 3), round(end_s, 3)


def _check_playable(chain: SignalChain) -> None:
    errors = chain_errors(chain)
    if errors:
        details = [
            ErrorDetail(
                "/blocks" if error.position is None else f"/blocks/{error.position}",
                error.code,
                error.message,
            )
            for error in errors
        ]
        raise ConflictError(errors[0].message, code="CHAIN_NOT_PLAYABLE", details=details)


def _is_under_way(job: Job | None) -> bool:
    """One that is being cancelled will not bring anything."""
    return job is not None and not job.is_finished and job.cancel_requested_at is None


def _preview_of(owner: User, kind: str, *, render_key: str, **values: Any) -> ChainPreview:
    """One for each content. It is queued unless it is there, or on its way."""
    with transaction.atomic():
        # Who asks twice at once gets one: the second waits here.
        User.objects.select_for_update().get(pk=owner.pk)
        preview, _ = ChainPreview.objects.update_or_create(
            owner=owner, render_key=render_key, defaults={**values, "used_at": timezone.now()}
        )
        if not preview.file and not _is_under_way(preview.job):
            storage_check(user=owner, new_bytes=0)  # how large it is no one knows yet
            preview.job = job_enqueue(
                kind=kind,
                owner=owner,
                payload={"preview": str(preview.uuid)},
                label=f"Preview: {preview.name}",
            )
            preview.save(update_fields=["job", "updated_at"])
    return preview


def di_track_to_preview(owner: User, di_track_id: UUID) -> DITrack:
    """Raises ``InvalidInputError`` NOT_FOUND or NOT_READY."""
    track = DITrack.objects.owned_by(owner).filter(uuid=di_track_id).first()
    if track is None:
        detail = ErrorDetail("/di_track_id", "NOT_FOUND", "DI track not found.")
    elif track.state != "ready":
        detail = ErrorDetail("/di_track_id", "NOT_READY", f"{track.name} is still being checked.")
    else:
        return track
    raise InvalidInputError(detail.message, details=[detail])


def chain_preview_complete(
    *,
    preview: ChainPreview,
    path: Path,
    duration_s: float,
    loudness_lufs: float | None,
    gain_db: float,
    holding: Callable[[], AbstractContextManager[None]] = transaction.atomic,
) -> ChainPreview:
    """Store what was rendered, with how long and how loud it is. ``holding``: the transaction in
    which the row is written; if that raises, the file goes again. Raises ``PipelineError`` GONE
    when the row went meanwhile."""
    stored = store_local_file(path, f"previews/{preview.uuid}{path.suffix}")
    try:
        with holding():
            row = ChainPreview.objects.select_for_update().filter(pk=preview.pk).first()
            if row is None:
                raise PipelineError("GONE", "This preview is not wanted any more.")
            if row.file:  # by an attempt that could not say so
                transaction.on_commit(lambda: delete_stored(stored.name), robust=True)
                return row
            row.file.name = stored.name
            row.size_bytes = stored.size_bytes
            row.sha256 = stored.sha256
            row.duration_s = duration_s
            row.loudness_lufs = loudness_lufs
            row.gain_db = gain_db
            row.save()
    except BaseException:
        delete_stored(stored.name)
        raise
    return row


def previews_make_ready() -> None:
    """Someone is about to listen. An embedded server, which starts without what computes, loads it
    now, beside its other work; workers of their own have loaded it when they started."""
    if settings.IS_EMBEDDED:
        _readiness.begin()


class _Readiness:
    """Once in a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._has_begun = False

    def begin(self) -> None:
        with self._lock:
            if self._has_begun:
                return
            self._has_begun = True
        threading.Thread(target=self._load, name="previews-readiness", daemon=True).start()

    def _load(self) -> None:
        from jobs.pipeline.render.passage import warm_up  # NumPy, LLVM and more

        demo = settings.GTS_DEMO_DIR
        amp, cab = min(demo.glob("captures/*.nam")), min(demo.glob("irs/*.wav"))
        try:
            warm_up(demo / DEMO_DI, amp, cab)
        except Exception:
            logger.exception("what computes could not be made ready: the first preview loads it")


_readiness: Final = _Readiness()


def chain_previews_prune(*, unused_since: datetime) -> int:
    """Forget what no one has asked for since then, unless it is being rendered. Returns how many
    went; their files go with them."""
    old = ChainPreview.objects.filter(used_at__lt=unused_since).exclude(job__state__in=ACTIVE)
    num_gone = 0
    for row in old.only("pk", "used_at", "file").iterator(chunk_size=200):
        with transaction.atomic():
            # Unless someone has asked for it in between.
            gone, _ = ChainPreview.objects.filter(pk=row.pk, used_at=row.used_at).delete()
        num_gone += bool(gone)
    return num_gone


def ir_preview(
    *,
    user: User,
    capture: Capture,
    channel_rule: ChannelRule | None = None,
    di_track_id: UUID | None = None,
) -> bytes:
    """A WAV of some seconds of that DI of ``user``, or of the demo's, through the impulse response
    and nothing else, as loud by every rule. ``None``: the rule of the capture. Writes nothing.

    Raises ``ConflictError`` (NOT_AN_IR, NOT_OF_A_SPACE, NOT_READY, and what reading the files
    raises), ``InvalidInputError`` NOT_FOUND or NOT_READY for the DI, and ``UnavailableError`` while
    the storage is away.
    """
    from jobs.pipeline.render.ir_preview import ir_preview_wav  # NumPy and more, when first asked

    if capture.format != CaptureFormat.IR:
        raise ConflictError(NOT_AN_IR, code="NOT_AN_IR")
    if capture.gear.kind == GearKind.SPACE:
        raise ConflictError(_NOT_OF_A_SPACE, code="NOT_OF_A_SPACE")
    if capture.state != FileState.READY:
        raise ConflictError(f"{capture.name} is still being checked.", code="NOT_READY")
    ir_settings = capture.ir_settings
    if channel_rule is not None:
        ir_settings = replace(ir_settings, channel_rule=channel_rule)
    with pipeline_errors_as_answers(), scratch_folder() as folder:
        path = fetch_file(stored_name(capture.file), folder, sha256=capture.sha256)
        return ir_preview_wav(path, ir_settings, _passage(user, di_track_id, folder))


def _passage(user: User, di_track_id: UUID | None, folder: Path) -> Passage:
    from jobs.pipeline.render.ir_preview import Passage

    if di_track_id is None:
        return Passage(settings.GTS_DEMO_DIR / DEMO_DI)
    track = di_track_to_preview(user, di_track_id)
    source = di_source(track)
    return Passage(
        fetch_file(stored_name(track.file), folder, sha256=track.sha256),
        source.channel_rule,
        Trim(source.start_s, source.end_s),
    )


def di_track_preview(*, track: DITrack, channel_rule: ChannelChoice) -> bytes:
    """A WAV of the first seconds of what is played. Writes nothing.

    Raises ``ConflictError``: NOT_READY while the recording is being checked, and what reading it
    raises; ``UnavailableError`` while the storage is away.
    """
    from jobs.pipeline.render.di_preview import di_preview_wav  # NumPy and more, when first asked

    if track.state != FileState.READY:
        raise ConflictError(f"{track.name} is still being checked.", code="NOT_READY")
    with pipeline_errors_as_answers(), scratch_folder() as folder:
        path = fetch_file(stored_name(track.file), folder, sha256=track.sha256)
        return di_preview_wav(
            path, used_channel(track, channel_rule), Trim(track.start_s, track.end_s)
        )


@contextmanager
def pipeline_errors_as_answers() -> Iterator[None]:
    """What went wrong in the pipeline during a request.

    Raises ``UnavailableError`` for what may go well another time, else ``ConflictError``.
    """
    try:
        yield
    except OSError as error:
        raise UnavailableError(_AWAY, code="STORAGE_UNAVAILABLE") from error
    except PipelineError as error:
        if not error.is_permanent:
            raise UnavailableError(error.message, code=error.code) from error
        raise ConflictError(error.message, code=error.code) from error
