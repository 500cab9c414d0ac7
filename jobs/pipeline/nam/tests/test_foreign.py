"""Captures of other programs are named, whatever their file is called."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.nam.document import foreign_format_of
from jobs.pipeline.nam.file import parse_nam

LSTM = [[0.1, 0.2], [0.3, 0.4]]
FOREIGN: list[tuple[dict[str, Any], str]] = [
    (
        {
            "in_shape": [None, None, 1],
            "in_skip": 1,
            "in_gain": 0.0,
            "samplerate": 48_000,
            "layers": [{"type": "lstm", "shape": [None, None, 8], "weights": LSTM}],
            "metadata": {"name": "Plexi"},
        },
        "AIDA-X",
    ),
    (
        {
            "model_data": {"model": "SimpleRNN", "unit_type": "LSTM", "hidden_size": 40},
            "state_dict": {"rec.weight_ih_l0": LSTM, "lin.bias": [0.0]},
        },
        "Proteus (GuitarML)",
    ),
    ({"snapshot": {"name": "Plexi"}}, "AA-Snapshot"),
]


@pytest.mark.parametrize(("document", "name"), FOREIGN)
def test_a_capture_of_another_program_is_named_with_what_to_do(
    document: dict[str, Any], name: str
) -> None:
    data = json.dumps(document).encode()
    assert foreign_format_of(data) == name
    with pytest.raises(PipelineError) as caught:
        parse_nam(data)
    assert caught.value.code == "CAPTURE_FORMAT_UNSUPPORTED"
    for part in (name, "NAM", ".nam file"):
        assert part in caught.value.message


@pytest.mark.parametrize(
    "data", [b"", b"text", b"[1]", b"{}", b'{"layers": 1}', b'{"architecture": "a", "snapshot": 1}']
)
def test_anything_else_is_none_of_them(data: bytes) -> None:
    assert foreign_format_of(data) == ""
