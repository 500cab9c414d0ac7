"""Three cabinet impulse responses, computed from what makes a guitar cabinet sound like one.

A magnitude is drawn from parts: the loudspeaker's resonance in its box, the dipole loss of an
open back, the break-up of a paper cone (peaks and dips from 1 to 5 kHz), the steep end above
5 kHz, the microphone's distance (bass lift) and place (edge of the cone is darker). It becomes a
minimum-phase impulse; later arrivals (cone edge, baffle edge, neighboring loudspeakers, floor)
are added with their own delays and colors. No cabinet was recorded.

Run ``python irs.py FOLDER``: it writes three WAV files, 48 kHz, mono, 24-bit
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy import signal

Array = NDArray[np.float64]

SAMPLE_RATE_HZ = 48_000
FFT_FRAMES = 65_536
DURATION_S = 0.12
PEAK_DBFS = -1.0


@dataclass(frozen=True)
class Arrival:
    """A later, weaker copy: delay, level, and the frequency above which it is dull."""

    delay_ms: float
    level_db: float
    dull_above_hz: float


@dataclass(frozen=True)
class Cabinet:
    """One cabinet with its microphone. Peaks are (center in Hz, gain in dB, quality)."""

    file_name: str
    resonance_hz: float
    resonance_quality: float
    is_open_back: bool
    peaks: tuple[tuple[float, float, float], ...]
    treble_end_hz: float
    treble_order: int
    proximity_db: float
    off_axis_hz: float
    arrivals: tuple[Arrival, ...]


CABINETS = (
    Cabinet(
        file_name="lantern-1x12-open.wav",
        resonance_hz=98.0,
        resonance_quality=0.9,
        is_open_back=True,
        peaks=(
            (210.0, 1.5, 1.2),
            (480.0, -1.5, 1.0),
            (1_150.0, -2.0, 1.8),
            (1_750.0, 2.0, 3.0),
            (2_350.0, 3.0, 2.5),
            (3_100.0, 5.0, 2.2),
            (3_900.0, -2.5, 6.0),
            (4_600.0, 3.0, 4.0),
        ),
        treble_end_hz=5_800.0,
        treble_order=5,
        proximity_db=2.0,
        off_axis_hz=9_000.0,
        arrivals=(
            Arrival(0.36, -17.0, 5_000.0),
            Arrival(1.45, -15.0, 1_200.0),  # the back wave, round the side of the open box
            Arrival(4.10, -26.0, 2_500.0),
        ),
    ),
    Cabinet(
        file_name="quay-2x12.wav",
        resonance_hz=86.0,
        resonance_quality=1.2,
        is_open_back=False,
        peaks=(
            (150.0, 1.0, 1.0),
            (420.0, 1.5, 1.2),
            (760.0, 2.5, 1.1),
            (1_300.0, -2.5, 2.5),
            (2_100.0, 2.0, 3.0),
            (2_750.0, 4.5, 2.2),
            (3_500.0, -1.5, 5.0),
            (4_100.0, 1.5, 4.0),
        ),
        treble_end_hz=4_900.0,
        treble_order=6,
        proximity_db=3.0,
        off_axis_hz=5_500.0,
        arrivals=(
            Arrival(0.29, -16.0, 4_000.0),
            Arrival(0.92, -15.0, 2_600.0),  # the second loudspeaker
            Arrival(3.30, -28.0, 1_500.0),
        ),
    ),
    Cabinet(
        file_name="breakwater-4x12.wav",
        resonance_hz=108.0,
        resonance_quality=1.25,
        is_open_back=False,
        peaks=(
            (170.0, -1.0, 1.0),
            (400.0, -3.0, 1.0),
            (900.0, 0.5, 1.5),
            (1_500.0, 2.5, 2.5),
            (2_250.0, 5.0, 2.5),
            (2_900.0, -2.0, 6.0),
            (3_700.0, 7.0, 2.4),
            (4_800.0, -3.0, 6.0),
        ),
        treble_end_hz=5_200.0,
        treble_order=8,
        proximity_db=2.5,
        off_axis_hz=8_000.0,
        arrivals=(
            Arrival(0.33, -14.0, 4_500.0),
            Arrival(0.81, -16.0, 2_200.0),
            Arrival(0.97, -17.0, 2_200.0),
            Arrival(1.38, -19.0, 1_600.0),  # the loudspeaker across the diagonal
            Arrival(2.60, -25.0, 1_200.0),
        ),
    ),
)


def impulse_response(cabinet: Cabinet) -> Array:
    """The direct sound and its later arrivals, one channel, peak at ``PEAK_DBFS``."""
    frequencies_hz = np.fft.rfftfreq(FFT_FRAMES, 1 / SAMPLE_RATE_HZ)
    direct = minimum_phase(magnitude(cabinet, frequencies_hz))
    spectrum = np.fft.rfft(direct)
    total = spectrum.copy()
    for arrival in cabinet.arrivals:
        delay = np.exp(-2j * np.pi * frequencies_hz * arrival.delay_ms / 1_000)
        dull = 1.0 / (1.0 + 1j * frequencies_hz / arrival.dull_above_hz)
        total += spectrum * delay * dull * 10 ** (arrival.level_db / 20)
    response = np.fft.irfft(total)[: round(DURATION_S * SAMPLE_RATE_HZ)]
    fade = round(0.03 * SAMPLE_RATE_HZ)
    response[-fade:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(1, fade + 1) / fade)
    return response * 10 ** (PEAK_DBFS / 20) / np.max(np.abs(response))


def magnitude(cabinet: Cabinet, frequencies_hz: Array) -> Array:
    """Linear magnitude at each frequency; never zero, since its logarithm is needed."""
    s = 1j * np.maximum(frequencies_hz, 1.0)
    resonance = cabinet.resonance_hz
    total = s**2 / (s**2 + s * resonance / cabinet.resonance_quality + resonance**2)
    if cabinet.is_open_back:
        total = total * s / (s + 140.0)
    for center_hz, gain_db, quality in cabinet.peaks:
        root = 10 ** (gain_db / 40)
        band = s * center_hz / quality
        total = total * (s**2 + band * root + center_hz**2) / (s**2 + band / root + center_hz**2)
    zeros, poles, gain = signal.butter(
        cabinet.treble_order, cabinet.treble_end_hz, analog=True, output="zpk"
    )
    total = total * signal.freqs_zpk(zeros, poles, gain, np.abs(s))[1]
    total = total / (1.0 + s / cabinet.off_axis_hz)
    lift = 10 ** (cabinet.proximity_db / 20)
    total = total * (s + 160.0 * lift) / (s + 160.0)
    # The rubbish far above the loudspeaker's range: cone and dust cap never fall silent.
    return np.maximum(np.abs(total), 10 ** (-75 / 20))


def minimum_phase(target: Array) -> Array:
    """The causal impulse with this magnitude and the least delay (folded real cepstrum)."""
    cepstrum = np.fft.irfft(np.log(target))
    half = len(cepstrum) // 2
    cepstrum[1:half] *= 2.0
    cepstrum[half + 1 :] = 0.0
    return np.fft.irfft(np.exp(np.fft.rfft(cepstrum)))


def main(folder: Path) -> None:
    for cabinet in CABINETS:
        soundfile.write(
            folder / cabinet.file_name,
            impulse_response(cabinet),
            SAMPLE_RATE_HZ,
            subtype="PCM_24",
            format="WAV",
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
