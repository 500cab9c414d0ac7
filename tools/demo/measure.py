"""Play the demo shootout through the reference implementation and print the tables of README.md.

    python measure.py ../../shootouts/demo      (in the environment of train.py)

Deliberately not the engine of GTS: two independent renders should tell the same story.
"""

from __future__ import annotations

import json
import sys
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import amps
import numpy as np
import soundfile
import torch
from nam.models._from_nam import init_from_nam
from numpy.typing import NDArray
from scipy import signal

Array = NDArray[np.float64]

SAMPLE_RATE_HZ = 48_000
PROBE_HZ = 220.0
PROBE_LEVELS_DBFS = (-36, -24, -18, -12, -6)


class Capture:
    """A ``.nam`` file as neural-amp-modeler plays it; a container's largest model."""

    def __init__(self, path: Path) -> None:
        content: dict[str, Any] = json.loads(path.read_text())
        self.metadata = content["metadata"]
        models = content["config"].get("submodels", [{"model": content}])
        self.own_metadata = [entry["model"]["metadata"] for entry in models]
        self.nets = [self._net(entry["model"]) for entry in models]

    @staticmethod
    def _net(model: dict[str, Any]) -> torch.nn.Module:
        config = dict(model["config"])
        config["layers"] = [dict(layer) for layer in config["layers"]]
        for layer in config["layers"]:
            if "head_size" in layer:  # the package no longer reads the 0.5 form itself
                layer.pop("gated")
                layer["head"] = {
                    "out_channels": layer.pop("head_size"),
                    "kernel_size": 1,
                    "bias": layer.pop("head_bias"),
                }
        return init_from_nam({**model, "config": config}).eval()

    @torch.no_grad()
    def play(self, samples: Array, submodel: int = -1) -> Array:
        net = self.nets[submodel]
        played: Array = net(torch.tensor(samples, dtype=torch.float32), pad_start=True).numpy()
        return played.astype(np.float64)


def db(power: float) -> float:
    return 10 * np.log10(power)


def esr(played: Array, wanted: Array) -> float:
    return float(np.sum((played - wanted) ** 2) / np.sum(wanted**2))


def thd_pct(capture: Capture, level_dbfs: float, submodel: int) -> float:
    """Harmonics 2 to 15 of a sine over its fundamental, after it has settled."""
    time_s = np.arange(2 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    sine = 10 ** (level_dbfs / 20) * np.sin(2 * np.pi * PROBE_HZ * time_s)
    spectrum = np.abs(np.fft.rfft(capture.play(sine, submodel)[SAMPLE_RATE_HZ:])) ** 2
    harmonics = [spectrum[round(PROBE_HZ) * order] for order in range(1, 16)]
    return float(100 * np.sqrt(sum(harmonics[1:]) / harmonics[0]))


def band_shares_db(samples: Array) -> list[float]:
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequencies_hz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ)
    edges_hz = (20, 120, 250, 500, 1_000, 2_000, 4_000, 8_000)
    shares = []
    for low_hz, high_hz in pairwise(edges_hz):
        inside = (frequencies_hz >= low_hz) & (frequencies_hz < high_hz)
        shares.append(db(power[inside].sum() / power.sum()))
    return shares


def centroid_hz(samples: Array) -> float:
    amplitude = np.abs(np.fft.rfft(samples))
    return float(np.sum(amplitude * np.fft.rfftfreq(len(samples), 1 / 48_000)) / amplitude.sum())


def dynamic_range_db(samples: Array) -> float:
    """95th over 5th percentile of the RMS in 50 ms windows, the lead-in and the end left out."""
    samples = samples[SAMPLE_RATE_HZ // 2 : -SAMPLE_RATE_HZ]
    windows = samples[: len(samples) // 2_400 * 2_400].reshape(-1, 2_400)
    levels_db = 10 * np.log10(np.mean(windows**2, axis=1) + 1e-12)
    return float(np.subtract(*np.percentile(levels_db, (95, 5))))


def main(pack: Path) -> None:
    shootout = tomllib.loads((pack / "shootout.toml").read_text(encoding="utf-8"))
    gear = {entry["id"]: entry for entry in shootout["gear"]}
    captures = {
        key: Capture(pack / entry["file"]) for key, entry in gear.items() if entry["kind"] == "amp"
    }
    tracks = [(di, soundfile.read(pack / di["file"])[0]) for di in shootout["di"]]

    table_head(
        *("capture", "loudness", "gain", "THD −36", "−24", "−18", "−12", "−6 dBFS"),
        "ESR held out",
        *(f"ESR {di['name']}" for di, _ in tracks),
    )
    for key, capture in captures.items():
        about = capture.metadata
        amp = next(amp for amp in amps.AMPS if amp.model == gear[key]["name"])
        for submodel in range(len(capture.nets)):
            own, training = capture.own_metadata[submodel], about["training"]
            parts = training.get("submodels", [{"label": "", **training}])[submodel]
            staged = [samples * calibration(di, about) for di, samples in tracks]
            errors = [esr(capture.play(x, submodel), amps.play(amp, x)) for x in staged]
            cells = [
                f"{gear[key]['name']} {parts['label']}".strip(),
                f"{own['loudness']:.1f} dB",
                f"{own['gain']:.2f}",
                *(f"{thd_pct(capture, level, submodel):.1f} %" for level in PROBE_LEVELS_DBFS),
                f"{parts['validation_esr']:.5f}",
                *(f"{error:.5f}" for error in errors),
            ]
            print("| " + " | ".join(cells) + " |")

    print()
    table_head(
        *("contender", "DI", "level", "crest", "range", "centroid"),
        "bands 20 120 250 500 1k 2k 4k 8k",
    )
    for chain in shootout["chain"]:
        for di, samples in tracks:
            played = samples
            for block in chain["block"]:
                if block.get("processor") == "gain":
                    played = played * 10 ** (block["parameters"]["gain_db"] / 20)
                elif block.get("processor") == "high_pass":
                    cutoff_hz = block["parameters"]["cutoff_hz"]
                    coefficients = signal.butter(1, cutoff_hz, "highpass", fs=SAMPLE_RATE_HZ)
                    played = signal.lfilter(*coefficients, played)
                elif block["slot"] == "amp":
                    capture = captures[block["gear"]]
                    played = capture.play(played * calibration(di, capture.metadata))
                elif block["slot"] == "cab":
                    response = soundfile.read(pack / gear[block["gear"]]["file"])[0]
                    response = response / np.sqrt(np.sum(response**2))
                    played = signal.fftconvolve(played, response)
            crest_db = 20 * np.log10(np.max(np.abs(played))) - db(np.mean(played**2))
            print(
                f"| {chain['label']} | {di['name']} | {db(np.mean(played**2)):.1f} dBFS "
                f"| {crest_db:.1f} dB | {dynamic_range_db(played):.1f} dB "
                f"| {centroid_hz(played):.0f} Hz "
                f"| {' '.join(f'{share:.0f}' for share in band_shares_db(played))} |"
            )


def table_head(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |")
    print("| " + " | ".join("---" for _ in cells) + " |")


def calibration(di: dict[str, Any], metadata: dict[str, Any]) -> float:
    return float(10 ** ((di["input_level_dbu"] - metadata["input_level_dbu"]) / 20))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
