"""The engine against NeuralAmpModelerCore 0.5.5: every reference render, sample by sample."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import soundfile

from jobs.pipeline.audio.nam import build_engine, read_nam, self_test
from jobs.pipeline.audio.signal import FloatArray
from jobs.tests.pipeline.nam import backends
from jobs.tests.pipeline.nam.tolerance import assert_same_sound
from jobs.tests.pipeline.shared_data import NAM_VECTORS, needs_nam_vectors

pytestmark = needs_nam_vectors

RENDERS = [
    "A2__fast",
    "A2__generic",
    "A2_slim0.0__generic",
    "identity_linear_10__generic",
    "identity_linear_1__generic",
    "identity_wavenet_minimal__generic",
    "identity_wavenet_standard__generic",
    "lstm__generic",
    "slimmable_container__generic",
    "slimmable_container_slim0.0__generic",
    "slimmable_container_slim0.5__generic",
    "slimmable_wavenet__generic",
    "slimmable_wavenet_slim0.0__generic",
    "slimmable_wavenet_slim0.5__generic",
    "slimmable_wavenet_slim0.9__generic",
    "wavenet__generic",
    "wavenet_a1_standard__generic",
    "wavenet_a2_max__generic",
    "wavenet_condition_dsp__generic",
]


def read_mono(name: str) -> FloatArray:
    samples, _ = soundfile.read(NAM_VECTORS / name, dtype="float32", always_2d=True)
    return np.ascontiguousarray(samples.T)


def test_the_list_is_complete() -> None:
    stats = json.loads((NAM_VECTORS / "reference_stats.json").read_text())
    assert sorted(RENDERS) == sorted(stats["outputs"])


@pytest.mark.parametrize("backend", backends.NAMES)
@pytest.mark.parametrize("render", RENDERS)
def test_it_sounds_like_the_reference(render: str, backend: str) -> None:
    match = re.fullmatch(r"(\w+?)(?:_slim([\d.]+))?__\w+", render)
    assert match
    nam = read_nam(NAM_VECTORS / "models" / f"{match[1]}.nam")
    engine = build_engine(nam, float(match[2] or 1.0), backend=backends.load(backend))
    stage = engine.start()
    assert_same_sound(stage.process(read_mono("input_48k_f32.wav")), read_mono(f"out/{render}.wav"))


@pytest.mark.parametrize(
    ("model", "slim_size"), [("A2.nam", 1.0), ("A2.nam", 0.0), ("wavenet.nam", 1.0)]
)
def test_captures_are_as_loud_as_their_own_files_say(model: str, slim_size: float) -> None:
    nam = read_nam(NAM_VECTORS / "models" / model)
    result = self_test(nam, read_mono("loudness_input.wav"), slim_size)
    assert result.difference_db == pytest.approx(0.0, abs=0.001)
    assert result.has_passed is True


def test_the_self_test_fails_where_the_engine_cannot_agree() -> None:
    """The trainer does not let an LSTM settle, so its figure is 0.23 dB off."""
    nam = read_nam(NAM_VECTORS / "models" / "lstm.nam")
    result = self_test(nam, read_mono("loudness_input.wav"))
    assert result.measured_db == pytest.approx(-38.07174, abs=0.001)
    assert result.has_passed is False


def test_labels_and_sizes_are_those_people_know() -> None:
    container = read_nam(NAM_VECTORS / "models" / "A2.nam")
    assert [(s.label, s.max_value, s.nam.num_weights) for s in container.submodels] == [
        ("A2 Lite (3 channels)", 0.5, 1871),
        ("A2 Full (8 channels)", 1.0, 12146),
    ]
    assert container.metadata.input_level_dbu == 14.76
    engine = build_engine(container)
    assert (engine.label, engine.weight_count) == ("A2 Full (8 channels)", 12146)
    assert engine.receptive_field_frames == 6347
    assert build_engine(container, 0.5).label == "A2 Full (8 channels)"
    assert build_engine(container, 0.49).label == "A2 Lite (3 channels)"

    standard = read_nam(NAM_VECTORS / "models" / "wavenet_a1_standard.nam")
    assert standard.sample_rate_hz == 48_000
    assert build_engine(standard).label == "A1 standard (16 channels)"
    assert build_engine(standard).receptive_field_frames == 4093
