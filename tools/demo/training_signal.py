"""What the simulated amps were played with to train the captures: no file is needed.

Random playing of the guitar in ``strings.py`` (single notes, chords, palm mutes, bends) at many
levels, with sweeps, noise and silence between. The demo's own riffs are not in it, and the last
part, for validation, is playing that training never sees.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import signal
from strings import BRIDGE_HUMBUCKER, NECK_SINGLE_COIL, Guitar, Note

Array = NDArray[np.float64]

SAMPLE_RATE_HZ = 48_000
VALIDATION_S = 9.0
SHAPES = (  # (string, fret) of moveable shapes
    ((0, 0), (1, 2), (2, 2)),
    ((1, 0), (2, 2), (3, 2)),
    ((0, 0), (1, 2), (2, 2), (3, 1), (4, 0), (5, 0)),
    ((1, 0), (2, 2), (3, 2), (4, 2), (5, 0)),
    ((2, 0), (3, 2), (4, 3), (5, 2)),
    ((3, 0), (4, 1), (5, 0)),
)


def playing(guitar: Guitar, duration_s: float, peak_dbfs: float) -> Array:
    """Random phrases: about half single notes, half chords, some muted, some bent."""
    rng = guitar.rng
    notes: list[Note] = []
    now_s = 0.05
    while now_s < duration_s - 0.15:
        step_s = float(rng.choice([0.11, 0.16, 0.23, 0.33, 0.5, 0.9]))
        velocity = float(np.clip(rng.normal(0.65, 0.25), 0.08, 1.0))
        mute = float(rng.choice([0.0, 0.0, 0.0, 0.6, 1.0]))
        pick_m = float(rng.uniform(0.04, 0.16))
        if rng.random() < 0.5:
            string, fret = int(rng.integers(6)), int(rng.integers(0, 16))
            bend = ((0.0, 0.0), (0.1, 0.0), (0.3, 2.0)) if rng.random() < 0.25 else ()
            notes.append(
                Note(now_s, step_s * 1.5, string, fret, velocity, mute, bend, pick_m=pick_m)
            )
        else:
            root = int(rng.integers(0, 10))
            shape = SHAPES[rng.integers(len(SHAPES))]
            for order, (string, fret) in enumerate(shape):
                when_s = now_s + order * rng.uniform(0.001, 0.02)
                notes.append(
                    Note(when_s, step_s * 1.2, string, fret + root, velocity, mute, pick_m=pick_m)
                )
        now_s += step_s
    return guitar.perform(notes, duration_s, peak_dbfs)


def sweep(duration_s: float, level_dbfs: float) -> Array:
    """Exponential sine sweep, 25 Hz to 16 kHz, ends faded."""
    time_s = np.arange(round(duration_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    sine = signal.chirp(time_s, 25.0, duration_s, 16_000.0, method="logarithmic", phi=-90)
    return sine * signal.windows.tukey(len(sine), 0.02) * 10 ** (level_dbfs / 20)


def noise(rng: np.random.Generator, duration_s: float, level_dbfs: float) -> Array:
    """Noise falling 3 dB per octave or so, its RMS as asked for."""
    white = rng.normal(size=round(duration_s * SAMPLE_RATE_HZ))
    pink = signal.lfilter([0.05, -0.0959, 0.0507, -0.0044], [1, -2.4949, 2.0172, -0.5222], white)
    return pink / np.std(pink) * 10 ** (level_dbfs / 20)


def training_signal() -> tuple[Array, Array]:
    """Training and validation input, each starting with silence, peaks below full scale."""
    rng = np.random.default_rng(20)
    parts = [np.zeros(24_000)]
    parts += [sweep(1.2, level_dbfs) for level_dbfs in (-36.0, -24.0, -14.0, -6.0)]
    parts += [noise(rng, 0.8, level_dbfs) for level_dbfs in (-40.0, -28.0, -20.0, -13.0)]
    peaks_dbfs = (-8.0, -16.0, -3.0, -10.0, -24.0, -6.0, -12.0, -1.0, -9.0, -18.0, -5.0, -32.0)
    for number, peak_dbfs in enumerate(peaks_dbfs):
        pickup = (BRIDGE_HUMBUCKER, NECK_SINGLE_COIL)[number % 2]
        parts.append(playing(Guitar(pickup, 100 + number), 6.0, peak_dbfs))
        parts.append(np.zeros(2_400))
    third_s = VALIDATION_S / 3
    held_out = [np.zeros(24_000)]
    for number, peak_dbfs in enumerate((-7.0, -14.0, -3.0)):
        pickup = (NECK_SINGLE_COIL, BRIDGE_HUMBUCKER)[number % 2]
        held_out.append(playing(Guitar(pickup, 900 + number), third_s, peak_dbfs))
    train = np.clip(np.concatenate(parts), -0.999, 0.999)
    return train, np.clip(np.concatenate(held_out), -0.999, 0.999)
