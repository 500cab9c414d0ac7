"""Reading a WaveNet's ``config``: every spelling of versions 0.5.0 to 0.7.0.

Versions differ in spelling more than in meaning: ``kernel_size`` or ``kernel_sizes``,
``head_size`` and ``head_bias`` or a ``head`` object, ``gated`` or ``gating_mode``, one activation
or a list. What was added later is optional and off by default.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from jobs.pipeline.nam.document import (
    MAX_CHANNELS,
    MAX_DILATION,
    MAX_KERNEL,
    MAX_LAYER_ARRAYS,
    MAX_LAYERS,
    Fields,
    invalid,
)
from jobs.pipeline.nam.network import ConvShape
from jobs.pipeline.nam.program import Activation, parse_activation
from jobs.pipeline.nam.wavenet.config import (
    FILM_PLACES,
    Condition,
    FilmConfig,
    GatingMode,
    LayerArrayConfig,
    LayerConfig,
    PostHeadConfig,
    WaveNetConfig,
)

_SLIMMABLE_METHOD = "slice_channels_uniform"


def parse_wavenet(
    config: Fields, parse_condition: Callable[[Fields], Condition], warnings: list[str]
) -> WaveNetConfig:
    """Read a WaveNet ``config``. ``parse_condition`` reads a whole model, for ``condition_dsp``.

    What a user should know is added to ``warnings``. Raises ``PipelineError`` NAM_INVALID.
    """
    if config.integer("in_channels", 1, MAX_CHANNELS, default=1) != 1:
        invalid(config.path("in_channels"), "1: GTS runs mono captures only")
    condition = None
    if config.has("condition_dsp"):
        condition = parse_condition(config.fields("condition_dsp"))
    arrays = tuple(
        _parse_array(Fields(entry, f"{config.path('layers')}[{i}]"))
        for i, entry in enumerate(config.items("layers", MAX_LAYER_ARRAYS))
    )
    if sum(len(array.layers) for array in arrays) > MAX_LAYERS:
        invalid(config.path("layers"), f"at most {MAX_LAYERS} layers in all")
    if any(
        "layer1x1_post_film" in array.films and layer.gating != "blended"
        for array in arrays
        for layer in array.layers
    ):
        warnings.append(
            "The capture modulates after layer1x1 without blending, where players differ."
        )
    post_head = None
    if config.has("head"):
        post_head = _parse_post_head(config.fields("head"), arrays[-1].head_size)
    _check_chain(config, arrays, condition.config.num_outputs if condition else 1)
    if post_head:
        arrays = tuple(_without_slimming(array) for array in arrays)
    return WaveNetConfig(arrays, post_head, condition)


def _check_chain(config: Fields, arrays: tuple[LayerArrayConfig, ...], condition_size: int) -> None:
    """What one array hands on must be what the next one takes."""
    for i, array in enumerate(arrays):
        where = f"{config.path('layers')}[{i}]"
        inputs = arrays[i - 1].channels if i else 1
        if array.input_size != inputs:
            invalid(f"{where}.input_size", f"{inputs}, what comes before it", array.input_size)
        if array.condition_size != condition_size:
            invalid(
                f"{where}.condition_size",
                f"{condition_size}, the width of the condition",
                array.condition_size,
            )
        if i and arrays[i - 1].head_size != array.head_inputs:
            invalid(
                f"{where}",
                f"as wide at its head ({array.head_inputs}) as the array before it gives out",
                arrays[i - 1].head_size,
            )


def _parse_array(array: Fields) -> LayerArrayConfig:
    channels = array.integer("channels", 1, MAX_CHANNELS)
    bottleneck = array.integer("bottleneck", 1, MAX_CHANNELS, default=channels)
    condition_size = array.integer("condition_size", 1, MAX_CHANNELS)
    groups_input = array.integer("groups_input", 1, MAX_CHANNELS, default=1)
    groups_mixin = array.integer("groups_input_mixin", 1, MAX_CHANNELS, default=1)
    head_size, head_kernel, head_dilation, has_head_bias = _parse_array_head(array)

    layer1x1_groups = 1
    if array.has("layer1x1"):
        part = array.fields("layer1x1")
        layer1x1_groups = (
            part.integer("groups", 1, MAX_CHANNELS, default=1) if part.boolean("active") else 0
        )
    if not layer1x1_groups and bottleneck != channels:
        invalid(array.path("bottleneck"), f"{channels} when layer1x1 is off", bottleneck)
    head1x1_outputs, head1x1_groups = 0, 1
    if array.has("head1x1"):
        part = array.fields("head1x1")
        if part.boolean("active"):
            head1x1_outputs = part.integer("out_channels", 1, MAX_CHANNELS)
            head1x1_groups = part.integer("groups", 1, MAX_CHANNELS, default=1)

    parsed = LayerArrayConfig(
        input_size=array.integer("input_size", 1, MAX_CHANNELS),
        condition_size=condition_size,
        channels=channels,
        bottleneck=bottleneck,
        layers=_parse_layers(array, bottleneck),
        head_size=head_size,
        head_kernel=head_kernel,
        head_dilation=head_dilation,
        has_head_bias=has_head_bias,
        groups_input=groups_input,
        groups_mixin=groups_mixin,
        layer1x1_groups=layer1x1_groups,
        head1x1_outputs=head1x1_outputs,
        head1x1_groups=head1x1_groups,
        films=_parse_films(array, bool(layer1x1_groups), bool(head1x1_outputs)),
        allowed_channels=_parse_allowed_channels(array, channels),
    )
    for shape in parsed.shapes():
        if shape.num_inputs % shape.groups or shape.num_outputs % shape.groups:
            invalid(
                array.where,
                f"divisible into groups: {shape.num_inputs} inputs and "
                f"{shape.num_outputs} outputs by {shape.groups}",
            )
    if parsed.allowed_channels and any(shape.groups > 1 for shape in parsed.shapes()):
        return _without_slimming(parsed)
    return parsed


def _parse_array_head(array: Fields) -> tuple[int, int, int, bool]:
    """Outputs, kernel, dilation and bias of the convolution after the summed head."""
    if array.has("head"):
        head = array.fields("head")
        return (
            head.integer("out_channels", 1, MAX_CHANNELS),
            head.integer("kernel_size", 1, MAX_KERNEL),
            head.integer("head_dilation", 1, MAX_DILATION, default=1),
            head.boolean("bias"),
        )
    return array.integer("head_size", 1, MAX_CHANNELS), 1, 1, array.boolean("head_bias")


def _parse_layers(array: Fields, bottleneck: int) -> tuple[LayerConfig, ...]:
    dilations = array.integers("dilations", 1, MAX_DILATION, MAX_LAYERS)
    count = len(dilations)
    if array.has("kernel_sizes") and array.has("kernel_size"):
        invalid(array.path("kernel_sizes"), "left out when kernel_size is given")
    if array.has("kernel_sizes"):
        kernels = array.integers("kernel_sizes", 1, MAX_KERNEL, MAX_LAYERS)
    else:
        kernels = (array.integer("kernel_size", 1, MAX_KERNEL),) * count
    if len(kernels) != count:
        invalid(array.path("kernel_sizes"), f"a list of {count}, like dilations", list(kernels))

    where = array.path("activation")
    activations = [
        parse_activation(value, where) for value in _per_layer(array, "activation", count)
    ]
    gatings = _parse_gatings(array, count)
    secondaries: list[Activation] = []
    for gating, value in zip(
        gatings, _per_layer(array, "secondary_activation", count, default="Sigmoid"), strict=True
    ):
        # Where nothing gates, writers put null, "" or anything; it is not looked at.
        used = gating != "none" and value is not None
        secondary = "Sigmoid" if not used else value
        secondaries.append(parse_activation(secondary, array.path("secondary_activation")))
    for activation in (*activations, *secondaries):
        activation.check_channels(bottleneck, where)
    return tuple(
        LayerConfig(*layer)
        for layer in zip(kernels, dilations, activations, gatings, secondaries, strict=True)
    )


def _per_layer(array: Fields, key: str, count: int, default: object = None) -> list[object]:
    """A field that is either one value for all layers or a list of one per layer."""
    if not array.has(key) and default is not None:
        return [default] * count
    value = array.require(key)
    if not isinstance(value, list):
        return [value] * count
    if len(value) != count:
        invalid(array.path(key), f"a list of {count}, like dilations", value)
    return value


def _parse_gatings(array: Fields, count: int) -> list[GatingMode]:
    if not array.has("gating_mode"):
        return ["gated" if array.boolean("gated", default=False) else "none"] * count
    modes = _per_layer(array, "gating_mode", count)
    for mode in modes:
        if mode not in ("none", "gated", "blended"):
            invalid(array.path("gating_mode"), "none, gated or blended", mode)
    return cast(list[GatingMode], modes)


def _parse_films(array: Fields, has_layer1x1: bool, has_head1x1: bool) -> dict[str, FilmConfig]:
    films = {}
    for place in FILM_PLACES:
        if not array.has(place) or array.get(place) is False:
            continue
        film = array.fields(place)
        if not film.boolean("active", default=True):
            continue
        if (place == "layer1x1_post_film" and not has_layer1x1) or (
            place == "head1x1_post_film" and not has_head1x1
        ):
            invalid(array.path(place), "off when there is nothing before it")
        films[place] = FilmConfig(
            film.boolean("shift", default=True), film.integer("groups", 1, MAX_CHANNELS, default=1)
        )
    return films


def _parse_allowed_channels(array: Fields, channels: int) -> tuple[int, ...]:
    if not array.has("slimmable"):
        return ()
    slimmable = array.fields("slimmable")
    if not slimmable.has("method"):
        return ()
    if slimmable.string("method") != _SLIMMABLE_METHOD:
        invalid(slimmable.path("method"), _SLIMMABLE_METHOD, slimmable.get("method"))
    if not slimmable.has("kwargs") or not slimmable.fields("kwargs").has("allowed_channels"):
        return tuple(range(1, channels + 1))
    kwargs = slimmable.fields("kwargs")
    allowed = kwargs.integers("allowed_channels", 1, channels, MAX_CHANNELS)
    if list(allowed) != sorted(set(allowed)) or allowed[-1] != channels:
        invalid(
            kwargs.path("allowed_channels"), f"ascending and end with {channels}", list(allowed)
        )
    return allowed


def _without_slimming(array: LayerArrayConfig) -> LayerArrayConfig:
    """Groups and a head after the head cannot be cut; such a network always runs whole."""
    return replace(array, allowed_channels=())


def _parse_post_head(head: Fields, num_inputs: int) -> PostHeadConfig:
    if head.integer("in_channels", 1, MAX_CHANNELS, default=num_inputs) != num_inputs:
        invalid(head.path("in_channels"), f"{num_inputs}, the width of the last array's head")
    channels = head.integer("channels", 1, MAX_CHANNELS)
    num_outputs = head.integer("out_channels", 1, MAX_CHANNELS)
    kernels = head.integers("kernel_sizes", 1, MAX_KERNEL, MAX_LAYERS)
    activation = parse_activation(head.require("activation"), head.path("activation"))
    shapes = []
    for i, kernel in enumerate(kernels):
        outputs = num_outputs if i == len(kernels) - 1 else channels
        activation.check_channels(num_inputs, head.path("activation"))
        shapes.append(ConvShape(outputs, num_inputs, kernel))
        num_inputs = outputs
    return PostHeadConfig(activation, tuple(shapes))
