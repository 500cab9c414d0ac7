"""Train one demo capture on its simulated amp and write the ``.nam`` file.

    pip install torch==2.13.0        # first, so that the next line adds no GPU build
    pip install neural-amp-modeler==0.13.0 scipy soundfile
    python train.py clean|crunch|high_gain WORK_FOLDER CAPTURES_FOLDER [--steps N]

The networks are those of neural-amp-modeler (MIT); the loop here is ours, made for one CPU
thread. WORK_FOLDER holds checkpoints: a stopped run goes on where it was. The capture is written
again at every validation, so an early one is a usable one. Not needed by GTS at run time.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import amps
import numpy as np
import torch
from nam.models.wavenet import WaveNet
from training_signal import training_signal

SAMPLE_RATE_HZ = 48_000
BATCH = 2
SEGMENT_FRAMES = 16_384
LEARNING_RATE = 4e-3
FINAL_LEARNING_RATE = 4e-5
WARM_UP_STEPS = 100
VALIDATE_EVERY = 250
AVERAGING = 0.998
PRE_EMPHASIS = 0.85
# Networks train best near -18 dBFS; the factor goes into head_scale afterwards, exactly.
TRAINING_RMS = 10 ** (-18 / 20)

A1_STANDARD = ((16, 8, [2**n for n in range(10)]), (8, 1, [2**n for n in range(10)]))
A1_LITE = (
    (12, 6, [2**n for n in range(7)]),
    (6, 1, [128, 256, 512] + [2**n for n in range(10)]),
)
A2_KERNELS = [6] * 14 + [15] * 2 + [6] * 7
A2_DILATIONS = [1, 3, 7, 17, 41, 101, 239] * 2 + [1, 13] + [1, 3, 7, 17, 41, 101, 239]


@dataclass(frozen=True)
class Part:
    """One network to train: a whole A1 capture, or one submodel of an A2 container."""

    label: str
    arrays: tuple[tuple[int, int, list[int]], ...] = ()
    a2_channels: int = 0
    max_value: float = 1.0
    steps: int = 6_000


@dataclass(frozen=True)
class Trained:
    """A part after training: its JSON object and how well it did."""

    part: Part
    model: dict[str, Any]
    validation_esr: float
    steps: int


CAPTURES = {
    "clean": (
        Part("A2 Lite", a2_channels=3, max_value=0.5, steps=3_500),
        Part("A2 Full", a2_channels=8, steps=4_000),
    ),
    "crunch": (Part("A1 lite", A1_LITE, steps=6_500),),
    "high_gain": (Part("A1 standard", A1_STANDARD, steps=8_000),),
}
FILE_NAMES = {
    "clean": "halyard-22-clean",
    "crunch": "bosun-45-crunch",
    "high_gain": "tempest-100-lead",
}


def build(part: Part) -> WaveNet:
    """A fresh network of the part's architecture."""
    if part.a2_channels:
        layers = [
            {
                "input_size": 1,
                "condition_size": 1,
                "channels": part.a2_channels,
                "kernel_size": A2_KERNELS,
                "dilations": A2_DILATIONS,
                "activation": "LeakyReLU",
                "head": {"out_channels": 1, "kernel_size": 16, "bias": True},
            }
        ]
        head_scale = 0.01
    else:
        layers = [
            {
                "input_size": 1 if index == 0 else part.arrays[index - 1][0],
                "condition_size": 1,
                "channels": channels,
                "kernel_size": 3,
                "dilations": dilations,
                "activation": "Tanh",
                "head": {"out_channels": head, "kernel_size": 1, "bias": head == 1},
            }
            for index, (channels, head, dilations) in enumerate(part.arrays)
        ]
        head_scale = 0.02
    return WaveNet.init_from_config(
        {
            "layers_configs": layers,
            "head": None,
            "head_scale": head_scale,
            "sample_rate": SAMPLE_RATE_HZ,
        }
    )


class Trainer:
    """Adam with a cosine schedule on random segments; keeps a running average of the weights."""

    def __init__(self, part: Part, data: dict[str, torch.Tensor], seed: int, steps: int) -> None:
        torch.manual_seed(seed)
        self.part, self.data, self.steps = part, data, steps
        self.net = build(part)
        self.average = copy.deepcopy(self.net)
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=LEARNING_RATE)
        self.random = torch.Generator().manual_seed(seed)
        self.step = 0

    def run(self, checkpoint: Path) -> Iterator[float]:
        """Train to the last step; now and then save a checkpoint and yield the validation ESR."""
        if checkpoint.exists():
            self.load(torch.load(checkpoint, weights_only=False))
        began = time.monotonic()
        if self.step >= self.steps:
            yield self.validation_esr()
        while self.step < self.steps:
            self.one_step()
            if self.step % VALIDATE_EVERY == 0 or self.step == self.steps:
                error = self.validation_esr()
                minutes = (time.monotonic() - began) / 60
                print(
                    f"{self.part.label} {self.step}/{self.steps} ESR {error:.5f} {minutes:.1f} min",
                    flush=True,
                )
                torch.save(self.state(), checkpoint)
                yield error

    def one_step(self) -> None:
        field = self.net.receptive_field
        x, y = self.data["x"], self.data["y"]
        starts = torch.randint(
            field - 1, len(x) - SEGMENT_FRAMES, (BATCH,), generator=self.random
        ).tolist()
        inputs = torch.stack([x[s - field + 1 : s + SEGMENT_FRAMES] for s in starts])
        targets = torch.stack([y[s : s + SEGMENT_FRAMES] for s in starts])
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        loss = self.loss(self.net(inputs, pad_start=False), targets)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        keep = min(AVERAGING, self.step / (self.step + 10))
        with torch.no_grad():
            pairs = zip(self.average.parameters(), self.net.parameters(), strict=True)
            for mean, now in pairs:
                mean.lerp_(now, 1 - keep)

    def loss(self, predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Error to signal per segment, plain and pre-emphasised; the floor spares near-silence."""
        total = torch.zeros(())
        for emphasis, weight in ((0.0, 1.0), (PRE_EMPHASIS, 0.5)):
            wanted = target[:, 1:] - emphasis * target[:, :-1]
            error = wanted - (predicted[:, 1:] - emphasis * predicted[:, :-1])
            power = wanted.square().mean(dim=1)
            floor = 0.05 * self.data["power"] * (1.0 - emphasis)
            total = total + weight * (error.square().mean(dim=1) / (power + floor)).mean()
        return total

    def learning_rate(self) -> float:
        if self.step < WARM_UP_STEPS:
            return LEARNING_RATE * (self.step + 1) / WARM_UP_STEPS
        done = (self.step - WARM_UP_STEPS) / max(1, self.steps - WARM_UP_STEPS)
        cosine = 0.5 + 0.5 * math.cos(math.pi * done)
        return FINAL_LEARNING_RATE + (LEARNING_RATE - FINAL_LEARNING_RATE) * cosine

    @torch.no_grad()
    def validation_esr(self) -> float:
        """Error to signal over the whole held-out part, as in NAM: sum of squares over sum."""
        x, y = self.data["x_validation"], self.data["y_validation"]
        predicted = self.average(x, pad_start=True)
        return float((predicted - y).square().sum() / y.square().sum())

    def state(self) -> dict[str, Any]:
        return {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "random": self.random.get_state(),
            "step": self.step,
        }

    def load(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.random.set_state(state["random"])
        self.step = state["step"]


def export(part: Part, trained: WaveNet, scale: float) -> dict[str, Any]:
    """One network as the JSON object of a ``.nam`` file, its own metadata in it.

    ``scale`` undoes the training level. A1 is written as 0.5.4, the form every player reads;
    A2 submodels as 0.7.0.
    """
    net = build(part)
    weights = trained._export_weights().astype(np.float32)
    weights[-1] = np.float32(weights[-1] * scale)
    net._net._head_scale = float(weights[-1])
    net.import_weights(torch.from_numpy(weights.copy()))
    net.eval()
    with torch.no_grad():
        model = net._get_export_dict()
    model["config"]["head_scale"] = _shortest(weights[-1])
    if not part.a2_channels:
        model["version"] = "0.5.4"
        model["config"]["layers"] = [
            {
                "input_size": 1 if index == 0 else part.arrays[index - 1][0],
                "condition_size": 1,
                "head_size": head,
                "channels": channels,
                "kernel_size": 3,
                "dilations": dilations,
                "activation": "Tanh",
                "gated": False,
                "head_bias": head == 1,
            }
            for index, (channels, head, dilations) in enumerate(part.arrays)
        ]
    model["weights"] = [_shortest(weight) for weight in weights]
    model["sample_rate"] = SAMPLE_RATE_HZ
    return model


def _shortest(value: np.float32) -> float:
    """The shortest decimal that reads back as the same float32: half the file size."""
    return float(str(np.float32(value)))


def write_capture(amp: amps.Amp, trained: list[Trained], to: Path) -> None:
    """Write the file: the model itself, or the container of several. Replaces it whole."""
    best = trained[-1]
    model = best.model
    if best.part.a2_channels:
        model = {
            "version": "0.7.0",
            "metadata": dict(model["metadata"]),
            "architecture": "SlimmableContainer",
            "config": {
                "submodels": [
                    {"max_value": one.part.max_value, "model": one.model} for one in trained
                ]
            },
            "weights": [],
            "sample_rate": SAMPLE_RATE_HZ,
        }
    training: dict[str, Any] = {
        "validation_esr": round(best.validation_esr, 6),
        "steps": best.steps,
        "source": "simulated amplifier, tools/demo/amps.py",
    }
    if len(trained) > 1:
        training["submodels"] = [
            {
                "label": one.part.label,
                "validation_esr": round(one.validation_esr, 6),
                "steps": one.steps,
            }
            for one in trained
        ]
    model["metadata"] = {
        **model["metadata"],
        "name": f"GTS Demo {amp.model}",
        "modeled_by": "the GTS project",
        "gear_type": "amp",
        "gear_make": "GTS Demo",
        "gear_model": amp.model,
        "tone_type": amp.tone_type,
        "input_level_dbu": amps.INPUT_LEVEL_DBU,
        "output_level_dbu": amps.OUTPUT_LEVEL_DBU,
        "training": training,
    }
    temporary = to.with_suffix(".part")
    temporary.write_text(json.dumps(model, separators=(",", ":"), allow_nan=False) + "\n")
    temporary.replace(to)


def prepare(amp: amps.Amp) -> tuple[dict[str, torch.Tensor], float]:
    """Input and target at the training level, and the factor back to the amp's own level."""
    train, validation = training_signal()
    target, target_validation = amps.play(amp, train), amps.play(amp, validation)
    scale = float(np.std(target)) / TRAINING_RMS
    data = {
        "x": torch.tensor(train, dtype=torch.float32),
        "y": torch.tensor(target / scale, dtype=torch.float32),
        "x_validation": torch.tensor(validation, dtype=torch.float32),
        "y_validation": torch.tensor(target_validation / scale, dtype=torch.float32),
        "power": torch.tensor(TRAINING_RMS**2),
    }
    return data, scale


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("capture", choices=sorted(CAPTURES))
    parser.add_argument("work", type=Path)
    parser.add_argument("captures", type=Path)
    parser.add_argument("--steps", type=int, help="instead of each part's own number")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    key: str = arguments.capture
    amp = next(amp for amp in amps.AMPS if amp.key == key)
    data, scale = prepare(amp)
    finished: list[Trained] = []
    for part in CAPTURES[key]:
        trainer = Trainer(part, data, seed=7, steps=arguments.steps or part.steps)
        checkpoint = arguments.work / f"{key}-{part.label.lower().replace(' ', '-')}.pt"
        for error in trainer.run(checkpoint):
            newest = Trained(part, export(part, trainer.average, scale), error, trainer.step)
            if len(finished) + 1 == len(CAPTURES[key]):
                file = arguments.captures / f"{FILE_NAMES[key]}.nam"
                write_capture(amp, [*finished, newest], file)
        finished.append(newest)


if __name__ == "__main__":
    main()
