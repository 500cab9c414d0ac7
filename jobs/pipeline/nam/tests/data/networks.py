"""The networks that ``make_vectors.py`` makes: one table, in the configuration of the trainer.

Each option of the format is in at least one of them; ``test_vectors`` says which one is missing.
"""

# mypy: ignore-errors

from __future__ import annotations

from typing import Any

FILM_PLACES = (
    "conv_pre_film",
    "conv_post_film",
    "input_mixin_pre_film",
    "input_mixin_post_film",
    "activation_pre_film",
    "activation_post_film",
    "layer1x1_post_film",
    "head1x1_post_film",
)
FILM = {"active": True, "shift": True, "groups": 1}
SCALE_ONLY = {"active": True, "shift": False, "groups": 1}
IN_TWO_GROUPS = {"active": True, "shift": True, "groups": 2}

A1_DILATIONS = [2**n for n in range(10)]
A2_KERNELS = [6] * 14 + [15] * 2 + [6] * 7
A2_DILATIONS = [1, 3, 7, 17, 41, 101, 239] * 2 + [1, 13] + [1, 3, 7, 17, 41, 101, 239]


def layers(channels: int, dilations: list[int], **more: Any) -> dict[str, Any]:
    return {
        "input_size": 1,
        "condition_size": 1,
        "channels": channels,
        "kernel_size": 3,
        "dilations": dilations,
        "activation": "Tanh",
        "head": head(1),
        **more,
    }


def head(out_channels: int, kernel_size: int = 1, bias: bool = True) -> dict[str, Any]:
    return {"out_channels": out_channels, "kernel_size": kernel_size, "bias": bias}


def gated(primary: str = "Tanh", secondary: str = "Sigmoid") -> dict[str, str]:
    return {"name": "PairMultiply", "primary": primary, "secondary": secondary}


def blended(primary: str = "Tanh", secondary: str = "Sigmoid") -> dict[str, str]:
    return {"name": "PairBlend", "primary": primary, "secondary": secondary}


def wavenet(*arrays: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"layers_configs": list(arrays), "head": None, "head_scale": 0.5, **more}


def wavenet_condition(*arrays: dict[str, Any], **more: Any) -> dict[str, Any]:
    """For ``condition_dsp``."""
    return {"name": "WaveNet", "config": wavenet(*arrays, **more)}


def submodels(**configs: dict[str, Any]) -> dict[str, Any]:
    """For a container; the package spreads their sizes evenly."""
    return {"submodels": [{"name": name, "config": config} for name, config in configs.items()]}


def a2(channels: int) -> dict[str, Any]:
    return wavenet(
        layers(
            channels,
            A2_DILATIONS,
            kernel_size=A2_KERNELS,
            activation={"name": "LeakyReLU", "negative_slope": 0.01},
            head=head(1, kernel_size=16),
        ),
        head_scale=0.01,
    )


def small_a2(channels: int) -> dict[str, Any]:
    return wavenet(
        layers(
            channels,
            [1, 5, 11],
            kernel_size=4,
            activation={"name": "LeakyReLU", "negative_slope": 0.01},
            head=head(1, kernel_size=16),
        )
    )


# Name: the trainer's class, and its configuration. ``PackedWaveNet`` is written as a container.
NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "wavenet_two_arrays": (
        "WaveNet",
        wavenet(
            layers(6, [1, 2, 4, 8], head=head(3, bias=False)),
            layers(3, [16, 32, 400], input_size=6, head=head(1)),
        ),
    ),
    "wavenet_gated": ("WaveNet", wavenet(layers(4, [1, 3, 5], activation=gated()))),
    "wavenet_gating_by_layer": (
        "WaveNet",
        wavenet(
            layers(
                4,
                [1, 2, 3, 5, 7, 11, 13, 17],
                activation=[
                    gated("ReLU", "Tanh"),
                    blended("Hardswish", "SiLU"),
                    "Sigmoid",
                    blended("Tanh", "Hardtanh"),
                    gated("SiLU", "SteepLeakyReLU"),
                    gated("Sigmoid", "Hardswish"),
                    "Softsign",
                    blended("LeakyReLU", "ReLU"),
                ],
            ),
        ),
    ),
    "wavenet_activations": (
        "WaveNet",
        wavenet(
            layers(
                4,
                [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
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
                    {"name": "LeakyHardtanh", "min_val": -0.2, "max_val": 0.3, "max_slope": 0.2},
                    "Fasttanh",
                    "Tanh",
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
    "wavenet_dilated_head": (
        "WaveNet",
        wavenet(layers(4, [1, 6], activation="SiLU", head=head(1, kernel_size=4))),
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
                activation=gated("SiLU"),
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
                activation=blended(),
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
            condition_dsp=wavenet_condition(layers(3, [1, 4], head=head(2))),
        ),
    ),
    "wavenet_films": (
        "WaveNet",
        wavenet(
            layers(
                4,
                [1, 2],
                condition_size=2,
                activation=blended(),
                head_1x1_config={"active": True, "out_channels": 2, "groups": 1},
                film_params=dict.fromkeys(FILM_PLACES, IN_TWO_GROUPS),
                head=head(3),
            ),
            layers(
                2,
                [5, 9],
                input_size=4,
                condition_size=2,
                activation=blended("SiLU"),
                head_1x1_config={"active": True, "out_channels": 3, "groups": 1},
                film_params=dict.fromkeys(FILM_PLACES, SCALE_ONLY),
            ),
            # Conditioned by a network that is conditioned itself.
            condition_dsp=wavenet_condition(
                layers(2, [1, 3], condition_size=3, head=head(2)),
                condition_dsp=wavenet_condition(layers(3, [1], head=head(3))),
            ),
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
    "wavenet_0_5_0": (
        "WaveNet",
        wavenet(
            layers(4, [1, 2, 4, 8], activation=gated(), head=head(2, bias=False)),
            layers(2, [8, 4, 2, 1], activation=gated(), input_size=4),
        ),
    ),
    "wavenet_0_5_1": (
        "WaveNet",
        wavenet(
            layers(4, [1, 2, 4, 8], activation="ReLU", head=head(2, bias=False)),
            layers(2, [8, 4, 2, 1], activation="ReLU", input_size=4),
        ),
    ),
    "wavenet_0_6_0": (
        "WaveNet",
        wavenet(
            layers(
                4,
                [1, 2, 4],
                bottleneck=2,
                activation=gated("SiLU", "Hardswish"),
                head_1x1_config={"active": True, "out_channels": 3, "groups": 1},
                film_params={"conv_post_film": FILM, "activation_post_film": SCALE_ONLY},
            ),
        ),
    ),
    "a1_standard": (
        "WaveNet",
        wavenet(
            layers(16, A1_DILATIONS, head=head(8, bias=False)),
            layers(8, A1_DILATIONS, input_size=16),
            head_scale=0.02,
        ),
    ),
    "condition_convnet": ("WaveNet", wavenet(layers(3, [1, 4, 6], condition_size=2))),
    "condition_linear": ("WaveNet", wavenet(layers(3, [1, 4, 6]))),
    "condition_lstm": ("WaveNet", wavenet(layers(3, [1, 4, 6], condition_size=2))),
    "lstm": ("LSTM", {"hidden_size": 5, "num_layers": 2, "sample_rate": 16_000}),
    "lstm_trained": ("LSTM", {"hidden_size": 8, "num_layers": 1}),
    "convnet": ("ConvNet", {"channels": 5, "dilations": [1, 2, 4, 8], "activation": "Tanh"}),
    "convnet_batchnorm": (
        "ConvNet",
        {"channels": 4, "dilations": [1, 3, 9], "activation": "ReLU", "batchnorm": True},
    ),
    "convnet_trained": (
        "ConvNet",
        {
            "channels": 8,
            "dilations": [2**n for n in range(10)],
            "activation": {"name": "LeakyReLU", "negative_slope": 0.2},
            "batchnorm": True,
        },
    ),
    "linear_short": ("Linear", {"receptive_field": 12, "bias": True}),
    "linear_long": ("Linear", {"receptive_field": 300, "bias": False}),
    "linear_trained": ("Linear", {"receptive_field": 256, "bias": True}),
    "container": ("PackedWaveNet", submodels(lite=small_a2(2), full=small_a2(4))),
    "a2": ("PackedWaveNet", submodels(lite=a2(3), full=a2(8))),
}

# What conditions the networks above, where it is none of the trainer's ``condition_dsp``: the
# package runs it, the script hands its output on. (class, configuration, outputs)
CONDITIONS: dict[str, tuple[str, dict[str, Any], int]] = {
    "condition_convnet": ("ConvNet", {"channels": 3, "dilations": [1, 2], "batchnorm": True}, 2),
    "condition_linear": ("Linear", {"receptive_field": 9, "bias": True}, 1),
    "condition_lstm": ("LSTM", {"hidden_size": 3, "num_layers": 1}, 2),
}

# The dilation of a head's kernel, which the package does not have.
HEAD_DILATION = {"wavenet_dilated_head": 3}

# Written as this version of the format; all others as the package's own, 0.7.0.
VERSIONS = {
    "wavenet_0_5_0": "0.5.0",
    "wavenet_0_5_1": "0.5.1",
    "lstm": "0.5.2",
    "convnet": "0.5.2",
    "convnet_batchnorm": "0.5.3",
    "lstm_trained": "0.5.3",
    "linear_short": "0.5.4",
    "a1_standard": "0.5.4",
    "wavenet_0_6_0": "0.6.0",
}

# Trained for so many steps; see ``training``.
TRAINED = {"lstm_trained": 800, "convnet_trained": 800, "linear_trained": 300}

# As deep as real ones and not bounded by Tanh: livelier weights, as the others get, overflow.
AS_INITIALISED = {"a2"}

# Where the default slim sizes do not do.
SLIM_SIZES = {"wavenet_slimmable": (0.0, 0.5, 1.0), "container": (0.0, 1.0), "a2": (0.0, 1.0)}
