"""Input staging: which gain, and on what basis."""

from __future__ import annotations

import pytest

from jobs.pipeline.render.input_gain import InputGain, find_input_gain, gain_between_db
from jobs.pipeline.vocabulary.options import InputMode


@pytest.mark.parametrize(
    ("requested", "di_dbu", "capture_dbu", "expected"),
    [
        ("auto", 12.2, 18.3, InputGain("auto", "calibrated", "calibrated", 12.2 - 18.3)),
        ("auto", None, 18.3, InputGain("auto", "normalized", "assumed", 7.0)),
        ("auto", 12.2, None, InputGain("auto", "normalized", "assumed", 7.0)),
        ("calibrated", 0.0, 18.0, InputGain("calibrated", "calibrated", "calibrated", -18.0)),
        ("calibrated", None, None, InputGain("calibrated", "normalized", "assumed", 7.0)),
        ("normalized", 12.2, 18.3, InputGain("normalized", "normalized", "assumed", 7.0)),
        ("raw", 12.2, 18.3, InputGain("raw", "raw", "unknown", 0.0)),
        ("auto", 12.2, 1e9, InputGain("auto", "normalized", "assumed", 7.0)),
    ],
)
def test_staging(
    requested: InputMode, di_dbu: float | None, capture_dbu: float | None, expected: InputGain
) -> None:
    found = find_input_gain(
        requested, di_rms_dbfs=-25.0, di_level_dbu=di_dbu, capture_input_level_dbu=capture_dbu
    )
    assert found == expected


def test_between_captures_only_known_levels_count() -> None:
    def between(mode: InputMode, output: float | None, input_: float | None) -> float | None:
        return gain_between_db(mode, output_level_dbu=output, input_level_dbu=input_)

    assert between("auto", 10.0, 18.0) == -8.0
    assert between("calibrated", 10.0, 18.0) == -8.0
    assert between("auto", None, 18.0) is None
    assert between("auto", 10.0, None) is None
    assert between("normalized", 10.0, 18.0) is None
    assert between("raw", 10.0, 18.0) is None
