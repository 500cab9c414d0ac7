"""Two published segments of one DI against each other, from the files that everybody hears."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from jobs.pipeline.measure.third_octaves import third_octave_difference_db
from shootouts.models import Manifest, RenderedFile

# Raise it when the same two files come to something else.
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class SegmentPair:
    """``reference`` and ``other``: the files of one DI's segments."""

    reference: RenderedFile
    other: RenderedFile

    @property
    def key(self) -> str:
        """Names the two contents and their order: what is kept of a pair is found by it."""
        named = f"comparison {_VERSION} {self.reference.sha256} {self.other.sha256}"
        return hashlib.sha256(named.encode()).hexdigest()


def band_differences(manifest: Manifest, di: int, reference: int, other: int) -> list[float | None]:
    """Third-octave bands of ``other`` minus those of ``reference``, in dB, as they were measured.

    Empty for a manifest from before there were metrics.
    """
    bands = {
        segment.contender: segment.metrics.third_octave_dbfs
        for segment in manifest.content.segments
        if segment.di == di and segment.metrics
    }
    if reference not in bands or other not in bands:
        return []
    found = third_octave_difference_db(bands[other], bands[reference])
    return [None if level is None else round(level, 2) for level in found]
