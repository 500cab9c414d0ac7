"""What is measured of the published samples of one segment."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from jobs.pipeline.formats.described import Record, about


class SegmentMetrics(Record, frozen=True, kw_only=True):
    """Levels are RMS or peak relative to full scale 1.0: a sine of full scale has 0 dBFS peak and
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
