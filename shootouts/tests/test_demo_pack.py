"""The bundled demo: every file is there, is what it says it is, and may be given away."""

from __future__ import annotations

import json
import tomllib
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

PACK = Path(__file__).resolve().parents[1] / "demo"
SHOOTOUT: dict[str, Any] = tomllib.loads((PACK / "shootout.toml").read_text(encoding="utf-8"))
GEAR: dict[str, dict[str, Any]] = {gear["id"]: gear for gear in SHOOTOUT["gear"]}

DI_FILES = [di["file"] for di in SHOOTOUT["di"]]
CAPTURE_FILES = [gear["file"] for gear in GEAR.values() if gear["kind"] == "amp"]
IR_FILES = [gear["file"] for gear in GEAR.values() if gear["kind"] == "cab"]
MEDIA_FILES = [*DI_FILES, *CAPTURE_FILES, *IR_FILES]

MAX_PACK_BYTES = 5_000_000
# What each file claims of itself; training that ended worse must not slip in unnoticed.
MAX_VALIDATION_ESR = {"clean": 0.02, "crunch": 0.02, "hi_gain": 0.05}


def read_mono(file: str) -> NDArray[np.float64]:
    info = soundfile.info(PACK / file)
    assert (info.samplerate, info.channels, info.subtype) == (48_000, 1, "PCM_24")
    samples: NDArray[np.float64] = soundfile.read(PACK / file, dtype="float64")[0]
    return samples


def read_capture(file: str) -> dict[str, Any]:
    capture: dict[str, Any] = json.loads((PACK / file).read_text(encoding="utf-8"))
    return capture


def level_db(samples: NDArray[np.float64]) -> float:
    return float(10 * np.log10(np.mean(samples**2) + 1e-20))


def band_share_db(samples: NDArray[np.float64], low_hz: float, high_hz: float) -> float:
    """Energy between two frequencies over all energy, in decibels."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequencies_hz = np.fft.rfftfreq(len(samples), 1 / 48_000)
    inside = (frequencies_hz >= low_hz) & (frequencies_hz < high_hz)
    return float(10 * np.log10(power[inside].sum() / power.sum()))


def num_weights(model: dict[str, Any]) -> int:
    """Weights that a WaveNet of this configuration has, counted from its shapes."""
    total = 1  # head_scale
    for layer in model["config"]["layers"]:
        channels, condition = layer["channels"], layer["condition_size"]
        num_layers = len(layer["dilations"])
        kernels = layer.get("kernel_sizes") or [layer["kernel_size"]] * num_layers
        head = layer.get("head") or {
            "out_channels": layer["head_size"],
            "kernel_size": 1,
            "bias": layer["head_bias"],
        }
        total += layer["input_size"] * channels
        for kernel in kernels:
            total += kernel * channels * channels + channels  # dilated convolution
            total += condition * channels  # input mixer
            total += channels * channels + channels  # 1x1
        total += head["kernel_size"] * channels * head["out_channels"]
        total += head["out_channels"] if head["bias"] else 0
    return total


def submodels(capture: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry["model"] for entry in capture["config"]["submodels"]]


def test_every_file_of_the_shootout_exists_and_nothing_else_is_carried() -> None:
    on_disk = {
        path.relative_to(PACK).as_posix()
        for folder in ("di", "captures", "irs")
        for path in (PACK / folder).iterdir()
    }
    assert on_disk == set(MEDIA_FILES)


def test_the_pack_stays_under_five_megabytes() -> None:
    total_bytes = sum(path.stat().st_size for path in PACK.rglob("*") if path.is_file())
    assert total_bytes < MAX_PACK_BYTES


def test_the_licence_page_names_every_file() -> None:
    page = (PACK / "LICENSE.md").read_text(encoding="utf-8")
    missing = [file for file in MEDIA_FILES if f"`{file}`" not in page]
    assert missing == []
    assert {gear["licence"] for gear in GEAR.values()} == {"CC0-1.0"}
    assert "CC0-1.0" in page


def test_the_shootout_has_enough_to_compare() -> None:
    assert len(SHOOTOUT["di"]) >= 2
    assert len(SHOOTOUT["chain"]) >= 3
    assert SHOOTOUT["title"]
    assert len(SHOOTOUT["title"]) <= 200
    assert all(di["bpm"] > 0 and di["name"] and di["tuning"] for di in SHOOTOUT["di"])
    labels = [chain["label"] for chain in SHOOTOUT["chain"]]
    assert len(set(labels)) == len(labels)
    used = {
        block["gear"] for chain in SHOOTOUT["chain"] for block in chain["block"] if "gear" in block
    }
    assert used == set(GEAR)


@pytest.mark.parametrize("chain", SHOOTOUT["chain"], ids=lambda chain: chain["label"])
def test_a_chain_follows_the_grammar(chain: dict[str, Any]) -> None:
    order = ["pre", "amp", "loop", "cab", "post"]
    slots = [block["slot"] for block in chain["block"]]
    assert slots == sorted(slots, key=order.index)
    assert slots.count("amp") == 1
    assert slots.count("cab") == 1
    for block in chain["block"]:
        if "gear" in block:
            assert GEAR[block["gear"]]["kind"] == block["slot"]
        else:
            assert block["processor"] in ("gain", "high_pass", "low_pass")
            assert block["parameters"]


@pytest.mark.parametrize("file", DI_FILES)
def test_a_di_sounds_like_a_guitar_and_is_not_clipped(file: str) -> None:
    samples = read_mono(file)
    duration_s = len(samples) / 48_000
    assert 8.0 <= duration_s <= 20.0

    peak_dbfs = 20 * np.log10(np.max(np.abs(samples)))
    assert -10.0 <= peak_dbfs <= -6.0
    assert -32.0 <= level_db(samples) <= -20.0
    assert abs(samples.mean()) < 1e-4

    # Played nearly all the time, over a floor that is very low but not digital silence.
    windows = samples[: len(samples) // 4_800 * 4_800].reshape(-1, 4_800)
    levels_dbfs = np.array([level_db(window) for window in windows])
    assert np.mean(levels_dbfs > -50.0) > 0.85
    assert -100.0 < levels_dbfs.min() < -80.0

    # Body from the strings, some bite from the pick, nothing much where a pickup hears nothing.
    assert band_share_db(samples, 75.0, 1_000.0) > -2.0
    assert band_share_db(samples, 1_000.0, 4_000.0) > -20.0
    assert band_share_db(samples, 10_000.0, 24_000.0) < -45.0
    assert band_share_db(samples, 0.0, 60.0) < -20.0


def test_a1_captures_have_the_keys_and_the_weights_of_their_shape() -> None:
    captures = [read_capture(file) for file in CAPTURE_FILES]
    wavenets = [capture for capture in captures if capture["architecture"] == "WaveNet"]
    assert 13_802 in {len(capture["weights"]) for capture in wavenets}  # A1 standard
    for capture in wavenets:
        assert capture["version"].startswith("0.5.")
        assert capture["sample_rate"] == 48_000
        assert len(capture["weights"]) == num_weights(capture)
        assert capture["weights"][-1] == capture["config"]["head_scale"]


def test_the_a2_capture_is_a_container_of_lite_and_full() -> None:
    captures = [read_capture(file) for file in CAPTURE_FILES]
    containers = [entry for entry in captures if entry["architecture"] == "SlimmableContainer"]
    assert containers
    for container in containers:
        assert container["version"] == "0.7.0"
        assert container["weights"] == []
        assert [entry["max_value"] for entry in container["config"]["submodels"]] == [0.5, 1.0]
        lite, full = submodels(container)
        assert [len(lite["weights"]), len(full["weights"])] == [1_871, 12_146]
        for model, channels in ((lite, 3), (full, 8)):
            (layer,) = model["config"]["layers"]
            assert num_weights(model) == len(model["weights"])
            assert layer["channels"] == channels
            assert layer["kernel_sizes"] == [6] * 14 + [15] * 2 + [6] * 7
            sevens = [1, 3, 7, 17, 41, 101, 239]
            assert layer["dilations"] == [*sevens, *sevens, 1, 13, *sevens]
            assert layer["head"] == {"out_channels": 1, "kernel_size": 16, "bias": True}
            assert layer["activation"][0] == {"type": "LeakyReLU", "negative_slope": 0.01}
        # The container's loudness describes its largest model.
        assert container["metadata"]["loudness"] == full["metadata"]["loudness"]


@pytest.mark.parametrize("file", CAPTURE_FILES)
def test_a_capture_says_what_it_is_and_how_good(file: str) -> None:
    capture = read_capture(file)
    metadata = capture["metadata"]
    assert metadata["gear_type"] == "amp"
    assert metadata["gear_make"] == "GTS Demo"
    assert metadata["name"]
    assert metadata["modeled_by"]
    assert metadata["gear_model"] in {gear["name"] for gear in GEAR.values()}
    assert 0.0 <= metadata["gain"] <= 1.0
    assert -40.0 < metadata["loudness"] < 0.0
    assert 0.0 < metadata["input_level_dbu"] < 25.0
    assert 0.0 < metadata["output_level_dbu"] < 25.0
    assert metadata["training"]["validation_esr"] < MAX_VALIDATION_ESR[metadata["tone_type"]]
    models = submodels(capture) if capture["weights"] == [] else [capture]
    for model in models:
        weights = np.array(model["weights"])
        assert np.all(np.isfinite(weights))
        # Written as float32: reading the file back gives the trained network, bit for bit.
        assert all(float(str(np.float32(weight))) == weight for weight in weights)


def test_the_captures_are_three_voices() -> None:
    tone_types = {read_capture(file)["metadata"]["tone_type"] for file in CAPTURE_FILES}
    assert tone_types == {"clean", "crunch", "hi_gain"}
    compression = {
        metadata["tone_type"]: metadata["gain"]
        for metadata in (read_capture(file)["metadata"] for file in CAPTURE_FILES)
    }
    assert compression["clean"] < compression["crunch"] < compression["hi_gain"]


@pytest.mark.parametrize("file", IR_FILES)
def test_an_ir_is_short_prompt_and_dies_away(file: str) -> None:
    samples = read_mono(file)
    assert 0.02 <= len(samples) / 48_000 <= 0.2
    peak_frame = int(np.argmax(np.abs(samples)))
    assert samples[peak_frame] > 0.5  # right way up
    assert np.max(np.abs(samples)) < 1.0
    assert peak_frame < 48
    assert level_db(samples[-480:]) < level_db(samples) - 80.0
    # A guitar loudspeaker has no treble to speak of, and no sub-bass.
    assert band_share_db(samples, 8_000.0, 24_000.0) < -20.0
    assert band_share_db(samples, 0.0, 40.0) < -15.0


def test_the_cabs_differ_audibly() -> None:
    centers_hz = 100.0 * 2 ** (np.arange(18) / 3)
    spectra = {}
    for file in IR_FILES:
        samples = read_mono(file)
        bands = [
            band_share_db(samples, center_hz / 2 ** (1 / 6), center_hz * 2 ** (1 / 6))
            for center_hz in centers_hz
        ]
        spectra[file] = np.array(bands) - np.mean(bands)
    for one, other in combinations(IR_FILES, 2):
        assert np.mean(np.abs(spectra[one] - spectra[other])) > 1.5
