"""Two published segments of one DI against each other, from the files that everybody hears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from django.core.cache import cache

from jobs.pipeline.audio.third_octaves import third_octave_difference_db
from jobs.storage import fetch_file, scratch_folder, stored_name
from shootouts.models import Manifest, RenderedFile
from shootouts.refusals import pipeline_errors_as_answers

if TYPE_CHECKING:
    from jobs.pipeline.audio.compare import Comparison

# Published files never change, so neither does what is found between two of them.
_KEPT_S: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class SegmentPair:
    """``reference`` and ``other``: the files of one DI's segments."""

    reference: RenderedFile
    other: RenderedFile

    @property
    def digest(self) -> str:
        """Names the two contents and their order."""
        return f"{self.reference.sha256}-{self.other.sha256}"


def compare_pair(pair: SegmentPair) -> Comparison:
    """Gain, lag and what is left of a pair; seconds of work for minutes of sound, done once.

    Raises ``ConflictError`` where the files cannot be compared, with the code of the pipeline.
    """
    with pipeline_errors_as_answers(), scratch_folder() as folder:
        return _compared(pair, *_fetched(pair, folder))


def open_residual(pair: SegmentPair) -> tuple[BinaryIO, int]:
    """The residual as 24-bit FLAC: an open file without a name, gone when closed, and its size.

    Written to the disk, so memory does not grow with the length. Raises as ``compare_pair``.
    """
    from jobs.pipeline.audio.compare import write_residual

    with pipeline_errors_as_answers(), scratch_folder() as folder:
        paths = _fetched(pair, folder)
        out = folder / "residual.flac"
        write_residual(*paths, _compared(pair, *paths), out)
        return out.open("rb"), out.stat().st_size


def band_differences(manifest: Manifest, di: int, reference: int, other: int) -> list[float | None]:
    """Third-octave bands of ``other`` minus those of ``reference``, in dB, as they were measured.

    Empty for a manifest from before there were metrics.
    """
    bands = {
        segment["contender"]: segment["metrics"]["third_octave_dbfs"]
        for segment in manifest.data["segments"]
        if segment["di"] == di and segment.get("metrics")
    }
    if reference not in bands or other not in bands:
        return []
    found = third_octave_difference_db(bands[other], bands[reference])
    return [None if level is None else round(level, 2) for level in found]


def _fetched(pair: SegmentPair, folder: Path) -> tuple[Path, Path]:
    return (
        fetch_file(stored_name(pair.reference.file), folder, sha256=pair.reference.sha256),
        fetch_file(stored_name(pair.other.file), folder, sha256=pair.other.sha256),
    )


def _compared(pair: SegmentPair, reference: Path, other: Path) -> Comparison:
    from jobs.pipeline.audio.compare import Comparison, compare_files  # NumPy, when first asked

    key = f"comparison-{pair.digest}"
    known: Mapping[str, Any] | None = cache.get(key)
    if known is not None:
        return Comparison(**known)
    found = compare_files(reference, other)
    cache.set(key, asdict(found), _KEPT_S)
    return found
