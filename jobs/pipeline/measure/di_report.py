"""What is doubtful about a DI recording, judged when it arrives and again when it is rendered."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy
from numpy.typing import NDArray

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.measure.di_facts import Finding
from jobs.pipeline.signal.samples import FloatArray

MAX_PLAUSIBLE_MAGNITUDE = 100.0  # +40 dBFS

_FULL_SCALE = 0.9999
_MIN_CLIPPED_FRAMES = 3
_MIN_CLIPPED_S = 60e-6  # at high rates the top of a low note is flat for longer
_MIN_CLIPPED_RUNS = 2
_MAX_DC = 0.005  # −46 dBFS
_LOW_DBFS = -45.0
_HIGH_DBFS = -6.0
_OUTLIER_DB = 12.0
_OUTLIER_FRAMES = 8

_QUIET_S = 0.5
_QUIET_FLOOR_POWER = 1e-10  # −100 dBFS: below is digital silence or dither
_PAUSE_DB = 20.0
_MIN_SNR_DB = 45.0
_MIN_FLATNESS = 0.05  # noise; a note that dies away is far below
_MAINS_HZ = (50.0, 60.0)
_MAINS_HARMONICS = 8
_MAINS_TOLERANCE_HZ = 0.7
_MIN_HUM_SHARE = 0.25
_MIN_HUM_DB = -60.0  # below the playing

_SPECTRUM_FRAMES = 4096
_WALL_DB = 25.0
_SOURCE_RATES_HZ = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000)
_LOSSY_WALLS_HZ = tuple(range(15_000, 17_001, 250))
_LOSSY_FORMATS = ("MP3", "OGG")


class ChannelInspector:
    """Looks at one channel of a stream at its own rate, in bounded memory."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate_hz = sample_rate_hz
        self._num_frames = 0
        self._sum = 0.0
        self.num_clipped_runs = 0
        self._flat_run = 0
        self._last = 0.0
        self.peak = 0.0
        self._second_peak = 0.0
        self._quiet: NDArray[np.float32] | None = None
        self._quiet_power = math.inf
        self._pending = np.zeros(0, np.float32)
        self._powers = np.zeros(_SPECTRUM_FRAMES // 2 + 1)
        self._window = np.hanning(_SPECTRUM_FRAMES)

    def push(self, samples: FloatArray) -> None:
        """Take ``(n,)``. Raises ``DI_IMPLAUSIBLE_LEVEL``."""
        magnitudes = np.abs(samples)
        top = int(magnitudes.argmax())
        if magnitudes[top] > MAX_PLAUSIBLE_MAGNITUDE:
            second = (self._num_frames + top) / self._rate_hz
            raise PipelineError(
                "DI_IMPLAUSIBLE_LEVEL",
                f"At {second:.3f} s a sample of the DI track is {magnitudes[top]:.3g} times full "
                "scale. No guitar is that loud: the file is damaged. Export it again.",
            )
        self._num_frames += len(samples)
        self._sum += float(samples.sum(dtype=np.float64))
        self._find_outlier(magnitudes, top)
        self._find_clipping(magnitudes)
        self._collect(samples)

    def _find_outlier(self, magnitudes: FloatArray, top: int) -> None:
        peak = float(magnitudes[top])
        start, end = max(0, top - _OUTLIER_FRAMES), top + _OUTLIER_FRAMES + 1
        others = max(magnitudes[:start].max(initial=0.0), magnitudes[end:].max(initial=0.0))
        if peak > self.peak:
            self._second_peak = max(self.peak, float(others))
            self.peak = peak
        else:
            self._second_peak = max(self._second_peak, peak)

    def _find_clipping(self, magnitudes: FloatArray) -> None:
        """Runs of samples at full scale that stay where they are."""
        before = np.concatenate([[np.float32(self._last)], magnitudes[:-1]])
        # What goes on above full scale in a float file is not cut off there.
        is_flat = (np.minimum(before, magnitudes) >= _FULL_SCALE) & (
            np.maximum(before, magnitudes) <= 1.0
        )
        self._last = float(magnitudes[-1])
        if not is_flat.any() and not self._flat_run:
            return
        least = max(_MIN_CLIPPED_FRAMES, round(_MIN_CLIPPED_S * self._rate_hz)) - 1
        edges = np.flatnonzero(np.diff(np.concatenate([[False], is_flat, [False]])))
        for start, end in edges.reshape(-1, 2):
            known = self._flat_run if start == 0 else 0
            if known < least <= known + end - start:
                self.num_clipped_runs += 1
            self._flat_run = known + int(end - start)
        if not is_flat[-1]:
            self._flat_run = 0

    def _collect(self, samples: FloatArray) -> None:
        """Spectra, and the quietest half second."""
        pending = np.concatenate([self._pending, samples])
        length = max(_SPECTRUM_FRAMES, round(_QUIET_S * self._rate_hz))
        num_ready = len(pending) // length
        for part in pending[: num_ready * length].reshape(-1, length):
            power = float(part.var(dtype=np.float64))
            if _QUIET_FLOOR_POWER < power < self._quiet_power:
                self._quiet_power, self._quiet = power, part.copy()
            whole = part[: length // _SPECTRUM_FRAMES * _SPECTRUM_FRAMES]
            spectra = scipy.fft.rfft(whole.reshape(-1, _SPECTRUM_FRAMES) * self._window, axis=1)
            self._powers += np.square(np.abs(spectra)).sum(axis=0)
        self._pending = pending[num_ready * length :]

    @property
    def dc(self) -> float:
        return self._sum / max(self._num_frames, 1)

    @property
    def outlier_db(self) -> float:
        """How far the loudest sample is above all but its neighbors."""
        if self._second_peak <= 0.0:
            return math.inf if self.peak > 0.0 else 0.0
        return 20.0 * math.log10(self.peak / self._second_peak)

    def noise_dbfs(self) -> float | None:
        """Of the quietest half second without its hum, where that is noise and not a note that
        dies away."""
        if self._quiet is None:
            return None
        powers, hz = self._quiet_spectrum(self._quiet)
        band = powers[(hz > 300.0) & (hz < 0.4 * self._rate_hz)] + 1e-30
        if np.exp(np.log(band).mean()) / band.mean() <= _MIN_FLATNESS:
            return None
        share, _ = self._hum_share()
        return 10.0 * math.log10(max(1.0 - share, 1e-9) * self._quiet_power)

    def hum(self) -> tuple[float, float] | None:
        """Mains frequency and level in dBFS of the hum in the quietest half second."""
        share, mains_hz = self._hum_share()
        if share < _MIN_HUM_SHARE:
            return None
        return mains_hz, 10.0 * math.log10(share * self._quiet_power)

    def _hum_share(self) -> tuple[float, float]:
        """Of the quietest half second, with the mains frequency."""
        if self._quiet is None:
            return 0.0, 0.0
        powers, hz = self._quiet_spectrum(self._quiet)
        return max((_mains_share(powers, hz[1], mains_hz), mains_hz) for mains_hz in _MAINS_HZ)

    def _quiet_spectrum(
        self, quiet: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        samples = (quiet - quiet.mean(dtype=np.float64)) * np.hanning(len(quiet))
        powers = np.square(np.abs(scipy.fft.rfft(samples)))
        return powers, scipy.fft.rfftfreq(len(quiet), 1.0 / self._rate_hz)

    def source_rate_hz(self) -> int | None:
        """The rate this was recorded at, where that is half of its own or less."""
        for rate_hz in _SOURCE_RATES_HZ:
            if 2 * rate_hz <= 1.02 * self._rate_hz and self._is_wall(
                rate_hz / 2, below=(0.75, 0.88), above=(1.05, 1.2)
            ):
                return rate_hz
        return None

    def lossy_wall_hz(self) -> int | None:
        """Where everything ends, near 16 kHz."""
        for wall_hz in _LOSSY_WALLS_HZ:
            if self._is_wall(wall_hz, below=(0.88, 0.97), above=(1.04, 1.12)):
                return wall_hz
        return None

    def _is_wall(
        self, wall_hz: float, below: tuple[float, float], above: tuple[float, float]
    ) -> bool:
        hz = np.arange(len(self._powers)) * self._rate_hz / _SPECTRUM_FRAMES
        if above[1] * wall_hz > 0.49 * self._rate_hz:
            return False
        # Medians: a single tone is no content up to there.
        under = np.median(self._powers[(hz >= below[0] * wall_hz) & (hz <= below[1] * wall_hz)])
        over = np.median(self._powers[(hz >= above[0] * wall_hz) & (hz <= above[1] * wall_hz)])
        rest = np.median(self._powers[hz >= above[0] * wall_hz])
        return bool(under > max(over, rest) * 10.0 ** (_WALL_DB / 10.0) and under > 0.0)


def _mains_share(powers: NDArray[np.float64], bin_hz: float, mains_hz: float) -> float:
    """Share of the power in harmonics of the mains, when at least two are exactly there."""
    found = 0.0
    num_found = 0
    for order in range(1, _MAINS_HARMONICS + 1):
        center = round(order * mains_hz / bin_hz)
        if center + 3 >= len(powers):
            break
        near = powers[center - 2 : center + 3]
        peak = center - 2 + int(near.argmax())
        left, top, right = np.sqrt(powers[peak - 1 : peak + 2])
        if not top > max(left, right):
            continue
        shift = 0.5 * (left - right) / (left - 2.0 * top + right)
        if abs((peak + shift) * bin_hz - order * mains_hz) <= _MAINS_TOLERANCE_HZ:
            found += float(powers[peak - 2 : peak + 3].sum())
            num_found += 1
    total = float(powers.sum())
    return found / total if num_found >= 2 and total > 0.0 else 0.0


def judge(
    channels: Sequence[ChannelInspector], *, level_dbfs: float, sample_format: str
) -> tuple[Finding, ...]:
    """The report on the channels that are used, gravest first. ``level_dbfs``: gated."""
    findings = [
        *_level_findings(channels, level_dbfs),
        *_noise_findings(channels, level_dbfs),
        *_source_findings(channels, sample_format),
    ]
    return tuple(sorted(findings, key=lambda finding: finding.severity == "note"))


def _level_findings(channels: Sequence[ChannelInspector], level_dbfs: float) -> list[Finding]:
    found: list[Finding] = []

    def warn(code: str, figure: float, unit: str, message: str) -> None:
        found.append(Finding(code, "warning", figure, unit, message))

    runs = sum(channel.num_clipped_runs for channel in channels)
    if runs >= _MIN_CLIPPED_RUNS:
        warn(
            "CLIPPED",
            runs,
            "places",
            f"The DI is clipped in {runs} places: the converter was driven too hard, and every amp "
            "will sound harsher than it is. Record it again with less gain.",
        )
    outlier_db = max(channel.outlier_db for channel in channels)
    if outlier_db >= _OUTLIER_DB and math.isfinite(outlier_db):
        warn(
            "OUTLIER",
            outlier_db,
            "dB",
            f"A single click in the DI is {outlier_db:.0f} dB above everything else, which spoils "
            "levels. Cut it off or repair it.",
        )
    peak = max(channel.peak for channel in channels)
    if peak > 1.0 + 1e-3:
        over_db = 20.0 * math.log10(peak)
        warn(
            "OVER_FULL_SCALE",
            over_db,
            "dBFS",
            f"The DI goes {over_db:.1f} dB above full scale. Nothing is lost here, but its level "
            "is hardly that of the DI track: calibrated levels may be wrong.",
        )
    dc = max((channel.dc for channel in channels), key=abs)
    if abs(dc) >= _MAX_DC:
        warn(
            "DC_OFFSET",
            100.0 * dc,
            "%",
            f"The DI has a DC offset of {100.0 * dc:.1f} % of full scale, which pushes an amp off "
            "its working point. Remove it with a high-pass of 20 Hz in your editor.",
        )
    if level_dbfs < _LOW_DBFS:
        warn(
            "LEVEL_LOW",
            level_dbfs,
            "dBFS",
            f"The DI is very quiet ({level_dbfs:.0f} dBFS RMS): its noise comes up with it. "
            "Record it with more gain; −18 dBFS is usual.",
        )
    if level_dbfs > _HIGH_DBFS:
        warn(
            "LEVEL_HIGH",
            level_dbfs,
            "dBFS",
            f"The DI is very loud ({level_dbfs:.0f} dBFS RMS). Is it a DI, and neither limited "
            "nor an amp's sound? −18 dBFS is usual.",
        )
    return found


def _noise_findings(channels: Sequence[ChannelInspector], level_dbfs: float) -> list[Finding]:
    found: list[Finding] = []
    hums = [hum for channel in channels if (hum := channel.hum()) is not None]
    for mains_hz, hum_dbfs in sorted(hums, key=lambda hum: -hum[1])[:1]:
        if hum_dbfs - level_dbfs >= _MIN_HUM_DB:
            message = (
                f"The DI hums at {mains_hz:.0f} Hz ({level_dbfs - hum_dbfs:.0f} dB below the "
                "playing), and an amp with gain brings that up. Turn away from transformers and "
                "screens, or use a humbucker."
            )
            found.append(Finding("HUM", "warning", hum_dbfs, "dBFS", message))
    noises_dbfs = [noise for channel in channels if (noise := channel.noise_dbfs()) is not None]
    for noise_dbfs in sorted(noises_dbfs)[-1:]:
        snr_db = level_dbfs - noise_dbfs
        if _PAUSE_DB <= snr_db < _MIN_SNR_DB:
            message = (
                f"The noise of the DI is only {snr_db:.0f} dB below the playing, and an amp with "
                "gain brings that up. Record it with more gain and the guitar's volume up."
            )
            found.append(Finding("NOISE", "warning", snr_db, "dB", message))
    return found


def _source_findings(channels: Sequence[ChannelInspector], sample_format: str) -> list[Finding]:
    found: list[Finding] = []
    rates = [rate for channel in channels if (rate := channel.source_rate_hz()) is not None]
    if len(rates) == len(channels):
        message = (
            f"There is nothing above {max(rates) / 2000:g} kHz in the DI: it was recorded at "
            f"{max(rates) / 1000:g} kHz and converted. Nothing is gained by that; use the original."
        )
        found.append(Finding("RATE_CONVERTED", "warning", max(rates) / 1000, "kHz", message))
    if sample_format in _LOSSY_FORMATS:
        message = (
            f"{sample_format} leaves out what an ear does not hear, but an amp does. "
            "Use WAV or FLAC if you have it."
        )
        found.append(Finding("LOSSY", "warning", None, "", message))
    else:
        walls = [wall for channel in channels if (wall := channel.lossy_wall_hz()) is not None]
        if len(walls) == len(channels) and not rates:
            message = (
                f"The sound of the DI ends at {max(walls) / 1000:.0f} kHz, as that of MP3 does: it "
                "was probably converted from one. Use the original file."
            )
            found.append(Finding("LOSSY", "warning", max(walls) / 1000, "kHz", message))
    return found
