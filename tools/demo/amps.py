"""Three simulated guitar amplifiers: what the demo captures were trained on.

Signals are float64, one channel, at 48 kHz. Full scale at the input is a sine of
``INPUT_LEVEL_DBU``, so inside an amp the numbers are volts at the grid of the first valve.
Everything non-linear runs at eight times the rate.

No commercial amplifier was measured or copied. The circuits are the general ones of valve
amplifiers: triode stages with coupling capacitors between them, a passive three-band tone
stack, a push-pull power stage, an output transformer, resonance and process_heartbeat.

Run ``python amps.py IN.wav OUT_FOLDER``: it plays a 48 kHz mono file through all three
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import signal

Array = NDArray[np.float64]

SAMPLE_RATE_HZ = 48_000
OVERSAMPLING = 8
RATE_HZ = SAMPLE_RATE_HZ * OVERSAMPLING

# What a sine at 0 dBFS stands for, into the amp and out of its (attenuated) speaker tap.
INPUT_LEVEL_DBU = 12.0
OUTPUT_LEVEL_DBU = 16.0
VOLTS_PER_UNIT = 0.7746 * 10 ** (INPUT_LEVEL_DBU / 20) * 2**0.5


@dataclass(frozen=True)
class Triode:
    """One valve stage.

    ``gain``: small-signal gain, the divider before it included. ``swing_v``: grid voltage at
    which the stage is well into saturation. ``bias``: working point in units of the swing (0 is
    symmetric; larger means one half-wave clips earlier, so more even harmonics).
    ``high_pass_hz``: the coupling capacitor. ``low_pass_hz``: Miller capacitance.
    ``bright_hz``/``bright_db``: a partly bypassed cathode; below that frequency the gain is lower.
    """

    gain: float
    swing_v: float
    bias: float
    high_pass_hz: float
    low_pass_hz: float
    bright_hz: float = 0.0
    bright_db: float = 0.0


@dataclass(frozen=True)
class ToneStack:
    """Passive bass, middle, treble network: knobs 0..1 and component values in ohms and farads."""

    bass: float
    middle: float
    treble: float
    slope_ohm: float
    treble_pot_ohm: float = 250e3
    bass_pot_ohm: float = 1e6
    middle_pot_ohm: float = 25e3
    treble_cap_f: float = 250e-12
    bass_cap_f: float = 22e-9
    middle_cap_f: float = 22e-9


@dataclass(frozen=True)
class Amp:
    """A whole amplifier, in the order of the signal."""

    key: str
    model: str
    tone_type: str
    input_high_pass_hz: float
    before_tone: tuple[Triode, ...]
    tone: ToneStack
    after_tone: tuple[Triode, ...]
    master: float
    power_swing_v: float
    power_bias: float
    resonance_db: float
    presence_db: float
    output_gain: float


AMPS = (
    Amp(
        key="clean",
        model="Halyard 22 Clean",
        tone_type="clean",
        input_high_pass_hz=20.0,
        before_tone=(Triode(2.2, 16.0, 0.12, 15.0, 16_000.0),),
        tone=ToneStack(0.40, 0.85, 0.55, 100e3, bass_cap_f=100e-9, middle_cap_f=47e-9),
        after_tone=(Triode(2.5, 10.0, 0.15, 25.0, 14_000.0),),
        master=1.0,
        power_swing_v=8.0,
        power_bias=0.06,
        resonance_db=2.0,
        presence_db=2.0,
        output_gain=0.1,
    ),
    Amp(
        key="crunch",
        model="Bosun 45 Crunch",
        tone_type="crunch",
        input_high_pass_hz=40.0,
        before_tone=(
            Triode(3.0, 3.5, 0.35, 60.0, 12_000.0, bright_hz=500.0, bright_db=5.0),
            Triode(3.2, 3.0, 0.55, 40.0, 9_000.0),
        ),
        tone=ToneStack(0.45, 0.75, 0.60, 56e3, treble_cap_f=270e-12),
        after_tone=(Triode(3.0, 6.0, 0.25, 30.0, 12_000.0),),
        master=1.0,
        power_swing_v=5.0,
        power_bias=0.10,
        resonance_db=3.0,
        presence_db=3.0,
        output_gain=0.12,
    ),
    Amp(
        key="high_gain",
        model="Tempest 100 Lead",
        tone_type="hi_gain",
        input_high_pass_hz=60.0,
        before_tone=(
            Triode(3.5, 3.0, 0.30, 110.0, 10_000.0, bright_hz=700.0, bright_db=5.0),
            Triode(6.0, 2.5, 0.60, 90.0, 8_000.0),
            Triode(5.0, 2.5, 0.45, 50.0, 7_000.0),
        ),
        tone=ToneStack(0.60, 0.40, 0.60, 39e3, treble_cap_f=470e-12),
        after_tone=(),
        master=3.0,
        power_swing_v=5.0,
        power_bias=0.05,
        resonance_db=5.0,
        presence_db=4.0,
        output_gain=0.11,
    ),
)


def saturate(volts: Array, swing_v: float, bias: float) -> Array:
    """Smooth asymmetric curve through 0 with unit slope there: tanh about a shifted point."""
    offset = np.tanh(bias)
    return (np.tanh(volts / swing_v + bias) - offset) * (swing_v / (1.0 - offset**2))


def triode(volts: Array, stage: Triode) -> Array:
    """The stage's filters around its curve. Inverts, as a common-cathode stage does."""
    volts = _first_order("highpass", stage.high_pass_hz, volts)
    if stage.bright_db:
        volts = _high_shelf(stage.bright_hz, stage.bright_db, volts)
        volts = volts * 10 ** (-stage.bright_db / 20)
    clipped = saturate(volts * stage.gain, stage.swing_v, stage.bias)
    return -_first_order("lowpass", stage.low_pass_hz, clipped)


def tone_stack(volts: Array, stack: ToneStack) -> Array:
    """The passive network, discretised with the bilinear transform.

    Solved as a circuit, not from a table: the three capacitor voltages are the state, and the
    resistive part is found for one volt at each source in turn.
    """
    a_matrix, b_matrix, c_matrix, d_matrix = _tone_stack_state_space(stack)
    discrete = signal.cont2discrete(
        (a_matrix, b_matrix, c_matrix, d_matrix), 1 / RATE_HZ, method="bilinear"
    )
    numerator, denominator = signal.ss2tf(*discrete[:4])
    return signal.lfilter(numerator[0], denominator, volts)


def _tone_stack_state_space(stack: ToneStack) -> tuple[Array, Array, Array, Array]:
    """A, B, C, D of the stack driven by one source and loaded by nothing.

    Nodes: 0 the junction after the slope resistor, 1 top of the treble pot, 2 its wiper (the
    output), 3 its bottom and the top of the bass pot, 4 the bottom of the bass pot and the
    middle pot. Capacitors: source to 1, 0 to 3, 0 to 4.
    """
    minimum = 1e-3  # a pot at its end still has a little resistance
    treble = float(np.clip(stack.treble, minimum, 1 - minimum))
    bass = max(stack.bass**2, minimum)  # logarithmic taper
    middle = max(stack.middle, minimum)
    resistors = [
        ("in", 0, stack.slope_ohm),
        (1, 2, stack.treble_pot_ohm * (1 - treble)),
        (2, 3, stack.treble_pot_ohm * treble),
        (3, 4, stack.bass_pot_ohm * bass),
        (4, "gnd", stack.middle_pot_ohm * middle),
    ]
    capacitors = [
        ("in", 1, stack.treble_cap_f),
        (0, 3, stack.bass_cap_f),
        (0, 4, stack.middle_cap_f),
    ]
    # Unknowns: 5 node voltages and 3 capacitor currents; sources: 1 input, 3 capacitor voltages.
    system = np.zeros((8, 8))
    sources = np.zeros((8, 4))
    for one, other, ohm in resistors:
        for here, there in ((one, other), (other, one)):
            if isinstance(here, int):
                system[here, here] += 1 / ohm
                if isinstance(there, int):
                    system[here, there] -= 1 / ohm
                elif there == "in":
                    sources[here, 0] += 1 / ohm
    for index, (plus, minus, _) in enumerate(capacitors):
        row = 5 + index
        for node, sign in ((plus, 1.0), (minus, -1.0)):
            if isinstance(node, int):
                system[node, row] += sign
                system[row, node] += sign
            elif node == "in":
                sources[row, 0] -= sign
        sources[row, 1 + index] += 1.0
    solved = np.linalg.solve(system, sources)
    farads = np.array([[farad] for *_, farad in capacitors])
    currents = solved[5:] / farads
    output = solved[2:3]
    return currents[:, 1:], currents[:, :1], output[:, 1:], output[:, :1]


def play(amp: Amp, di: Array) -> Array:
    """Play a 48 kHz signal (full scale 1.0) through the amp; as long as the input, no delay."""
    volts = signal.resample_poly(di, OVERSAMPLING, 1) * VOLTS_PER_UNIT
    volts = _first_order("highpass", amp.input_high_pass_hz, volts)
    for stage in amp.before_tone:
        volts = triode(volts, stage)
    volts = tone_stack(volts, amp.tone)
    for stage in amp.after_tone:
        volts = triode(volts, stage)
    volts = _first_order("highpass", 30.0, volts * amp.master)
    volts = saturate(volts, amp.power_swing_v, amp.power_bias)
    volts = _first_order("highpass", 35.0, volts)  # output transformer
    volts = _resonance(95.0, amp.resonance_db, volts)
    volts = _high_shelf(2_200.0, amp.presence_db, volts)
    volts = _first_order("lowpass", 15_000.0, volts)
    if len(amp.before_tone) + len(amp.after_tone) & 1:
        volts = -volts  # the demo is about tone: all three amps leave with the same polarity
    return signal.resample_poly(volts, 1, OVERSAMPLING)[: len(di)] * amp.output_gain


def _first_order(kind: str, corner_hz: float, volts: Array) -> Array:
    numerator, denominator = signal.butter(1, corner_hz, kind, fs=RATE_HZ)
    return signal.lfilter(numerator, denominator, volts)


def _high_shelf(corner_hz: float, gain_db: float, volts: Array) -> Array:
    """First order: 0 dB far below the corner, ``gain_db`` far above."""
    root = 10 ** (gain_db / 40)
    pole = 2 * np.pi * corner_hz * root
    zero = 2 * np.pi * corner_hz / root
    numerator, denominator = signal.bilinear([pole / zero, pole], [1.0, pole], RATE_HZ)
    return signal.lfilter(numerator, denominator, volts)


def _resonance(center_hz: float, gain_db: float, volts: Array) -> Array:
    """Second-order bump of the speaker's impedance on a valve output."""
    omega = 2 * np.pi * center_hz
    gain = 10 ** (gain_db / 20)
    quality = 1.2
    numerator, denominator = signal.bilinear(
        [1.0, gain * omega / quality, omega**2], [1.0, omega / quality, omega**2], RATE_HZ
    )
    return signal.lfilter(numerator, denominator, volts)


def main(source: Path, folder: Path) -> None:
    import soundfile

    di, sample_rate_hz = soundfile.read(source, dtype="float64")
    if sample_rate_hz != SAMPLE_RATE_HZ or di.ndim != 1:
        raise SystemExit("a mono file at 48 kHz, please")
    for amp in AMPS:
        soundfile.write(folder / f"{amp.key}.wav", play(amp, di), SAMPLE_RATE_HZ, subtype="FLOAT")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
