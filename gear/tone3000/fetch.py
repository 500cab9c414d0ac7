"""Fetching one model for a job: ask, download, look inside. No row is written here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from asgiref.sync import sync_to_async
from django.conf import settings

from gear.captures.inspection import inspect_capture
from gear.models.item import CaptureFormat, GearKind
from gear.tone3000.access import TokenSource
from gear.tone3000.client import Tone3000Client
from gear.tone3000.download import Downloaded, Downloader
from gear.tone3000.errors import DownloadError, NotAvailableError
from gear.tone3000.kinds import capture_format, kind_of, kinds_for
from gear.tone3000.schemas import Model, Tone
from gear.tone3000.services import FetchedFile
from gear.tone3000.transport import own_pool

# Told how much is done (0..1) and what is being done. May raise to stop.
Report = Callable[[float, str], None]

_SUFFIXES: Final = {CaptureFormat.NAM: ".nam", CaptureFormat.IR: ".wav"}
_WHITE: Final = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Fetched:
    """``file`` None: the format cannot be played, so nothing was downloaded."""

    tone: Tone
    model: Model
    kind: GearKind
    file: FetchedFile | None


async def fetch_model(
    tokens: TokenSource, *, tone_id: str, model_id: str, kind: str, folder: Path, report: Report
) -> Fetched:
    """Everything about one model, with its file in ``folder``.

    Raises what the client and the download raise, ``DownloadError`` with KIND_NEEDED, NO_FILE or
    NOT_WHAT_IT_SAYS, and ``PipelineError`` when the file cannot be used.
    """
    async with own_pool() as pool:
        client = Tone3000Client(pool, tokens)
        report(0.0, "Asking Tone 3000")
        tone = await client.tone(tone_id)
        model = await client.model(model_id)
        if model.tone_id not in (None, tone.id):
            raise NotAvailableError("This model does not belong to this tone.")
        chosen = _chosen_kind(tone, kind)
        file_format = capture_format(tone)
        if file_format not in _SUFFIXES:
            return Fetched(tone, model, chosen, None)
        if model.url is None:
            raise DownloadError(
                "TONE3000_NO_FILE", "Tone 3000 has no file for this model.", is_permanent=True
            )
        report(0.05, "Downloading")
        # Named by the content's kind alone: what its creator called it is no name for a file.
        downloaded = await Downloader(client, pool).fetch(
            model.url,
            folder / f"model{_SUFFIXES[file_format]}",
            max_bytes=settings.GTS_CAPTURE_MAX_BYTES,
            watch=lambda num_bytes, expected: report(
                0.05 + 0.6 * num_bytes / max(expected or 0, num_bytes), "Downloading"
            ),
        )
    report(0.7, "Looking into the file")
    return Fetched(
        tone, model, chosen, await sync_to_async(_looked_into)(downloaded, file_format, chosen)
    )


def _chosen_kind(tone: Tone, kind: str) -> GearKind:
    if kind in kinds_for(tone):
        return GearKind(kind)
    known = kind_of(tone)
    if known is None:
        raise DownloadError(
            "TONE3000_KIND_NEEDED",
            "Tone 3000 does not say what kind of gear this is: choose what to use it as.",
            detail=f"gear {tone.gear}, format {tone.format}",
            is_permanent=True,
        )
    return known


def _looked_into(downloaded: Downloaded, file_format: CaptureFormat, kind: GearKind) -> FetchedFile:
    _check_outside(downloaded.path, file_format)
    facts = inspect_capture(downloaded.path, file_format, kind=kind)
    return FetchedFile(downloaded.path, downloaded.sha256, downloaded.size_bytes, facts)


def _check_outside(path: Path, file_format: CaptureFormat) -> None:
    """Is it what was asked for, and all of it? A cut file may be whole next time."""
    size_bytes = path.stat().st_size
    with open(path, "rb") as file:
        head = file.read(512)
        file.seek(max(0, size_bytes - 64))
        tail = file.read()
    if file_format == CaptureFormat.NAM:
        is_it = head.removeprefix(b"\xef\xbb\xbf").lstrip(_WHITE)[:1] == b"{"
        is_whole = tail.rstrip(_WHITE).endswith(b"}")
    else:
        is_it = head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE"
        announced_bytes = int.from_bytes(head[4:8], "little") + 8
        is_whole = head[:4] == b"RF64" or size_bytes >= announced_bytes
    if not is_it:
        raise DownloadError(
            "DOWNLOAD_NOT_WHAT_IT_SAYS",
            "What Tone 3000 sent is not the kind of file it should be.",
            detail=repr(head[:16]),
        )
    if not is_whole:
        raise DownloadError(
            "DOWNLOAD_TRUNCATED", "The file did not arrive whole.", detail=f"{size_bytes} bytes"
        )
