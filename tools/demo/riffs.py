"""The demo's two DI tracks: the music, written out, and the hand that plays it.

Run ``python riffs.py FOLDER``: it writes two FLAC files, 48 kHz, mono, 24-bit
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy import signal
from strings import BRIDGE_HUMBUCKER, NECK_SINGLE_COIL, SAMPLE_RATE_HZ, Guitar, Note

Array = NDArray[np.float64]
Frets = Sequence[int | None]

# Frets from low E to high E; None is not played.
E5: Frets = (0, 2, 2, None, None, None)
G5: Frets = (3, 5, 5, None, None, None)
A5: Frets = (None, 0, 2, 2, None, None)
B_FLAT_5: Frets = (None, 1, 3, 3, None, None)
C5: Frets = (None, 3, 5, 5, None, None)
D5: Frets = (None, 5, 7, 7, None, None)
CHUG: Frets = (0, 2, None, None, None, None)
E_MAJOR: Frets = (0, 2, 2, 1, 0, 0)
G_MAJOR: Frets = (3, 2, 0, 0, 3, 3)


class Hand:
    """Turns beats into seconds, chords into strokes; early or late by a few milliseconds."""

    def __init__(self, bpm: float, seed: int, lead_in_s: float = 0.25) -> None:
        self.beat_s = 60.0 / bpm
        self.lead_in_s = lead_in_s
        self.rng = np.random.default_rng(seed)
        self.notes: list[Note] = []

    def when(self, beat: float) -> float:
        late_s = float(np.clip(self.rng.normal(0.0, 0.003), -0.008, 0.008))
        return self.lead_in_s + beat * self.beat_s + late_s

    def note(
        self,
        beat: float,
        beats: float,
        string: int,
        fret: int,
        velocity: float,
        *,
        mute: float = 0.0,
        bend: tuple[tuple[float, float], ...] = (),
        vibrato: tuple[float, float, float] = (0.0, 5.2, 0.0),
        pick_m: float = 0.09,
    ) -> None:
        """One note; ``bend`` and the start of ``vibrato`` count in seconds from the pluck."""
        played = float(np.clip(velocity * self.rng.normal(1.0, 0.05), 0.05, 1.25))
        self.notes.append(
            Note(
                self.when(beat), beats * self.beat_s, string, fret, played, mute, bend, vibrato,
                pick_m,
            )
        )  # fmt: skip

    def strum(
        self,
        beat: float,
        beats: float,
        frets: Frets,
        velocity: float,
        *,
        mute: float = 0.0,
        spread_s: float = 0.004,
        is_upstroke: bool = False,
        pick_m: float = 0.085,
    ) -> None:
        """All strings of a shape, ``spread_s`` apart; an upstroke starts at the thin end."""
        strings = [string for string, fret in enumerate(frets) if fret is not None]
        start_s = self.when(beat)
        for order, string in enumerate(reversed(strings) if is_upstroke else strings):
            fret = frets[string]
            assert fret is not None
            share = float(np.clip(self.rng.normal(1.0, 0.07), 0.8, 1.15))
            offset_s = order * spread_s * float(self.rng.uniform(0.7, 1.3))
            self.notes.append(
                Note(
                    start_s + offset_s,
                    max(0.03, beats * self.beat_s - offset_s),
                    string,
                    fret,
                    float(np.clip(velocity * share * 0.96**order, 0.05, 1.25)),
                    mute,
                    pick_m=pick_m,
                )
            )


def undertow() -> Array:
    """132 bpm, E minor: gallops under the palm against open power chords, for high gain."""
    hand = Hand(132.0, seed=11)

    def chugs(bar: int, sixteenths: Sequence[int]) -> None:
        for place in sixteenths:
            accent = 0.82 if place % 4 == 0 else 0.78
            up = place % 2 == 1
            hand.strum(
                bar * 4 + place / 4, 0.22, CHUG, accent - 0.1 * up, mute=0.55, spread_s=0.0025,
                is_upstroke=up, pick_m=0.045,
            )  # fmt: skip

    def chord(bar: int, sixteenth: float, length: float, frets: Frets, velocity: float) -> None:
        hand.strum(bar * 4 + sixteenth / 4, length / 4 * 0.97, frets, velocity, spread_s=0.008)

    for bar in (0, 2):
        chord(bar, 0, 2, E5, 0.76)
        chugs(bar, (2, 3, 4, 6, 7, 8))
        chord(bar, 10, 2, G5, 0.68)
        chugs(bar, (12, 13))
        chord(bar, 14, 2, A5, 0.64)
    chord(1, 0, 2, E5, 0.76)
    chugs(1, (2, 3, 4, 6, 7, 8))
    for place, frets in ((10, B_FLAT_5), (12, A5), (14, G5)):
        chord(1, place, 2, frets, 0.58)
    chord(3, 0, 2, E5, 0.76)
    chugs(3, (2, 3, 4))
    run = ((1, 7), (1, 10), (2, 7), (2, 8), (2, 7), (1, 10), (1, 7), (0, 10), (0, 7), (0, 6))
    for order, (string, fret) in enumerate(run):
        velocity = 1.0 if order % 2 == 0 else 0.85
        hand.note(12 + (6 + order) / 4, 0.24, string, fret, velocity, mute=0.25, pick_m=0.06)
    chord(4, 0, 6, C5, 0.8)
    chord(4, 6, 2, C5, 0.75)
    chord(4, 8, 6, D5, 0.85)
    chugs(4, (14, 15))
    chord(5, 0, 3, E5, 0.76)
    chugs(5, (3,))
    hand.strum(5 * 4 + 1, 4.2, E_MAJOR, 0.6, spread_s=0.011)
    return recorded(Guitar(BRIDGE_HUMBUCKER, seed=41).perform(hand.notes, 12.0, -8.5), -8.5)


def harbour_lights() -> Array:
    """88 bpm, G major: an arpeggio left ringing, then a lead with bends and vibrato."""
    hand = Hand(88.0, seed=12)
    arpeggios: tuple[tuple[int, tuple[tuple[int, int], ...]], ...] = (
        (0, ((1, 3), (2, 2), (3, 0), (4, 3), (5, 0), (4, 3), (3, 0), (2, 2))),  # Cadd9
        (4, ((0, 3), (2, 0), (3, 0), (4, 3), (5, 3), (4, 3), (3, 0), (2, 0))),  # G
    )
    for first_beat, picked in arpeggios:
        for order, (string, fret) in enumerate(picked):
            velocity = 0.55 if order == 0 else 0.36 + 0.05 * (order % 4)
            ring = 4.0 - order / 2 + 0.1
            hand.note(first_beat + order / 2, ring, string, fret, velocity, pick_m=0.13)
    # The lead: D bent up to E, answered, sung out; then thirds down into the last chord.
    full_bend = ((0.0, 0.0), (0.06, 0.0), (0.26, 2.0), (2.0, 2.0))
    hand.note(8, 1.45, 4, 15, 0.86, bend=full_bend, vibrato=(0.45, 5.4, 0.42))
    release = ((0.0, 2.0), (0.10, 2.0), (0.24, 0.0), (2.0, 0.0))
    hand.note(9.5, 0.48, 4, 15, 0.66, bend=release)
    hand.note(10, 0.5, 4, 12, 0.7)
    hand.note(10.5, 0.48, 3, 14, 0.62, bend=((0.0, 0.0), (0.05, 0.0), (0.18, 1.0), (2.0, 1.0)))
    hand.note(11, 1.2, 3, 12, 0.84, vibrato=(0.38, 5.0, 0.22))
    for beat, string, fret, velocity in (
        (12.25, 2, 14, 0.55),
        (12.5, 3, 12, 0.62),
        (12.75, 3, 14, 0.7),
    ):
        hand.note(beat, 0.27, string, fret, velocity)
    for beat, low, high in ((13, 12, 12), (13.5, 11, 10), (14, 9, 8)):
        hand.note(beat, 0.47, 3, low, 0.62)
        hand.note(beat, 0.47, 4, high, 0.58)
    hand.strum(14.5, 3.0, G_MAJOR, 0.52, spread_s=0.024, pick_m=0.12)
    return recorded(Guitar(NECK_SINGLE_COIL, seed=42).perform(hand.notes, 12.6, -9.0), -9.0)


def recorded(track: Array, peak_dbfs: float) -> Array:
    """Through the input of an interface: its coupling capacitor at 12 Hz, then the level."""
    track = signal.lfilter(*signal.butter(1, 12.0, "highpass", fs=SAMPLE_RATE_HZ), track)
    return track * 10 ** (peak_dbfs / 20) / np.max(np.abs(track))


TRACKS: dict[str, Callable[[], Array]] = {
    "undertow-132bpm.flac": undertow,
    "harbour-lights-88bpm.flac": harbour_lights,
}


def main(folder: Path) -> None:
    for file_name, perform in TRACKS.items():
        soundfile.write(folder / file_name, perform(), SAMPLE_RATE_HZ, subtype="PCM_24")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
