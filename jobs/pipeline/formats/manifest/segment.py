"""One DI through one contender, as the manifest has it, with what was measured: the fairness
certificate."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from jobs.pipeline.formats.manifest.blocks import BlockFacts, RecordedRecipe
from jobs.pipeline.formats.records import Position, Record, Sha256, about
from jobs.pipeline.vocabulary.options import InputMode

_AS_PUBLISHED = "measured on the samples as published; mono as dual mono"


class SegmentMetrics(Record, frozen=True, kw_only=True):
    """What is measured of the published samples.

    Levels are RMS or peak relative to full scale 1.0: a sine of full scale has 0 dBFS peak and
    −3.01 dBFS RMS. ``None`` stands where a value is not defined; there is no infinity.

    What looks at windows of 50 ms looks at sound only: those below −120 dBFS do not count. Shares
    are of the energy between 20 Hz and 20 kHz.
    """

    rms_dbfs: Annotated[float | None, about("level; a sine of full scale has −3.01")]
    peak_dbfs: Annotated[float | None, about("greatest sample")]
    true_peak_dbtp: Annotated[float | None, about("true peak (ITU-R BS.1770-5)")]
    crest_factor_db: Annotated[float | None, about("peak above RMS")]
    dynamic_range_db: Annotated[
        float | None, about("between the 95th and the 5th percentile of the RMS of 50 ms windows")
    ]
    loudness_lufs: Annotated[float | None, about("integrated (ITU-R BS.1770-5)")]
    loudness_range_lu: Annotated[float, about("EBU Tech 3342")]
    spectral_centroid_hz: Annotated[float | None, about("mean frequency, weighted by power")]
    bass_ratio: Annotated[float | None, about("share of the energy in 20 to 250 Hz")]
    mid_ratio: Annotated[float | None, about("share of the energy in 250 to 2,000 Hz")]
    treble_ratio: Annotated[float | None, about("share of the energy in 2,000 to 20,000 Hz")]
    third_octave_dbfs: Annotated[
        tuple[float | None, ...], about("level of each third-octave band from 20 Hz to 20 kHz")
    ]
    transient_density_per_s: Annotated[float, about("notes per second")]
    attack_time_ms: Annotated[
        float | None, about("from 10 to 90 % of a note's rise, median over the notes")
    ]
    decay_rate_db_per_s: Annotated[float | None, about("what a note loses, median over the notes")]
    noise_floor_dbfs: Annotated[float | None, about("what 2 % of the 50 ms windows lie below")]
    thd_pct: Annotated[
        float | None, about("harmonic distortion of the chain, from a probe tone")
    ] = None

    def rounded(self) -> SegmentMetrics:
        """To the digits that mean something."""
        values: dict[str, Any] = {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in msgspec.structs.asdict(self).items()
        }
        bands = tuple(None if dbfs is None else round(dbfs, 2) for dbfs in self.third_octave_dbfs)
        return SegmentMetrics(**{**values, "third_octave_dbfs": bands})


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
