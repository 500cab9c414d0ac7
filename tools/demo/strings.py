"""A six-string electric guitar on paper: plucked strings, a pickup, a cable.

Each note is the sum of the string's partials. Where the pick strikes and where the pickup
stands give their levels, losses give their decay, stiffness sets them a little sharp, and two
planes of vibration, not quite in tune, make the tone breathe. Palm muting is only more loss.
The sum of all strings passes the pickup coil with its cable: a resonant low-pass.

Partials (rather than a delay line) keep bends and vibrato exact and alias-free.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import signal

Array = NDArray[np.float64]

SAMPLE_RATE_HZ = 48_000
OPEN_STRINGS_MIDI = (40, 45, 50, 55, 59, 64)  # E2 A2 D3 G3 B3 E4
SCALE_LENGTH_M = 0.648
# Stiffness grows with the plain strings' thickness; typical order of magnitude for steel.
INHARMONICITY = (6e-5, 5e-5, 4e-5, 6e-5, 3e-5, 2e-5)
HIGHEST_PARTIAL_HZ = 11_000.0


@dataclass(frozen=True)
class Pickup:
    """Where it stands (distances from the bridge in meters) and how the coil rings."""

    coils_m: tuple[float, ...]
    resonance_hz: float
    quality: float


BRIDGE_HUMBUCKER = Pickup(coils_m=(0.030, 0.048), resonance_hz=3_100.0, quality=1.6)
NECK_SINGLE_COIL = Pickup(coils_m=(0.160,), resonance_hz=4_300.0, quality=2.2)


@dataclass(frozen=True)
class Note:
    """One plucked note.

    ``string``: 0 (low E) to 5. ``bend``: points (seconds after the pluck, semitones), joined by
    smooth curves. ``vibrato``: depth in semitones, rate in Hz, start in seconds. ``mute``: 0
    rings free, 1 is a firm palm on the bridge. ``pick_m``: distance of the pick from the bridge.
    """

    start_s: float
    duration_s: float
    string: int
    fret: int
    velocity: float
    mute: float = 0.0
    bend: tuple[tuple[float, float], ...] = ()
    vibrato: tuple[float, float, float] = (0.0, 5.2, 0.0)
    pick_m: float = 0.09


@dataclass
class Guitar:
    """The instrument and the hand's small irregularities, from one seed."""

    pickup: Pickup
    seed: int
    noise_dbfs: float = -92.0
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        # No one tunes better than a cent or two.
        self.detune_cents = self.rng.normal(0.0, 1.2, len(OPEN_STRINGS_MIDI))

    def perform(self, notes: Iterable[Note], duration_s: float, peak_dbfs: float) -> Array:
        """All notes on one track of exactly that duration, its highest peak as asked for."""
        num_frames = round(duration_s * SAMPLE_RATE_HZ)
        track = np.zeros(num_frames)
        for note in notes:
            start = round(note.start_s * SAMPLE_RATE_HZ)
            sound = self.pluck(note)[: max(0, num_frames - start)]
            track[start : start + len(sound)] += sound
        track = self._coil(track)
        track *= 10 ** (peak_dbfs / 20) / np.max(np.abs(track))
        return track + self._noise(num_frames)

    def pluck(self, note: Note) -> Array:
        """One note as the pickup's magnet senses it (before the coil), about full scale."""
        rng = self.rng
        release_s = 0.045 if note.mute < 0.5 else 0.02
        num_frames = round((note.duration_s + 6 * release_s) * SAMPLE_RATE_HZ)
        time_s = np.arange(num_frames) / SAMPLE_RATE_HZ

        semitones = np.interp(time_s, *_smooth_points(note.bend)) if note.bend else 0.0
        depth, rate_hz, vibrato_start_s = note.vibrato
        if depth:
            swell = np.clip((time_s - vibrato_start_s) / 0.25, 0.0, 1.0)
            # Fingers can only push a string sharp, so vibrato sits above the note.
            wobble = 0.5 - 0.5 * np.cos(2 * np.pi * rate_hz * (time_s - vibrato_start_s))
            semitones = semitones + depth * swell * wobble * (time_s > vibrato_start_s)
        midi = OPEN_STRINGS_MIDI[note.string] + note.fret
        pitch_hz = 440.0 * 2 ** ((midi - 69 + self.detune_cents[note.string] / 100) / 12)
        # A hard pluck stretches the string: sharp for a moment.
        stretch = 0.0035 * note.velocity**2 * np.exp(-time_s / 0.12)
        frequency_hz = pitch_hz * 2 ** (semitones / 12) * (1.0 + stretch)
        phase = 2 * np.pi * np.cumsum(frequency_hz) / SAMPLE_RATE_HZ

        number = np.arange(1, int(HIGHEST_PARTIAL_HZ / pitch_hz) + 1)
        stiff = number * np.sqrt(1 + INHARMONICITY[note.string] * number**2)
        partial_hz = pitch_hz * stiff
        length_m = SCALE_LENGTH_M * 2 ** (-note.fret / 12)
        pick_m = note.pick_m + rng.normal(0.0, 0.004)
        level = np.sin(np.pi * number * pick_m / length_m) / number
        level *= np.mean(
            [np.sin(np.pi * number * coil_m / length_m) for coil_m in self.pickup.coils_m], axis=0
        )
        # The pick's tip is round and a soft stroke rounds the corner more.
        softness_hz = 2_200.0 + 5_500.0 * note.velocity
        level *= 1.0 / (1.0 + (partial_hz / softness_hz) ** 2)
        level *= note.velocity / np.sqrt(np.sum(level**2)) * _string_balance(note.string)

        loss = 0.75 + 0.0011 * partial_hz + 6e-8 * partial_hz**2  # 1/s, amplitude
        loss += note.mute * (9.0 + 0.022 * partial_hz)
        sound = np.zeros(num_frames)
        for ratio, amplitude, decay in zip(stiff, level, loss, strict=True):
            if amplitude == 0.0:
                continue
            # After seven time constants a partial is 60 dB down.
            frames = min(num_frames, round(7.0 / decay * SAMPLE_RATE_HZ) + 1)
            angle = phase[:frames] * ratio
            beat = 2 * np.pi * rng.normal(0.0, 0.22) * time_s[:frames]
            planes = 0.8 * np.sin(angle) + 0.35 * np.sin(angle + beat)
            sound[:frames] += amplitude * planes * np.exp(-decay * time_s[:frames])

        sound += self._pick_noise(num_frames, note)
        released = time_s > note.duration_s
        sound[released] *= np.exp(-(time_s[released] - note.duration_s) / release_s)
        attack = min(24, num_frames)
        sound[:attack] *= np.sin(0.5 * np.pi * np.arange(attack) / attack) ** 2
        return sound

    def _pick_noise(self, num_frames: int, note: Note) -> Array:
        """The click and scrape of the pick leaving the string: a few milliseconds of noise."""
        frames = min(num_frames, round(0.012 * SAMPLE_RATE_HZ))
        noise = self.rng.normal(size=frames) * np.exp(-np.arange(frames) / (0.0025 * 48_000))
        numerator, denominator = signal.butter(1, (900.0, 6_000.0), "bandpass", fs=SAMPLE_RATE_HZ)
        burst = np.zeros(num_frames)
        burst[:frames] = signal.lfilter(numerator, denominator, noise)
        return burst * (0.10 + 0.08 * note.mute) * note.velocity**1.5

    def _coil(self, track: Array) -> Array:
        """Coil inductance against its own and the cable's capacitance, into a 1 MΩ input."""
        omega = 2 * np.pi * self.pickup.resonance_hz
        numerator, denominator = signal.bilinear(
            [omega**2], [1.0, omega / self.pickup.quality, omega**2], SAMPLE_RATE_HZ
        )
        return signal.lfilter(numerator, denominator, track)

    def _noise(self, num_frames: int) -> Array:
        """Thermal noise of the coil and a trace of mains hum, never quite silent."""
        white = self._coil(self.rng.normal(size=num_frames))
        time_s = np.arange(num_frames) / SAMPLE_RATE_HZ
        hum = sum(
            level * np.sin(2 * np.pi * 50.0 * harmonic * time_s + harmonic)
            for harmonic, level in ((1, 0.5), (2, 0.2), (3, 0.35), (5, 0.2))
        )
        return (white / np.std(white) + hum) * 10 ** (self.noise_dbfs / 20)


def _string_balance(string: int) -> float:
    """Thick strings move more metal over the magnet."""
    return (1.0, 0.95, 0.85, 0.85, 0.72, 0.66)[string]


def _smooth_points(points: tuple[tuple[float, float], ...]) -> tuple[Array, Array]:
    """Ease in and out between bend points, so that no corner is heard."""
    times, values = zip(*points, strict=True)
    dense = np.linspace(times[0], times[-1], 400)
    index = np.clip(np.searchsorted(times, dense, side="right") - 1, 0, len(times) - 2)
    begin, end = np.take(times, index), np.take(times, index + 1)
    share = np.clip((dense - begin) / np.maximum(end - begin, 1e-9), 0.0, 1.0)
    eased = share * share * (3 - 2 * share)
    low, high = np.take(values, index), np.take(values, index + 1)
    return dense, low + (high - low) * eased
