"""A WaveNet's numbers, taken from the file's flat list and given their names."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.pipeline.nam.convolution import ConvShape, ConvWeights, WeightReader
from jobs.pipeline.nam.wavenet.config import LayerArrayConfig, LayerConfig, WaveNetConfig
from jobs.pipeline.signal.samples import FloatArray


@dataclass(frozen=True, slots=True)
class LayerWeights:
    """One layer's convolutions by the names of ``LayerArrayConfig.layer_shapes``."""

    config: LayerConfig
    convolutions: dict[str, ConvWeights]


@dataclass(frozen=True, slots=True)
class ArrayWeights:
    config: LayerArrayConfig
    rechannel: ConvWeights
    layers: tuple[LayerWeights, ...]
    head: ConvWeights


@dataclass(frozen=True, slots=True)
class WaveNetWeights:
    """The last array's head is already multiplied by the head's scale."""

    arrays: tuple[ArrayWeights, ...]
    post_head: tuple[ConvWeights, ...]


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
            layers.append(LayerWeights(part_layer, convolutions))
        head = take(whole.head_shape(), part.head_shape())
        arrays.append(ArrayWeights(part, rechannel, tuple(layers), head))
    post_head = tuple(
        reader.convolution(shape) for shape in (full.post_head.shapes if full.post_head else ())
    )
    head_scale = float(reader.take(1)[0])
    last = arrays[-1]
    arrays[-1] = ArrayWeights(
        last.config, last.rechannel, last.layers, last.head.scaled(head_scale)
    )
    return WaveNetWeights(tuple(arrays), post_head)
