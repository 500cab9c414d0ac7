"""Parametric and graphic equalizer: shelves and peaks."""

from __future__ import annotations

from jobs.pipeline.effects.blocks.schema import BlockType, Parameter, Values

_MAX_GAIN_DB = 12.0
# Octave bands around 1 kHz; their exact frequencies are 31.25 · 2^n Hz.
BAND_FREQUENCIES_HZ = tuple(31.25 * 2.0**n for n in range(10))


def _ringing_s(_parameters: Values) -> float:
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


def _gain(name: str, label: str) -> Parameter:
    return Parameter(name, label, "dB", -_MAX_GAIN_DB, _MAX_GAIN_DB, 0.0)


PARAMETRIC_EQ = BlockType(
    name="parametric_eq",
    title="Parametric EQ",
    parameters=(
        Parameter("low_freq_hz", "Low frequency", "Hz", 20.0, 500.0, 100.0),
        _gain("low_gain_db", "Low gain"),
        Parameter("mid_freq_hz", "Mid frequency", "Hz", 200.0, 5000.0, 1000.0),
        _gain("mid_gain_db", "Mid gain"),
        Parameter("mid_q", "Mid Q", "", 0.1, 10.0, 1.0),
        Parameter("high_freq_hz", "High frequency", "Hz", 2000.0, 16_000.0, 8000.0),
        _gain("high_gain_db", "High gain"),
    ),
    tail_s=_ringing_s,
    settings=_describe_parametric,
)
GRAPHIC_EQ = BlockType(
    name="graphic_eq",
    title="Graphic EQ",
    parameters=tuple(_gain(band_name(each), _band_label(each)) for each in BAND_FREQUENCIES_HZ),
    tail_s=_ringing_s,
    settings=_describe_graphic,
)
