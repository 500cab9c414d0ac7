"""How loud a DI reaches a capture: the input gain, and the gain between captured blocks.

A capture answers differently to a loud and a quiet input, so this is a part of the tone. Levels
in dBu say which voltage stands for full scale: Z of the DI's interface, X at the input of a
capture (``input_level_dbu``), Y at its output (``output_level_dbu``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from jobs.pipeline.vocabulary.options import InputMode

NORMALIZED_RMS_DBFS = -18.0

# How well the level at the input of the capture is known. calibrated: from both levels in dBu.
# assumed: brought to a usual level. unknown: left as it was in the file.
LevelBasis: TypeAlias = Literal["calibrated", "assumed", "unknown"]
InputGainMode: TypeAlias = Literal["calibrated", "normalized", "raw"]

# What stands outside was written by mistake: +60 dBu are 775 volts.
_PLAUSIBLE_LEVEL_DBU = 60.0


@dataclass(frozen=True, slots=True)
class InputGain:
    """What was asked for (``requested``), what was done (``mode``), and by how much.

    Stored with a render, and in manifests, as ``staging``.
    """

    requested: InputMode
    mode: InputGainMode
    basis: LevelBasis
    gain_db: float


def find_input_gain(
    requested: InputMode,
    *,
    di_rms_dbfs: float,
    di_level_dbu: float | None,
    capture_input_level_dbu: float | None,
) -> InputGain:
    """Gain from the DI file to the first captured block.

    calibrated: Z − X. normalized: to −18 dBFS RMS. raw: none. ``auto``, and ``calibrated`` where
    a level is not known: calibrated where both are known, else normalized.
    """
    if requested == "raw":
        return InputGain(requested, "raw", "unknown", 0.0)
    z, x = _plausible(di_level_dbu), _plausible(capture_input_level_dbu)
    if requested != "normalized" and z is not None and x is not None:
        return InputGain(requested, "calibrated", "calibrated", z - x)
    return InputGain(requested, "normalized", "assumed", NORMALIZED_RMS_DBFS - di_rms_dbfs)


def gain_between_db(
    requested: InputMode, *, output_level_dbu: float | None, input_level_dbu: float | None
) -> float | None:
    """Gain from one captured block to the next: Y₁ − X₂, where the mode allows calibration.

    ``None`` when it is not to be calibrated or a level is not known: then nothing is applied.
    """
    y, x = _plausible(output_level_dbu), _plausible(input_level_dbu)
    if requested not in ("auto", "calibrated") or y is None or x is None:
        return None
    return y - x


def _plausible(level_dbu: float | None) -> float | None:
    if level_dbu is None or not abs(level_dbu) <= _PLAUSIBLE_LEVEL_DBU:
        return None
    return level_dbu
