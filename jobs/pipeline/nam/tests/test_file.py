"""Reading .nam files: what is understood, and what is refused and how."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.nam.engine import build_engine
from jobs.pipeline.nam.file import parse_nam, read_nam
from jobs.pipeline.nam.tests import backends, own_models
from jobs.pipeline.nam.tests.own_models import document, parse_document


def linear(**more: Any) -> dict[str, Any]:
    return {
        "version": "0.5.4",
        "architecture": "Linear",
        "config": {"receptive_field": 2, "bias": False},
        "weights": [0.5, 0.25],
    } | more


def refused(value: object) -> PipelineError:
    with pytest.raises(PipelineError) as caught:
        parse_document(value)
    error = caught.value
    assert error.is_permanent
    assert error.message
    assert "/" not in error.message
    return error


# -- What is understood


def test_the_summary_is_json_and_says_what_matters(tmp_path: Path) -> None:
    path = tmp_path / "amp.nam"
    metadata = {
        "name": "  Plexi\x00 ",
        "gear_make": "Someone",
        "gear_type": "amp",
        "loudness": -18.5,
        "input_level_dbu": 12.1,
        "output_level_dbu": None,
        "gain": "much",
    }
    path.write_text(json.dumps(linear(metadata=metadata, sample_rate=44100.0)))
    nam = read_nam(path)
    summary = json.loads(json.dumps(nam.summary(), allow_nan=False))
    assert summary["sample_rate_hz"] == 44_100
    assert summary["metadata"]["name"] == "Plexi"
    assert summary["metadata"]["loudness_db"] == -18.5
    assert summary["metadata"]["input_level_dbu"] == 12.1
    assert summary["metadata"]["output_level_dbu"] is None
    assert summary["metadata"]["gain"] is None
    assert summary["metadata"]["modeled_by"] is None
    assert ["gain" in warning for warning in summary["warnings"]] == [True]
    assert (summary["num_weights"], summary["label"]) == (2, "Linear (2 taps)")


def test_what_is_missing_has_its_default() -> None:
    nam = parse_document(linear())
    assert nam.sample_rate_hz == 48_000
    assert nam.metadata.loudness_db is None
    assert nam.warnings == ()


def test_a_missing_file_is_the_callers_matter(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_nam(tmp_path / "none.nam")


def test_weights_cannot_be_changed_from_outside() -> None:
    nam = own_models.load("lstm")
    with pytest.raises(ValueError, match="read-only"):
        nam.weights[0] = 1.0


def test_the_containers_sizes_are_listed() -> None:
    nam = own_models.load("container")
    assert nam.architecture == "SlimmableContainer"
    assert [submodel.max_value for submodel in nam.submodels] == [0.5, 1.0]
    assert nam.num_weights == sum(submodel.nam.num_weights for submodel in nam.submodels)
    assert nam.summary()["submodels"][1]["label"] == "WaveNet (4 channels)"


@pytest.mark.parametrize("version", ["0.5.0", "0.5.2", "0.6.0", "0.7.0"])
def test_known_versions_pass_without_a_word(version: str) -> None:
    assert parse_document(linear(version=version)).warnings == ()


def test_a_later_patch_warns_with_its_version() -> None:
    (warning,) = parse_document(linear(version="0.7.3")).warnings
    assert "0.7.3" in warning


def test_a_modulation_players_disagree_about_is_mentioned() -> None:
    # Every array of this model has blended layers wherever it modulates after layer1x1.
    assert own_models.load("wavenet_options").warnings == ()
    spoilt = document("wavenet_options")
    spoilt["config"]["layers"][1]["gating_mode"] = "gated"
    (warning,) = parse_document(spoilt).warnings
    assert "layer1x1" in warning


# -- What is refused


@pytest.mark.parametrize(
    "version", ["0.4.9", "0.8.0", "1.0.0", "0.7", "0.7.0-beta", "", "9999999999.0.0", "٠.٥.٠"]
)
def test_other_versions_are_refused_by_name(version: str) -> None:
    error = refused(linear(version=version))
    assert error.code == "NAM_VERSION_UNSUPPORTED"
    assert version in error.message


def test_an_unknown_architecture_is_refused_by_name() -> None:
    error = refused(linear(architecture="CatNet"))
    assert error.code == "NAM_ARCHITECTURE_UNSUPPORTED"
    assert "CatNet" in error.message


@pytest.mark.parametrize("key", ["version", "architecture", "config", "weights"])
def test_a_missing_key_is_named(key: str) -> None:
    spoilt = linear()
    del spoilt[key]
    error = refused(spoilt)
    assert error.code == "NAM_INVALID"
    assert key in error.message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b'{"version": ',
        b"\xff\xfe\x00",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"[" * 5000,
        b"[1, 2, 3]",
        b"null",
        b"7" * 5000,
    ],
)
def test_what_is_no_json_object_is_no_capture(data: bytes) -> None:
    with pytest.raises(PipelineError) as caught:
        parse_nam(data)
    assert caught.value.code == "NAM_NOT_JSON"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('"version": "0.5.4", "version": "0.6.0"', "version"),
        ('"version": "0.5.4", "metadata": {"gain": 1, "gain": 2}', "gain"),
        (r'"a\u0000\ud800b": 1, "a\u0000\ud800b": 2', "ab"),
    ],
)
def test_a_key_that_comes_twice_is_refused(text: str, name: str) -> None:
    """The standard leaves open which of two counts, and players differ."""
    with pytest.raises(PipelineError) as caught:
        parse_nam(b"{" + text.encode() + b"}")
    assert caught.value.code == "NAM_INVALID"
    assert f"“{name}” twice" in caught.value.message


@pytest.mark.parametrize(
    "spoilt", [{"architecture": "Cat\x00\ud800Net\u202e"}, {"version": "0\x00\ud800.5"}]
)
def test_what_is_refused_is_named_in_words_that_can_be_stored(spoilt: dict[str, str]) -> None:
    error = refused(linear(**spoilt))
    assert all(c.isprintable() for c in error.message + error.detail)


@pytest.mark.parametrize("name", own_models.NAMES)
@pytest.mark.parametrize("change", [-1, 1])
def test_a_wrong_weight_count_is_refused(name: str, change: int) -> None:
    spoilt = document(name)
    model = spoilt
    while model["architecture"] == "SlimmableContainer":
        model = model["config"]["submodels"][0]["model"]
    count = len(model["weights"])
    model["weights"] = (model["weights"] + [0.0])[: count + change]
    error = refused(spoilt)
    assert error.code == "NAM_WEIGHT_COUNT"
    assert str(count) in error.message
    assert str(count + change) in error.message


@pytest.mark.parametrize(
    "weights", ["[0.5, NaN]", "[0.5, Infinity]", "[0.5, 1e999]", "[0.5, 1e39]", "[0.5, -1e400]"]
)
def test_weights_must_be_finite(weights: str) -> None:
    text = json.dumps(linear()).replace("[0.5, 0.25]", weights)
    with pytest.raises(PipelineError) as caught:
        parse_nam(text.encode())
    assert caught.value.code == "NAM_INVALID"


@pytest.mark.parametrize(
    "weights",
    ["0.5", {}, 0.5, [0.5, None], [0.5, True], [0.5, "0.25"], [0.5, [0.25]], [0.5, 10**400]],
)
def test_weights_must_be_numbers(weights: object) -> None:
    assert refused(linear(weights=weights)).code == "NAM_INVALID"


@pytest.mark.parametrize("rate", [0, -48_000, 44_100.5, 10**9, "48000", True, [48_000]])
def test_the_sample_rate_must_make_sense(rate: object) -> None:
    assert refused(linear(sample_rate=rate)).code == "NAM_INVALID"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dilations", [1, -2, 4]),
        ("dilations", [1, 0, 4]),
        ("dilations", [1, 10**12, 4]),
        ("dilations", []),
        ("dilations", "123"),
        ("dilations", [1, True, 4]),
        ("dilations", [1, 2.5, 4]),
        ("kernel_sizes", [3, 3, 0]),
        ("kernel_sizes", [3, 3]),
        ("kernel_size", 3),
        ("channels", 0),
        ("channels", 10**9),
        ("channels", "6"),
        ("channels", None),
        ("bottleneck", -1),
        ("input_size", 2),
        ("condition_size", 2),
        ("activation", "Mystery"),
        ("activation", {"type": "PReLU", "negative_slopes": [0.1, 0.2]}),
        ("activation", ["Tanh"]),
        ("activation", 3),
        ("gating_mode", "sometimes"),
        ("head", {"out_channels": 1, "kernel_size": 0, "bias": True}),
        ("head", {"out_channels": 1, "kernel_size": 1, "bias": 1}),
        ("head", {"out_channels": 2, "kernel_size": 1, "bias": False}),
        ("groups_input", 4),
        ("layer1x1", {"active": True, "groups": 5}),
        ("layer1x1_post_film", {"active": "yes"}),
        ("slimmable", {"method": "magic"}),
        ("slimmable", {"method": "slice_channels_uniform", "kwargs": {"allowed_channels": [9]}}),
        (
            "slimmable",
            {"method": "slice_channels_uniform", "kwargs": {"allowed_channels": [3, 2, 6]}},
        ),
    ],
)
def test_an_absurd_layer_is_refused(key: str, value: object) -> None:
    spoilt = document("wavenet_slimmable")
    spoilt["config"]["layers"][0][key] = value
    error = refused(spoilt)
    assert error.code in ("NAM_INVALID", "NAM_WEIGHT_COUNT")


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("lstm", "hidden_size", 0),
        ("lstm", "hidden_size", 10**6),
        ("lstm", "num_layers", 10**9),
        # Few numbers, but minutes of settling: it goes sample by sample through every layer.
        ("lstm", "num_layers", 200),
        ("lstm", "input_size", 2),
        ("lstm", "out_channels", 2),
        ("convnet", "dilations", [1, 2, 4, -8]),
        ("convnet", "batchnorm", "no"),
        ("convnet", "groups", 5),
        ("linear_short", "receptive_field", 10**9),
        ("linear_short", "bias", None),
        ("linear_short", "in_channels", 2),
        ("container", "submodels", []),
        ("container", "submodels", {}),
    ],
)
def test_an_absurd_config_is_refused(name: str, key: str, value: object) -> None:
    spoilt = document(name)
    spoilt["config"][key] = value
    assert refused(spoilt).code in ("NAM_INVALID", "NAM_WEIGHT_COUNT")


def test_submodels_must_cover_all_sizes_in_order() -> None:
    spoilt = document("container")
    spoilt["config"]["submodels"][1]["max_value"] = 0.9
    assert "submodels" in refused(spoilt).message
    spoilt["config"]["submodels"][1]["max_value"] = 0.5
    assert "max_value" in refused(spoilt).message


def test_models_may_not_contain_each_other_for_ever() -> None:
    outer = document("container")
    nested = document("container")
    outer["config"]["submodels"][0]["model"] = nested
    assert refused(outer).code == "NAM_INVALID"

    model = document("wavenet_options")
    for _ in range(10):
        model["config"]["condition_dsp"] = json.loads(json.dumps(model))
    assert refused(model).code == "NAM_INVALID"


def test_a_condition_of_another_rate_is_refused() -> None:
    spoilt = document("wavenet_options")
    spoilt["config"]["condition_dsp"]["sample_rate"] = 44_100
    assert "sample_rate" in refused(spoilt).message


@pytest.mark.parametrize("backend", backends.NAMES)
def test_finite_weights_that_overflow_do_not_stop_the_engine(backend: str) -> None:
    """The sound is not finite then; the chain that takes it says so."""
    model = document("wavenet_two_arrays")
    model["weights"] = [3e38] * len(model["weights"])
    engine = build_engine(parse_document(model), backend=backends.load(backend))
    wet = engine.start().process(np.ones((1, 50), np.float32))
    assert wet.shape == (1, 50)
    assert not np.isfinite(wet).all()
