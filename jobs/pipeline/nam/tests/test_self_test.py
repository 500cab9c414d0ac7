"""Do captures sound as their own files say? With the captures of the demo pack."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from jobs.pipeline.nam.engine import loudness_input, self_test_report
from jobs.pipeline.nam.file import NamFile, parse_nam, read_nam
from jobs.pipeline.tests.shared_data import NAM_VECTORS

CAPTURES = Path(__file__).parents[4] / "shootouts" / "demo" / "captures"


def document(name: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads((CAPTURES / name).read_text())
    return parsed


def parsed(document: dict[str, Any]) -> NamFile:
    return parse_nam(json.dumps(document).encode())


def test_the_loudness_input_is_what_its_readme_says() -> None:
    signal = loudness_input()
    assert signal.shape == (1, 48_000)
    pcm = np.round(signal[0].astype(np.float64) * 2**23).astype("<i4")
    bytes_24 = pcm.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    folder = Path(parse_nam.__code__.co_filename).parent / "data"
    assert hashlib.sha256(bytes_24).hexdigest() in (folder / "README.md").read_text()
    assert "MIT License" in (folder / "LICENSE.neural-amp-modeler").read_text()
    # The trainer's own file, where it is at hand.
    for theirs in NAM_VECTORS.glob("loudness_input.wav"):
        samples, _ = soundfile.read(theirs, dtype="float32", always_2d=True)
        assert np.array_equal(signal, samples.T)


@pytest.mark.parametrize(
    ("name", "num_networks"),
    [("halyard-22-clean.nam", 2), ("bosun-45-crunch.nam", 1), ("tempest-100-lead.nam", 1)],
)
def test_the_demo_captures_pass(name: str, num_networks: int) -> None:
    report = self_test_report(read_nam(CAPTURES / name))
    assert (report["outcome"], report["reason"]) == ("passed", "")
    assert len(report["networks"]) == num_networks
    for network in report["networks"]:
        assert abs(network["difference_db"]) < 0.001
    json.dumps(report, allow_nan=False)


def test_a_container_fails_when_one_of_its_networks_does() -> None:
    altered = document("halyard-22-clean.nam")
    lite = altered["config"]["submodels"][0]["model"]
    lite["metadata"]["loudness"] += 0.02
    report = self_test_report(parsed(altered))
    assert report["outcome"] == "failed"
    assert [network["has_passed"] for network in report["networks"]] == [False, True]
    assert report["networks"][0]["difference_db"] == pytest.approx(-0.02, abs=0.001)


def test_altered_weights_are_found() -> None:
    altered = document("bosun-45-crunch.nam")
    altered["weights"][-1] *= 1.1  # the gain of the head: 20·log10(1.1) dB
    [network] = self_test_report(parsed(altered))["networks"]
    assert network["difference_db"] == pytest.approx(0.828, abs=0.001)
    assert network["has_passed"] is False


def test_a_file_that_says_nothing_is_measured_and_not_judged() -> None:
    altered = document("bosun-45-crunch.nam")
    altered["metadata"]["loudness"] = None
    report = self_test_report(parsed(altered))
    assert report["outcome"] == "not_stated"
    assert report["networks"][0]["measured_db"] == pytest.approx(-8.981, abs=0.001)
    assert report["networks"][0]["has_passed"] is None


def test_what_overflows_fails_and_stays_json() -> None:
    altered = document("bosun-45-crunch.nam")
    altered["weights"][-1] = 3e38
    report = self_test_report(parsed(altered))
    assert report["outcome"] == "failed"
    json.dumps(report, allow_nan=False)


def test_other_architectures_and_costly_networks_are_not_tested() -> None:
    linear = {
        "version": "0.5.4",
        "architecture": "Linear",
        "config": {"receptive_field": 1, "bias": False},
        "weights": [1.0],
        "metadata": {"loudness": 0.0},
    }
    assert self_test_report(parsed(linear))["outcome"] == "not_run"
    report = self_test_report(read_nam(CAPTURES / "bosun-45-crunch.nam"), time_limit_s=0.0)
    assert (report["outcome"], report["networks"]) == ("not_run", [])
