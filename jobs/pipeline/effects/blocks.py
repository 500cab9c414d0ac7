"""The built-in processors as data: parameters, places, tails, words.

What sounds is in ``jobs.pipeline.effects.processors``. This and what it imports know no NumPy:
pages and checks need the words alone. Levels are decibels relative to full scale.
"""

from __future__ import annotations

from collections.abc import Mapping

from jobs.pipeline.effects.parameters import (
    NOT_BEFORE_AMP,
    BlockType,
    Parameter,
    Values,
    describe_capture,
    describe_ir,
    mix_pct,
    repeating_tail_s,
)
from jobs.pipeline.errors import PipelineError

__all__ = [
    "BLOCK_TYPES",
    "BlockType",
    "Parameter",
    "block_type",
    "describe_capture",
    "describe_ir",
    "describe_parameters",
    "validate_parameters",
]

# What a chorus and a flanger swing by at full depth, to either side.
CHORUS_SWING_MS = 10.0
FLANGER_SWING_MS = 2.5
# Of the graphic equalizer: octave bands around 1 kHz; their exact frequencies are 31.25 · 2^n Hz.
BAND_FREQUENCIES_HZ = tuple(31.25 * 2.0**n for n in range(10))

# Of a band of either equalizer, up and down.
_MAX_BAND_GAIN_DB = 12.0

# JUCE's Reverb (Freeverb) feeds its combs back by 0.7 … 0.98; the longest takes 1,617 frames at
# 44.1 kHz and is 23 frames longer in the second channel.
_REVERB_LEAST_FEEDBACK, _REVERB_FEEDBACK_RANGE = 0.7, 0.28
_REVERB_LONGEST_COMB_S = (1617 + 23) / 44_100


# A clean boost or cut: every sample times 10^(gain_db/20).

GAIN = BlockType(
    name="gain",
    title="Gain",
    parameters=(Parameter("gain_db", "Gain", "dB", -24.0, 24.0, 0.0),),
)


# Noise gate, compressor and limiter.

NOISE_GATE = BlockType(
    name="noise_gate",
    title="Noise gate",
    parameters=(
        Parameter("threshold_db", "Threshold", "dB", -80.0, 0.0, -60.0),
        Parameter("ratio", "Ratio", ":1", 1.0, 20.0, 10.0),
        Parameter("attack_ms", "Attack", "ms", 0.1, 100.0, 1.0),
        Parameter("release_ms", "Release", "ms", 1.0, 1000.0, 100.0),
    ),
)
COMPRESSOR = BlockType(
    name="compressor",
    title="Compressor",
    parameters=(
        Parameter("threshold_db", "Threshold", "dB", -60.0, 0.0, -20.0),
        Parameter("ratio", "Ratio", ":1", 1.0, 20.0, 4.0),
        Parameter("attack_ms", "Attack", "ms", 0.1, 100.0, 5.0),
        Parameter("release_ms", "Release", "ms", 1.0, 1000.0, 50.0),
        Parameter("makeup_db", "Make-up", "dB", 0.0, 24.0, 0.0),
    ),
)
LIMITER = BlockType(
    name="limiter",
    title="Limiter",
    parameters=(
        Parameter("threshold_db", "Threshold", "dB", -24.0, 0.0, -1.0),
        Parameter("release_ms", "Release", "ms", 1.0, 1000.0, 100.0),
    ),
    places=NOT_BEFORE_AMP,
)


# Parametric and graphic equalizer: shelves and peaks.


def _equalizer_ringing_s(_parameters: Values) -> float:
    """Falls by 90 dB: a peak at 200 Hz with a Q of 10 rings longest, 0.17 s."""
    return 0.2


def _describe_parametric(parameters: Values) -> str:
    bands = [
        f"{name} {parameters[f'{name}_gain_db']:+g} dB at {parameters[f'{name}_freq_hz']:g} Hz"
        for name in ("low", "mid", "high")
        if parameters[f"{name}_gain_db"]
    ]
    if parameters["mid_gain_db"]:
        bands.append(f"mid Q {parameters['mid_q']:g}")
    return ", ".join(bands) or "flat"


def band_name(frequency_hz: float) -> str:
    return f"band_{int(frequency_hz)}_gain_db"


def _band_label(frequency_hz: float) -> str:
    return f"{int(frequency_hz)} Hz" if frequency_hz < 1000.0 else f"{frequency_hz / 1000:g} kHz"


def _describe_graphic(parameters: Values) -> str:
    bands = [
        f"{_band_label(each)} {parameters[band_name(each)]:+g} dB"
        for each in BAND_FREQUENCIES_HZ
        if parameters[band_name(each)]
    ]
    return ", ".join(bands) or "flat"


def _band_gain(name: str, label: str) -> Parameter:
    return Parameter(name, label, "dB", -_MAX_BAND_GAIN_DB, _MAX_BAND_GAIN_DB, 0.0)


PARAMETRIC_EQ = BlockType(
    name="parametric_eq",
    title="Parametric EQ",
    parameters=(
        Parameter("low_freq_hz", "Low frequency", "Hz", 20.0, 500.0, 100.0),
        _band_gain("low_gain_db", "Low gain"),
        Parameter("mid_freq_hz", "Mid frequency", "Hz", 200.0, 5000.0, 1000.0),
        _band_gain("mid_gain_db", "Mid gain"),
        Parameter("mid_q", "Mid Q", "", 0.1, 10.0, 1.0),
        Parameter("high_freq_hz", "High frequency", "Hz", 2000.0, 16_000.0, 8000.0),
        _band_gain("high_gain_db", "High gain"),
    ),
    tail_s=_equalizer_ringing_s,
    settings=_describe_parametric,
)
GRAPHIC_EQ = BlockType(
    name="graphic_eq",
    title="Graphic EQ",
    parameters=tuple(
        _band_gain(band_name(each), _band_label(each)) for each in BAND_FREQUENCIES_HZ
    ),
    tail_s=_equalizer_ringing_s,
    settings=_describe_graphic,
)


# High-pass and low-pass, 6 dB per octave, which have lost 3.01 dB at their cutoff.


def _filter_ringing_s(_parameters: Values) -> float:
    """The lowest cutoff, 20 Hz, rings down by 90 dB in under a tenth of a second."""
    return 0.1


HIGH_PASS = BlockType(
    name="high_pass",
    title="High-pass",
    parameters=(Parameter("cutoff_hz", "Cutoff", "Hz", 20.0, 2000.0, 80.0),),
    tail_s=_filter_ringing_s,
)
LOW_PASS = BlockType(
    name="low_pass",
    title="Low-pass",
    parameters=(Parameter("cutoff_hz", "Cutoff", "Hz", 1000.0, 20_000.0, 12_000.0),),
    tail_s=_filter_ringing_s,
)


# Chorus, phaser and flanger: something in them swings as a sine, alike in all channels.


def _chorus_tail_s(parameters: Values) -> float:
    swing_ms = CHORUS_SWING_MS * parameters["depth_pct"] / 100.0
    longest_ms = parameters["centre_delay_ms"] + swing_ms
    return repeating_tail_s(longest_ms / 1000.0, parameters["feedback_pct"] / 100.0)


def _flanger_tail_s(parameters: Values) -> float:
    longest_ms = parameters["centre_delay_ms"] + FLANGER_SWING_MS
    return repeating_tail_s(longest_ms / 1000.0, parameters["feedback_pct"] / 100.0)


def _phaser_tail_s(parameters: Values) -> float:
    """Six all-passes at the lowest corner, 20 Hz, answer within 50 ms; feedback repeats that."""
    return repeating_tail_s(0.05, parameters["feedback_pct"] / 100.0)


def _rate(minimum: float, maximum: float, default: float) -> Parameter:
    return Parameter("rate_hz", "Rate", "Hz", minimum, maximum, default)


def _depth(default: float) -> Parameter:
    return Parameter("depth_pct", "Depth", "%", 0.0, 100.0, default)


def _feedback(default: float) -> Parameter:
    return Parameter("feedback_pct", "Feedback", "%", 0.0, 95.0, default)


CHORUS = BlockType(
    name="chorus",
    title="Chorus",
    parameters=(
        _rate(0.1, 10.0, 1.0),
        _depth(25.0),
        _feedback(0.0),
        Parameter("centre_delay_ms", "Center delay", "ms", 1.0, 20.0, 7.0),
        mix_pct(50.0),
    ),
    tail_s=_chorus_tail_s,
    is_modulated=True,
)
PHASER = BlockType(
    name="phaser",
    title="Phaser",
    parameters=(
        _rate(0.1, 10.0, 1.0),
        _depth(25.0),
        _feedback(0.0),
        Parameter("centre_freq_hz", "Center frequency", "Hz", 200.0, 5000.0, 1300.0),
        mix_pct(50.0),
    ),
    tail_s=_phaser_tail_s,
    is_modulated=True,
)
FLANGER = BlockType(
    name="flanger",
    title="Flanger",
    parameters=(
        _rate(0.05, 5.0, 0.3),
        _depth(50.0),
        _feedback(50.0),
        Parameter("centre_delay_ms", "Center delay", "ms", 0.5, 5.0, 2.0),
        mix_pct(50.0),
    ),
    tail_s=_flanger_tail_s,
    is_modulated=True,
)


# Delay and reverb.


def _delay_tail_s(parameters: Values) -> float:
    if not parameters["mix_pct"]:
        return 0.0
    return repeating_tail_s(parameters["time_ms"] / 1000.0, parameters["feedback_pct"] / 100.0)


def _reverb_tail_s(parameters: Values) -> float:
    if not parameters["mix_pct"]:
        return 0.0
    feedback = _REVERB_LEAST_FEEDBACK + _REVERB_FEEDBACK_RANGE * parameters["size_pct"] / 100.0
    # The all-passes behind the combs smear by less than two of their rounds.
    return repeating_tail_s(_REVERB_LONGEST_COMB_S, feedback, num_rounds_after=1)


def _has_width(parameters: Values) -> bool:
    return parameters["width_pct"] > 0.0 and parameters["mix_pct"] > 0.0


DELAY = BlockType(
    name="delay",
    title="Delay",
    parameters=(
        Parameter("time_ms", "Time", "ms", 1.0, 2000.0, 375.0),
        Parameter("feedback_pct", "Feedback", "%", 0.0, 95.0, 30.0),
        mix_pct(30.0),
    ),
    places=NOT_BEFORE_AMP,
    tail_s=_delay_tail_s,
)
REVERB = BlockType(
    name="reverb",
    title="Reverb",
    parameters=(
        Parameter("size_pct", "Size", "%", 0.0, 100.0, 50.0),
        Parameter("damping_pct", "Damping", "%", 0.0, 100.0, 50.0),
        Parameter("width_pct", "Width", "%", 0.0, 100.0, 100.0),
        mix_pct(20.0),
    ),
    places=NOT_BEFORE_AMP,
    tail_s=_reverb_tail_s,
    is_stereo=_has_width,
)

BLOCK_TYPES: dict[str, BlockType] = {
    block_type.name: block_type
    for block_type in (
        GAIN,
        NOISE_GATE,
        COMPRESSOR,
        LIMITER,
        PARAMETRIC_EQ,
        GRAPHIC_EQ,
        HIGH_PASS,
        LOW_PASS,
        CHORUS,
        PHASER,
        FLANGER,
        DELAY,
        REVERB,
    )
}


def block_type(processor: str) -> BlockType:
    """Raises ``BLOCK_UNKNOWN`` for a processor that does not exist."""
    found = BLOCK_TYPES.get(processor)
    if found is None:
        raise PipelineError("BLOCK_UNKNOWN", f"There is no built-in processor “{processor}”.")
    return found


def validate_parameters(
    processor: str, parameters: Mapping[str, object]
) -> dict[str, float | bool]:
    """Check the parameters of a processor and fill in what is left out.

    Besides its own parameters each takes ``bypass`` (true or false). Raises ``BLOCK_UNKNOWN``,
    ``BLOCK_PARAMETER_UNKNOWN``, ``BLOCK_PARAMETER_INVALID`` (not a number, not true or false) and
    ``BLOCK_PARAMETER_OUT_OF_RANGE``; each names the parameter.
    """
    kind = block_type(processor)
    known = {parameter.name for parameter in kind.parameters} | {"bypass"}
    for name in parameters:
        if name not in known:
            raise PipelineError(
                "BLOCK_PARAMETER_UNKNOWN", f"{kind.title} has no parameter “{name}”."
            )
    bypass = parameters.get("bypass", False)
    if not isinstance(bypass, bool):
        raise PipelineError("BLOCK_PARAMETER_INVALID", "bypass must be true or false.")
    complete: dict[str, float | bool] = {"bypass": bypass}
    for parameter in kind.parameters:
        complete[parameter.name] = parameter.checked(parameters.get(parameter.name))
    return complete


def describe_parameters(processor: str, parameters: Mapping[str, object]) -> str:
    """The settings for people: "Gain +3 dB"; of a bypassed processor only that it is."""
    complete = validate_parameters(processor, parameters)
    if complete["bypass"]:
        return "bypassed"
    return block_type(processor).describe(complete)
