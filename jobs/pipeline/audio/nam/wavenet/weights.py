"""A WaveNet's numbers, taken from the file's flat list and laid out as matrices for running."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.pipeline.audio.nam.convolution import Convolution, ConvShape, ConvWeights, WeightReader
from jobs.pipeline.audio.nam.wavenet.config import LayerArrayConfig, LayerConfig, WaveNetConfig
from jobs.pipeline.audio.signal import FloatArray


@dataclass(frozen=True, slots=True)
class Film:
    """``product`` (channels or 2·channels, 1 + condition): scale rows, then shift rows if any."""

    product: FloatArray
    has_shift: bool


@dataclass(frozen=True, slots=True)
class LayerWeights:
    """One layer, ready to run. B is the bottleneck, Z what goes into the activation (B or 2·B).

    ``stacked`` (Z, 1 + condition + channels + …) multiplies rows in this order: ones, condition,
    the layer's input, its delayed taps. With ``has_filtered_input`` the convolution hears a
    modulated copy of the input: then all its taps, the present one too, follow the input's rows,
    whose weights are 0. ``mixin`` (Z, condition) stands alone where something is modulated between
    it and the convolution; its part of ``stacked`` is 0 then.
    ``layer1x1`` (channels, 1 + B), ``head1x1`` (outputs, 1 + B).
    """

    config: LayerConfig
    stacked: FloatArray
    mixin: FloatArray | None
    layer1x1: FloatArray | None
    head1x1: FloatArray | None
    films: dict[str, Film]

    @property
    def has_filtered_input(self) -> bool:
        return "conv_pre_film" in self.films


@dataclass(frozen=True, slots=True)
class ArrayWeights:
    """``rechannel`` (channels, inputs); layers; the convolution of the summed head.

    ``head`` (outputs, 1 + inputs) where its kernel is 1, else ``head_convolution``.
    """

    config: LayerArrayConfig
    rechannel: FloatArray
    layers: tuple[LayerWeights, ...]
    head: FloatArray | None
    head_convolution: Convolution | None


@dataclass(frozen=True, slots=True)
class WaveNetWeights:
    arrays: tuple[ArrayWeights, ...]
    post_head: tuple[Convolution, ...]


def lay_out(full: WaveNetConfig, slim: WaveNetConfig, weights: FloatArray) -> WaveNetWeights:
    """Read ``weights`` in the order of ``full`` and keep of each matrix what ``slim`` needs."""
    reader = WeightReader(weights)

    def take(whole: ConvShape, part: ConvShape) -> ConvWeights:
        return reader.convolution(whole).leading(part.num_outputs, part.num_inputs)

    arrays = []
    for whole, part in zip(full.arrays, slim.arrays, strict=True):
        rechannel = take(whole.rechannel_shape(), part.rechannel_shape())
        layers = []
        for whole_layer, part_layer in zip(whole.layers, part.layers, strict=True):
            parts = dict(part.layer_shapes(part_layer))
            convolutions = {
                name: take(shape, parts[name]) for name, shape in whole.layer_shapes(whole_layer)
            }
            layers.append(_lay_out_layer(part, part_layer, convolutions))
        head = take(whole.head_shape(), part.head_shape())
        arrays.append((part, rechannel, tuple(layers), head))
    post_head = tuple(
        reader.convolution(shape) for shape in (full.post_head.shapes if full.post_head else ())
    )
    head_scale = float(reader.take(1)[0])

    laid_out = []
    for i, (part, rechannel, done, head) in enumerate(arrays):
        if i == len(arrays) - 1:
            head = head.scaled(head_scale)
        single = head.kernel.shape[2] == 1
        laid_out.append(
            ArrayWeights(
                part,
                np.ascontiguousarray(rechannel.kernel[:, :, 0]),
                done,
                head.product() if single else None,
                None if single else Convolution(head, part.head_dilation),
            )
        )
    return WaveNetWeights(tuple(laid_out), tuple(Convolution(each) for each in post_head))


def _lay_out_layer(
    array: LayerArrayConfig, layer: LayerConfig, convolutions: dict[str, ConvWeights]
) -> LayerWeights:
    mixin = convolutions["input_mixin"].kernel[:, :, 0]
    films = {
        place: Film(convolutions[place].product(), film.has_shift)
        for place, film in array.films.items()
    }
    mixes_alone = not films.keys().isdisjoint(
        {"conv_post_film", "input_mixin_pre_film", "input_mixin_post_film"}
    )
    convolution = convolutions["conv"].product()
    unheard = array.channels if "conv_pre_film" in films else 0
    stacked = np.hstack(
        [
            convolution[:, :1],
            np.zeros_like(mixin) if mixes_alone else mixin,
            np.zeros((len(convolution), unheard), np.float32),
            convolution[:, 1:],
        ]
    )
    return LayerWeights(
        layer,
        np.ascontiguousarray(stacked),
        np.ascontiguousarray(mixin) if mixes_alone else None,
        convolutions["layer1x1"].product() if "layer1x1" in convolutions else None,
        convolutions["head1x1"].product() if "head1x1" in convolutions else None,
        films,
    )
