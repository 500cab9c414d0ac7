"""Makes the models beside this file, and what the trainer's own package says they sound like.

Run once, in an environment of its own; GTS itself never needs PyTorch:

    pip install torch==2.13.0 neural-amp-modeler==0.13.0
    python make_models.py

Weights are random (seeded), so nothing here is anybody's capture. ``expected.npz`` holds the input
and, per model, the output after silence, float32, computed in double precision.
"""

# Its imports are in no environment of this project, so there is nothing to check types against:
# mypy: ignore-errors

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from nam.models.factory import init
from nam.models.linear import Linear

HERE = Path(__file__).parent
NUM_FRAMES = 1300
SLIM_SIZES = (0.0, 0.5, 1.0)


def test_input() -> np.ndarray:
    """A decaying chord with some noise, then silence, then a step: loud enough to saturate."""
    t = np.arange(NUM_FRAMES) / 48_000
    chord = sum(np.sin(2 * np.pi * f * t) for f in (110.0, 277.2, 659.3, 4000.0))
    x = 0.4 * chord * np.exp(-t * 60) + 0.02 * np.random.default_rng(7).standard_normal(NUM_FRAMES)
    x[700:900] = 0.0
    x[900:] += 0.6
    return x.astype(np.float32)


def layers(channels: int, dilations: list[int], **more: Any) -> dict[str, Any]:
    return {
        "input_size": 1,
        "condition_size": 1,
        "channels": channels,
        "kernel_size": 3,
        "dilations": dilations,
        "activation": "Tanh",
        "head": {"out_channels": 1, "kernel_size": 1, "bias": True},
        **more,
    }


def head(out_channels: int, kernel_size: int = 1, bias: bool = True) -> dict[str, Any]:
    return {"out_channels": out_channels, "kernel_size": kernel_size, "bias": bias}


def pair(name: str, primary: str, secondary: str) -> dict[str, str]:
    return {"name": name, "primary": primary, "secondary": secondary}


def wavenet(*arrays: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"layers_configs": list(arrays), "head": None, "head_scale": 0.5, **more}


FILM = {"active": True, "shift": True, "groups": 1}
SCALE_ONLY = {"active": True, "shift": False, "groups": 1}

CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "wavenet_two_arrays": (
        "WaveNet",
        wavenet(
            layers(6, [1, 2, 4, 8], head=head(3, bias=False)),
            layers(3, [16, 32, 400], input_size=6, head=head(1)),
        ),
    ),
    "wavenet_gated": (
        "WaveNet",
        wavenet(
            layers(4, [1, 3, 5], activation=pair("PairMultiply", "Tanh", "Sigmoid")),
        ),
    ),
    "wavenet_activations": (
        "WaveNet",
        wavenet(
            layers(
                4,
                [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
                kernel_size=2,
                activation=[
                    "ReLU",
                    {"name": "LeakyReLU", "negative_slope": 0.2},
                    {"name": "PReLU", "num_parameters": 4},
                    "Sigmoid",
                    "SiLU",
                    "Hardswish",
                    "Hardtanh",
                    {"name": "LeakyHardtanh", "min_val": -0.5, "max_val": 0.4, "min_slope": 0.1},
                    "Softsign",
                    {"name": "PReLU", "num_parameters": 1},
                ],
            ),
        ),
    ),
    "wavenet_wide_head": (
        "WaveNet",
        wavenet(
            layers(4, [1, 7], head=head(2, kernel_size=5)),
            layers(
                3,
                [2, 5],
                input_size=4,
                bottleneck=2,
                kernel_sizes=[4, 2],
                head=head(3, kernel_size=3),
            ),
            head={
                "channels": 4,
                "activation": "Tanh",
                "out_channels": 1,
                "kernel_sizes": [3, 2],
            },
        ),
    ),
    "wavenet_options": (
        "WaveNet",
        wavenet(
            layers(
                4,
                [1, 2],
                condition_size=2,
                bottleneck=6,
                groups_input=2,
                groups_input_mixin=2,
                activation=pair("PairMultiply", "SiLU", "Sigmoid"),
                layer_1x1_config={"active": True, "groups": 2},
                head_1x1_config={"active": True, "out_channels": 4, "groups": 2},
                film_params={
                    "conv_pre_film": FILM,
                    "input_mixin_post_film": SCALE_ONLY,
                    "activation_post_film": FILM,
                    "head1x1_post_film": FILM,
                },
                head=head(3, bias=False),
            ),
            layers(
                3,
                [4],
                input_size=4,
                condition_size=2,
                activation=pair("PairBlend", "Tanh", "Sigmoid"),
                film_params={
                    "conv_post_film": FILM,
                    "input_mixin_pre_film": FILM,
                    "activation_pre_film": SCALE_ONLY,
                    # Only here: players modulate at this place in blended layers alone.
                    "layer1x1_post_film": FILM,
                },
            ),
            layers(
                1,
                [3],
                input_size=3,
                condition_size=2,
                layer_1x1_config={"active": False, "groups": 1},
            ),
            condition_dsp={
                "name": "WaveNet",
                "config": wavenet(layers(3, [1, 4], head=head(2))),
            },
        ),
    ),
    "wavenet_slimmable": (
        "WaveNet",
        wavenet(
            layers(
                6,
                [1, 2, 4],
                slimmable={
                    "method": "slice_channels_uniform",
                    "kwargs": {"allowed_channels": [2, 3, 6]},
                },
            ),
        ),
    ),
    "lstm": ("LSTM", {"hidden_size": 5, "num_layers": 2}),
    "convnet": ("ConvNet", {"channels": 5, "dilations": [1, 2, 4, 8], "activation": "Tanh"}),
    "convnet_batchnorm": (
        "ConvNet",
        {"channels": 4, "dilations": [1, 3, 9], "activation": "ReLU", "batchnorm": True},
    ),
    "linear_short": ("Linear", {"receptive_field": 12, "bias": True}),
    "linear_long": ("Linear", {"receptive_field": 300, "bias": False}),
    "container": (
        "PackedWaveNet",
        {
            "submodels": [
                {
                    "name": name,
                    "config": wavenet(
                        layers(
                            channels,
                            [1, 5, 11],
                            kernel_size=4,
                            activation={"name": "LeakyReLU", "negative_slope": 0.01},
                            head=head(1, kernel_size=16),
                        ),
                    ),
                }
                for name, channels in (("lite", 2), ("full", 4))
            ]
        },
    ),
}


def randomise(model: torch.nn.Module) -> None:
    """Livelier than a fresh network, so that mistakes are loud."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "initial" not in name:
                parameter.mul_(1.5).add_(0.1 * torch.randn_like(parameter))
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm1d):
                module.running_mean.normal_(0.0, 0.3)
                module.running_var.uniform_(0.3, 2.0)


def output(model: Any, x: np.ndarray) -> np.ndarray:
    silence = model.receptive_field - 1 if model.receptive_field > 1 else 48_000
    padded = torch.from_numpy(np.concatenate([np.zeros(silence, np.float32), x])).double()
    with torch.no_grad():
        y = deepcopy(model).double()._forward(padded[None])[0]
    return y[-len(x) :].float().numpy()


def make(name: str, kind: str, config: dict[str, Any], x: np.ndarray) -> dict[str, np.ndarray]:
    torch.manual_seed(len(name) * 1000 + sum(map(ord, name)))
    model = init(kind, args=(deepcopy(config) | {"sample_rate": 48_000},))
    if not isinstance(model, Linear):
        randomise(model)
    model.eval()
    if kind == "PackedWaveNet":
        model.apply_mask()
        model.export_container(HERE, basename=name)
        lite, full = (model.extract_submodel(i).eval() for i in range(2))
        outputs = {f"{name}@0.0": output(lite, x), f"{name}@1.0": output(full, x)}
    elif name.endswith("slimmable"):
        model.export(HERE, basename=name)
        outputs = {}
        for size in SLIM_SIZES:
            model._net.set_slimming(size)
            outputs[f"{name}@{size}"] = output(model, x)
    else:
        model.export(HERE, basename=name)
        outputs = {f"{name}@1.0": output(model, x)}
    path = HERE / f"{name}.nam"
    document = tidy(json.loads(path.read_text()))
    if kind == "Linear":
        document["weights"] = present_tap_first(document)
    path.write_text(json.dumps(document, separators=(",", ":")) + "\n")
    return outputs


def present_tap_first(document: dict[str, Any]) -> list[float]:
    """The format's order. This package writes the taps the wrong way round (its issue 696)."""
    num_taps = document["config"]["receptive_field"]
    return document["weights"][:num_taps][::-1] + document["weights"][num_taps:]


def tidy(value: Any) -> Any:
    """Without dates, which make no two runs alike, and digits beyond float32."""
    if isinstance(value, dict):
        return {key: tidy(item) for key, item in value.items() if key != "date"}
    if isinstance(value, list):
        return [tidy(item) for item in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


def main() -> None:
    x = test_input()
    arrays = {"input": x}
    for name, (kind, config) in CONFIGS.items():
        arrays |= make(name, kind, config, x)
    np.savez_compressed(HERE / "expected.npz", **arrays)
    for name, values in arrays.items():
        print(f"{name:28s} peak {np.abs(values).max():8.4f}  spread {values.std():8.4f}")


if __name__ == "__main__":
    main()
