"""What a WaveNet is made of, as checked data, and how many weights that takes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from jobs.pipeline.nam.network import ConvShape, ModelConfig, num_buffer_floats
from jobs.pipeline.nam.program import Activation
from jobs.pipeline.signal.samples import FloatArray

GatingMode: TypeAlias = Literal["none", "gated", "blended"]

# Places in a layer where the condition may modulate the signal, in the order of their weights.
FILM_PLACES: Final = (
    "conv_pre_film",
    "conv_post_film",
    "input_mixin_pre_film",
    "input_mixin_post_film",
    "activation_pre_film",
    "activation_post_film",
    "layer1x1_post_film",
    "head1x1_post_film",
)


@dataclass(frozen=True, slots=True)
class FilmConfig:
    """Feature-wise modulation: x·scale(c), plus shift(c) if ``has_shift``."""

    has_shift: bool
    groups: int


@dataclass(frozen=True, slots=True)
class LayerConfig:
    """What differs from layer to layer of an array."""

    kernel: int
    dilation: int
    activation: Activation
    gating: GatingMode
    secondary: Activation

    @property
    def lookback(self) -> int:
        return (self.kernel - 1) * self.dilation


@dataclass(frozen=True, slots=True)
class LayerArrayConfig:
    """An array of layers of one width.

    ``layer1x1_groups`` and ``head1x1_outputs`` are 0 where that part is switched off.
    ``allowed_channels``: the widths a slimmable array can be cut to, ascending; empty if none.
    """

    input_size: int
    condition_size: int
    channels: int
    bottleneck: int
    layers: tuple[LayerConfig, ...]
    head_size: int
    head_kernel: int
    head_dilation: int
    has_head_bias: bool
    groups_input: int
    groups_mixin: int
    layer1x1_groups: int
    head1x1_outputs: int
    head1x1_groups: int
    films: dict[str, FilmConfig]
    allowed_channels: tuple[int, ...] = ()

    @property
    def head_inputs(self) -> int:
        """Channels each layer adds to the head."""
        return self.head1x1_outputs or self.bottleneck

    @property
    def lookback(self) -> int:
        return sum(layer.lookback for layer in self.layers) + self.head_lookback

    @property
    def head_lookback(self) -> int:
        return (self.head_kernel - 1) * self.head_dilation

    def width_at(self, slim_size: float) -> int:
        """Channels at a slim size 0..1: of n allowed widths number ⌊slim_size·n⌋, or the last."""
        widths = self.allowed_channels or (self.channels,)
        return widths[min(math.floor(slim_size * len(widths)), len(widths) - 1)]

    def widest(self, layer: LayerConfig) -> int:
        """Channels before the activation: twice the bottleneck where a second half gates it."""
        return self.bottleneck if layer.gating == "none" else 2 * self.bottleneck

    def film_channels(self, place: str, layer: LayerConfig) -> int:
        """Channels of the signal that is modulated at ``place``."""
        if place in ("conv_pre_film", "layer1x1_post_film"):
            return self.channels
        if place == "input_mixin_pre_film":
            return self.condition_size
        if place == "activation_post_film":
            return self.bottleneck
        if place == "head1x1_post_film":
            return self.head1x1_outputs
        return self.widest(layer)

    def layer_shapes(self, layer: LayerConfig) -> Iterator[tuple[str, ConvShape]]:
        """A layer's convolutions by name, in file order."""
        wide = self.widest(layer)
        yield "conv", ConvShape(wide, self.channels, layer.kernel, self.groups_input)
        yield (
            "input_mixin",
            ConvShape(wide, self.condition_size, groups=self.groups_mixin, has_bias=False),
        )
        if self.layer1x1_groups:
            groups = self.layer1x1_groups
            yield "layer1x1", ConvShape(self.channels, self.bottleneck, groups=groups)
        if self.head1x1_outputs:
            groups = self.head1x1_groups
            yield "head1x1", ConvShape(self.head1x1_outputs, self.bottleneck, groups=groups)
        for place, film in self.films.items():
            outputs = self.film_channels(place, layer) * (2 if film.has_shift else 1)
            yield place, ConvShape(outputs, self.condition_size, groups=film.groups)

    def rechannel_shape(self) -> ConvShape:
        return ConvShape(self.channels, self.input_size, has_bias=False)

    def head_shape(self) -> ConvShape:
        return ConvShape(
            self.head_size, self.head_inputs, self.head_kernel, has_bias=self.has_head_bias
        )

    def shapes(self) -> Iterator[ConvShape]:
        """Every convolution of the array, in file order."""
        yield self.rechannel_shape()
        for layer in self.layers:
            yield from (shape for _, shape in self.layer_shapes(layer))
        yield self.head_shape()


@dataclass(frozen=True, slots=True)
class PostHeadConfig:
    """Activation and convolution, one pair per shape, after the last array's head."""

    activation: Activation
    shapes: tuple[ConvShape, ...]

    @property
    def lookback(self) -> int:
        return sum(shape.kernel - 1 for shape in self.shapes)


@dataclass(frozen=True, slots=True)
class Condition:
    """A network of its own whose output conditions the layers in place of the input."""

    config: ModelConfig
    weights: FloatArray


@dataclass(frozen=True, slots=True)
class WaveNetConfig:
    arrays: tuple[LayerArrayConfig, ...]
    post_head: PostHeadConfig | None = None
    condition: Condition | None = None

    def shapes(self) -> Iterator[ConvShape]:
        for array in self.arrays:
            yield from array.shapes()
        if self.post_head:
            yield from self.post_head.shapes

    @property
    def num_weights(self) -> int:
        """Of this network alone; the last one is the head's scale."""
        return sum(shape.num_weights for shape in self.shapes()) + 1

    @property
    def num_outputs(self) -> int:
        return (
            self.post_head.shapes[-1].num_outputs if self.post_head else self.arrays[-1].head_size
        )

    @property
    def label(self) -> str:
        return self.label_within(self)

    def label_within(self, full: WaveNetConfig) -> str:
        """ "A2 Full (8 channels)"; "WaveNet (2 of 3 channels)" when cut from a wider one."""
        channels, whole = self.arrays[0].channels, full.arrays[0].channels
        share = f"{channels}" if channels == whole else f"{channels} of {whole}"
        return f"{_name(full)} ({share} {'channel' if whole == 1 else 'channels'})"

    @property
    def receptive_field_frames(self) -> int:
        total = 1 + sum(array.lookback for array in self.arrays)
        if self.post_head:
            total += self.post_head.lookback
        if self.condition:
            total += self.condition.config.receptive_field_frames - 1
        return total

    @property
    def num_engine_floats(self) -> int:
        own = 2 * sum(shape.num_dense for shape in self.shapes())
        return own + (self.condition.config.num_engine_floats if self.condition else 0)

    @property
    def num_state_floats(self) -> int:
        total = self.condition.config.num_state_floats if self.condition else 0
        widest = gathered = 0
        for array in self.arrays:
            wide = max(array.widest(layer) for layer in array.layers)
            widest = max(
                widest, wide, array.channels, array.condition_size, array.head_inputs,
                array.head_size,
            )  # fmt: skip
            gathered = max(gathered, array.head_inputs * array.head_kernel)
            for layer in array.layers:
                lines = 2 if "conv_pre_film" in array.films else 1
                total += lines * num_buffer_floats(array.channels, layer.lookback)
                taps = array.channels * layer.kernel + array.condition_size
                gathered = max(gathered, taps)
            # What the last layer hands on, the head, and what becomes of it.
            total += num_buffer_floats(array.channels) + num_buffer_floats(array.head_size)
            total += num_buffer_floats(array.head_inputs, array.head_lookback)
        for shape in self.post_head.shapes if self.post_head else ():
            gathered = max(gathered, shape.num_inputs * shape.kernel)
            widest = max(widest, shape.num_inputs)
            total += num_buffer_floats(shape.num_inputs, shape.kernel - 1)
            total += num_buffer_floats(shape.num_outputs)
        # Work that all layers share, and what NumPy gathers for a product.
        return total + 12 * num_buffer_floats(widest) + num_buffer_floats(gathered)

    def slimmed_to(self, slim_size: float) -> WaveNetConfig:
        """The same network with slimmable arrays cut to a share of their channels.

        Inputs and heads follow the neighbors; a bottleneck shrinks in proportion.
        """
        widths = [array.width_at(slim_size) for array in self.arrays]
        if widths == [array.channels for array in self.arrays]:
            return self
        arrays: list[LayerArrayConfig] = []
        for i, array in enumerate(self.arrays):
            bottleneck = widths[i]
            if array.layer1x1_groups:
                bottleneck = max(1, array.bottleneck * widths[i] // array.channels)
            arrays.append(
                replace(
                    array,
                    channels=widths[i],
                    bottleneck=bottleneck,
                    input_size=widths[i - 1] if i else array.input_size,
                    allowed_channels=(),
                )
            )
        # What one array hands to the head of the next is as wide as what that adds to it.
        for i, after in enumerate(arrays[1:]):
            arrays[i] = replace(arrays[i], head_size=after.head_inputs)
        return replace(self, arrays=tuple(arrays))


# Tone 3000's A2: one array of 23 layers.
_A2_KERNELS: Final = (6,) * 14 + (15,) * 2 + (6,) * 7
_A2_NAMES: Final = {8: "A2 Full", 3: "A2 Lite"}
# The trainer's own sizes of the older two-array shape, by their channels.
_A1_NAMES: Final = {
    (16, 8): "A1 standard",
    (12, 6): "A1 lite",
    (8, 4): "A1 feather",
    (4, 2): "A1 nano",
}


def _name(config: WaveNetConfig) -> str:
    widths = tuple(array.channels for array in config.arrays)
    kernels = tuple(layer.kernel for array in config.arrays for layer in array.layers)
    if len(widths) == 1 and kernels == _A2_KERNELS:
        return _A2_NAMES.get(widths[0], "A2")
    if len(widths) == 2 and kernels == (3,) * 20:
        return _A1_NAMES.get(widths, "WaveNet")
    return "WaveNet"
