"""A DI to choose a channel by ear."""

from __future__ import annotations

from gear.models.item import FileState
from gts.web.errors import ConflictError
from jobs.files.storage import fetch_file, scratch_folder, stored_name
from jobs.pipeline.recipe import ChannelChoice
from jobs.pipeline.signal.trim import Trim
from shootouts.models import DITrack
from shootouts.refusals import pipeline_errors_as_answers
from shootouts.rendering import used_channel


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
