"""Whether a sound file is an impulse response or something that was played, by its content.

An impulse response begins with its peak, dies away, and holds every frequency; what comes off a
string may die away too, but holds one note and its overtones. How evenly the spectrum is filled
tells the two apart: the geometric mean of its power over the arithmetic one (spectral flatness,
Johnston 1988). White noise comes to 0.56, a chord to less than 0.02.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from jobs.pipeline.errors import Progress, no_progress
from jobs.pipeline.signal.decode import open_audio
from jobs.pipeline.signal.samples import FloatArray

# Longer than any space that can be used: it was played.
MAX_LOOKED_AT_S: Final = 12.0

IMPULSE: Final = "impulse"
UNSURE: Final = "unsure"
PLAYED: Final = "played"

_ONSET_SHARE: Final = 1e-3  # of the power of the peak: −30 dB
_MAX_PEAK_S: Final = 0.1
_MAX_CENTER_S: Final = 0.4  # of an exponential decay: T60 / 13.8, so 5.5 s
_MAX_TAIL_SHARE: Final = 0.03  # of the energy, in the last quarter: −15 dB
_EARLY_S: Final = 0.02
_EARLY_SHARE: Final = 0.6
_FLAT: Final = 0.05
_SPECTRUM_S: Final = 0.5
_SPECTRUM_HZ: Final = (200.0, 6000.0)


@dataclass(frozen=True, slots=True)
class AudioKind:
    """``likeness``: IMPULSE, PLAYED or UNSURE. ``center_s``: the center of gravity of the energy,
    from the onset: milliseconds for a cabinet, tenths of a second for a room."""

    likeness: str
    duration_s: float
    num_channels: int
    center_s: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def audio_kind(path: Path, progress: Progress = no_progress) -> AudioKind:
    """Raises ``PipelineError`` as ``open_audio`` and ``AudioFile.chunks``."""
    audio = open_audio(path)
    duration_s, num_channels = audio.duration_s, audio.num_channels
    if duration_s > MAX_LOOKED_AT_S:
        return AudioKind(PLAYED, duration_s, num_channels, 0.0)
    mixes, powers = [], []
    for chunk in audio.chunks():
        progress(0.0)
        mixes.append(chunk[0].copy())
        powers.append(np.sum(np.square(chunk, dtype=np.float64), axis=0))
    if not powers:
        return AudioKind(PLAYED, duration_s, num_channels, 0.0)
    power, first = np.concatenate(powers), np.concatenate(mixes)
    peak = float(np.max(power))
    if not peak > 0.0 or not np.isfinite(peak):
        return AudioKind(PLAYED, duration_s, num_channels, 0.0)
    rate_hz = audio.sample_rate_hz
    onset = int(np.argmax(power >= peak * _ONSET_SHARE))
    likeness, center_s = _judged(power[onset:], first[onset:], rate_hz)
    return AudioKind(likeness, duration_s, num_channels, center_s)


def _judged(power: FloatArray, samples: FloatArray, rate_hz: int) -> tuple[str, float]:
    total = float(np.sum(power))
    center_s = float(np.dot(power, np.arange(len(power)))) / total / rate_hz
    tail_share = float(np.sum(power[-max(len(power) // 4, 1) :])) / total
    dies_away = (
        int(np.argmax(power)) <= _MAX_PEAK_S * rate_hz
        and center_s <= _MAX_CENTER_S
        and tail_share <= _MAX_TAIL_SHARE
    )
    if not dies_away:
        return PLAYED, center_s
    early_share = float(np.sum(power[: max(int(_EARLY_S * rate_hz), 1)])) / total
    is_impulse = early_share >= _EARLY_SHARE or _flatness(samples, rate_hz) >= _FLAT
    return (IMPULSE if is_impulse else UNSURE), center_s


def _flatness(samples: FloatArray, rate_hz: int) -> float:
    part = samples[: int(_SPECTRUM_S * rate_hz)]
    spectrum = np.square(np.abs(np.fft.rfft(part * np.hanning(len(part)))))
    frequencies_hz = np.fft.rfftfreq(len(part), 1.0 / rate_hz)
    low_hz, high_hz = _SPECTRUM_HZ
    band = spectrum[(frequencies_hz >= low_hz) & (frequencies_hz <= high_hz)]
    mean = float(np.mean(band)) if len(band) else 0.0
    if not mean > 0.0:
        return 0.0
    return float(np.exp(np.mean(np.log(np.maximum(band, mean * 1e-12)))) / mean)
