"""An impulse response to choose a channel by ear."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.conf import settings

from accounts.models import User
from gear.models import Capture
from gear.models.item import CaptureFormat, FileState, GearKind
from gear.services.chains import NOT_AN_IR
from gts.web.errors import ConflictError
from jobs.files.storage import fetch_file, scratch_folder, stored_name
from jobs.pipeline.recipe import ChannelRule
from jobs.pipeline.signal.trim import Trim
from shootouts.refusals import pipeline_errors_as_answers
from shootouts.rendering import di_source
from shootouts.services.previews import di_track_to_preview

if TYPE_CHECKING:
    from jobs.pipeline.render.ir_preview import Passage

# What plays where no DI was named: it is on every installation.
DEMO_DI: Final = "di/undertow-132bpm.flac"
_NOT_OF_A_SPACE: Final = "All channels of a space sound together. Hear it in a preview of a chain."


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
