"""One DI through one contender, as the manifest has it: the fairness certificate."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from jobs.pipeline.formats.described import Position, Record, Sha256, about
from jobs.pipeline.formats.manifest.blocks import BlockFacts
from jobs.pipeline.formats.manifest.metrics import SegmentMetrics
from jobs.pipeline.formats.manifest.recipe import RecordedRecipe
from jobs.pipeline.vocabulary.options import InputMode

_AS_PUBLISHED = "measured on the samples as published; mono as dual mono"


class InputStaging(Record, frozen=True, kw_only=True):
    requested: Annotated[InputMode, about("the input mode that was asked for")]
    mode: Annotated[Literal["calibrated", "normalized", "raw"], about("what was done")]
    basis: Annotated[
        Literal["calibrated", "assumed", "unknown"], about("how well the level is known")
    ]
    gain_db: Annotated[float, about("the gain ahead of the chain")]


class AlignmentFacts(Record, frozen=True, kw_only=True):
    """Manifests from before contenders were aligned to each other have no ``method``."""

    lag_samples: Annotated[int, about("the lag, at 48 kHz")]
    is_inverted: Annotated[
        bool, about("polarity against most contenders of the DI, where it is clear; it is left so")
    ]
    is_accepted: Annotated[
        bool, about("whether the lag was removed: then the segment begins that much earlier")
    ]
    peak_ratio: Annotated[
        float,
        about("how clearly the onset was heard: the peak of the correlation against the next one"),
    ]
    lag_ms: Annotated[float | None, about("the lag", is_later=True)] = None
    onset_samples: Annotated[
        float | None,
        about(
            "how late the chain begins, to fractions of a sample; null: not known", is_later=True
        ),
    ] = None
    polarity: Annotated[
        Literal["same", "inverted", "unclear"] | None,
        about("against most contenders of the DI; it is left so", is_later=True),
    ] = None
    is_trusted: Annotated[
        bool | None, about("whether the lag is the chain's own", is_later=True)
    ] = None
    method: Annotated[
        Literal["phase", "first_sound", "group", "none"] | None,
        about(
            "how it was found: `phase`, `first_sound`, `group` (moved as the others are), `none` "
            "([alignment](sound.md))",
            is_later=True,
        ),
    ] = None
    warning_codes: Annotated[
        tuple[
            Literal[
                "ALIGNMENT_UNKNOWN",
                "ALIGNMENT_BY_GROUP",
                "ALIGNMENT_LATE",
                "ALIGNMENT_LEADING_SILENCE",
                "ALIGNMENT_NOT_TIGHTER",
            ],
            ...,
        ],
        about(
            "why a person should look. Their sentences are among the warnings. "
            "`ALIGNMENT_LEADING_SILENCE` is in older manifests only: the warning of the impulse "
            "response says it now",
            is_later=True,
        ),
    ] = ()


class Descriptor(Record, frozen=True):
    metric: Annotated[str, about("where it differs from the mean of the shootout")]
    difference: Annotated[float, about("value minus mean, in the unit of the metric")]
    text: Annotated[str, about("the same in words")]


class Segment(Record, frozen=True, kw_only=True):
    di: Annotated[Position, about("position in `dis`")]
    contender: Annotated[Position, about("position in `contenders`")]
    media: Annotated[
        str, about("id for `/api/v1/media/{id}`, or a file name beside `manifest.json`")
    ]
    duration_s: Annotated[float, about("of the file: 48 kHz, 24-bit FLAC")]
    num_channels: Annotated[
        int, Meta(extra_json_schema={"enum": [1, 2]}), about("of the file", is_later=True)
    ] = 1
    loudness_before_lufs: Annotated[
        float | None, about("integrated loudness of the render, before its gain")
    ]
    loudness_after_lufs: Annotated[float | None, about(f"integrated loudness, {_AS_PUBLISHED}")]
    loudness_range_lu: Annotated[float, about(_AS_PUBLISHED)]
    true_peak_dbtp: Annotated[float | None, about(_AS_PUBLISHED)]
    gain_db: Annotated[float, about("the one constant gain")]
    staging: InputStaging
    alignment: Annotated[
        AlignmentFacts | None, about("null when it was switched off", is_later=True)
    ] = None
    blocks: tuple[BlockFacts, ...]
    warnings: Annotated[tuple[str, ...], about("sentences for people")]
    waveform: Annotated[
        tuple[float, ...], about("peaks per column, 1.0 is full scale", is_later=True)
    ] = ()
    metrics: Annotated[SegmentMetrics | None, about("", is_later=True)] = None
    notes: Annotated[tuple[Descriptor, ...], about("", is_later=True)] = ()
    recipe: RecordedRecipe
    recipe_digest: Annotated[Sha256, about("SHA-256 of the recipe as canonical JSON")]
    rendered_with: Annotated[
        dict[str, str],
        about(
            "what rendered it, perhaps in an earlier run",
            {
                "nam": "version of our engine",
                "nam_backend": "what ran the networks: `llvm` (code made for the processor) or "
                "`numpy`",
                "renderer": "version of our chain",
                "meter": "version of our meter",
                "blas_kernel": "the machine: where it differs, the last bits of a network may",
                "platform": "the machine: where it differs, the last bits of a network may",
            },
            is_later=True,
        ),
    ] = {}
    sha256: Annotated[Sha256, about("of the published file")]
    pcm_sha256: Annotated[Sha256, about("of its samples: 24-bit little-endian, interleaved")]


class FailedSegment(Record, frozen=True, kw_only=True):
    di: Annotated[Position, about("position in `dis`")]
    contender: Annotated[Position, about("position in `contenders`")]
    reason: Annotated[str, about("why it could not be rendered")]
