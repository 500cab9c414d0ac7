"""A WaveNet at one size, ready to run, with the network that conditions it where there is one.

The numbers are taken from the file's flat list and given their names; with them the network is
written down as a program.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from jobs.pipeline.nam.backend import Backend
from jobs.pipeline.nam.network import ConvShape, ConvWeights, Network, Runner, WeightReader
from jobs.pipeline.nam.program import Program, Rows, Term
from jobs.pipeline.nam.wavenet.config import (
    LayerArrayConfig,
    LayerConfig,
    PostHeadConfig,
    WaveNetConfig,
)
from jobs.pipeline.signal.samples import FloatArray

# NeuralAmpModelerCore up to 0.5.5 modulates after layer1x1 in blended layers only (its issue 320);
# the trainer, and later Cores, in all. 0.5.5 made the reference renders, so it is followed here;
# no public capture is known to modulate at this place, and ``parse`` warns when one does.
_GATINGS_WITH_LAYER1X1_FILM: Final = ("blended",)
# With one of these, the mix-in is no part of the layer's one product.
_SEPARATE_MIXIN: Final = {"conv_post_film", "input_mixin_pre_film", "input_mixin_post_film"}


class WaveNetNetwork:
    """Weights of a WaveNet at one size (``slim``), shared between signals.

    ``weights``: of the whole network (``config``), in file order. ``condition``: the network that
    conditions the layers, where there is one.
    """

    def __init__(
        self,
        config: WaveNetConfig,
        slim: WaveNetConfig,
        weights: FloatArray,
        condition: Network | None,
        backend: Backend,
    ) -> None:
        self.label = slim.label_within(config)
        self.weight_count = slim.num_weights
        self.receptive_field_frames = slim.receptive_field_frames
        self._program = backend.program(write_program(slim, name_weights(config, slim, weights)))
        self._condition = condition

    def start(self) -> Runner:
        runner = self._program.start()
        return _ConditionedRunner(runner, self._condition.start()) if self._condition else runner


class _ConditionedRunner:
    def __init__(self, runner: Runner, condition: Runner) -> None:
        self._runner = runner
        self._condition = condition

    def process(self, chunk: FloatArray) -> FloatArray:
        """(1, n) to (outputs, n)."""
        return self._runner.process(np.vstack([chunk, self._condition.process(chunk)]))


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


def name_weights(full: WaveNetConfig, slim: WaveNetConfig, weights: FloatArray) -> WaveNetWeights:
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


def write_program(config: WaveNetConfig, weights: WaveNetWeights) -> Program:
    """Inputs: the signal, or the signal and below it the condition where a network makes one."""
    condition_size = config.arrays[0].condition_size
    program = Program(1 + condition_size if config.condition else 1)
    signal = program.inputs.part(0, 1)
    condition = program.inputs.part(1, condition_size) if config.condition else signal
    return _Writer(config, weights, program, condition).write(signal)


class _Writer:
    """What all layers share while their operations are written down.

    Biases and mix-in are part of the layer's one product unless something is modulated on the way.
    The buffer of a layer's input keeps the past that the layer hears; all else is shared by the
    layers.
    """

    def __init__(
        self, config: WaveNetConfig, weights: WaveNetWeights, program: Program, condition: Rows
    ) -> None:
        self._config = config
        self._weights = weights
        self._program = program
        self._condition = condition
        arrays = config.arrays
        widest = max(array.widest(layer) for array in arrays for layer in array.layers)
        channels = max(array.channels for array in arrays)
        heads = max(max(array.head_inputs, array.head_size) for array in arrays)
        self._z = program.rows(widest)
        self._mix = program.rows(widest)
        self._step = program.rows(max(channels, heads))
        self._filtered_condition = program.rows(condition.count)
        self._factors = program.rows(2 * max(widest, channels, heads, condition.count))

    def write(self, signal: Rows) -> Program:
        program = self._program
        values, head = signal, None
        for array in self._weights.arrays:
            x = program.rows(array.config.channels)
            program.convolve(x, array.rechannel, values)
            # An array goes on adding to the head where the one before it left off.
            values, head = self._layers(array, x, head)
            result = program.rows(array.config.head_size)
            program.convolve(result, array.head, head, array.config.head_dilation)
            head = result
        assert head is not None, "a WaveNet has at least one array"
        program.outputs = head
        if self._config.post_head:
            program.outputs = self._post_head(self._config.post_head, head)
        return program

    def _layers(self, array: ArrayWeights, x: Rows, head: Rows | None) -> tuple[Rows, Rows]:
        """What the last layer hands on, and the head's sum."""
        for layer in array.layers:
            y = self._activated(array, layer, x)
            share = y
            if weights := layer.convolutions.get("head1x1"):
                share = self._step.part(0, array.config.head1x1_outputs)
                self._program.convolve(share, weights, y)
                self._modulate(layer, "head1x1_post_film", share)
            if head is None:
                head = self._program.rows(array.config.head_inputs)
                self._program.copy(head, share)
            else:
                self._program.add(head, share)
            # Nothing hears what the very last layer would hand on.
            is_last = array is self._weights.arrays[-1] and layer is array.layers[-1]
            if not is_last and "layer1x1" in layer.convolutions:
                x = self._next_input(array, layer, x, y)
        assert head is not None, "an array has at least one layer"
        return x, head

    def _activated(self, array: ArrayWeights, layer: LayerWeights, x: Rows) -> Rows:
        """Convolution, mix-in and activation: what goes to the head and on to the next layer."""
        program, convolutions, dilation = self._program, layer.convolutions, layer.config.dilation
        z = self._z.part(0, array.config.widest(layer.config))
        if "conv_pre_film" in convolutions:
            heard = program.rows(x.count)
            program.copy(heard, x)
            self._modulate(layer, "conv_pre_film", heard)
        else:
            heard = x
        conv, mixin = convolutions["conv"], convolutions["input_mixin"]
        if _SEPARATE_MIXIN.isdisjoint(convolutions):
            mixed = Term(self._condition, mixin.kernel)
            program.product(z, conv.bias, mixed, Term(heard, conv.kernel, dilation))
        else:
            program.convolve(z, conv, heard, dilation)
            self._modulate(layer, "conv_post_film", z)
            condition, mix = self._condition, self._mix.part(0, z.count)
            if "input_mixin_pre_film" in convolutions:
                condition = self._filtered_condition
                program.copy(condition, self._condition)
                self._modulate(layer, "input_mixin_pre_film", condition)
            program.convolve(mix, mixin, condition)
            self._modulate(layer, "input_mixin_post_film", mix)
            program.add(z, mix)
        self._modulate(layer, "activation_pre_film", z)
        y = self._gated(layer, z)
        self._modulate(layer, "activation_post_film", y)
        return y

    def _gated(self, layer: LayerWeights, z: Rows) -> Rows:
        """Activation in place; a gated or blended layer's second half acts on its first."""
        program, config = self._program, layer.config
        if config.gating == "none":
            program.apply(config.activation, z)
            return z
        half = z.count // 2
        first, second = z.part(0, half), z.part(half, half)
        before = self._mix.part(0, half)
        if config.gating == "blended":
            program.copy(before, first)
        program.apply(config.activation, first)
        program.apply(config.secondary, second)
        # Gated: α·a(z). Blended: α·a(z) + (1 − α)·z.
        if config.gating == "blended":
            program.subtract(first, before)
        program.multiply(first, second)
        if config.gating == "blended":
            program.add(first, before)
        return first

    def _next_input(self, array: ArrayWeights, layer: LayerWeights, x: Rows, y: Rows) -> Rows:
        program, weights = self._program, layer.convolutions["layer1x1"]
        following = program.rows(array.config.channels)
        if (
            "layer1x1_post_film" in layer.convolutions
            and layer.config.gating in _GATINGS_WITH_LAYER1X1_FILM
        ):
            program.convolve(following, weights, y)
            self._modulate(layer, "layer1x1_post_film", following)
            program.add(following, x)
        else:
            program.convolve(following, weights, y, onto=x)
        return following

    def _modulate(self, layer: LayerWeights, place: str, signal: Rows) -> None:
        """signal ← signal·scale(condition) + shift(condition), if the layer does so here."""
        weights = layer.convolutions.get(place)
        if weights is None:
            return
        factors = self._factors.part(0, len(weights.bias))
        self._program.convolve(factors, weights, self._condition)
        self._program.multiply(signal, factors.part(0, signal.count))
        if len(weights.bias) > signal.count:
            self._program.add(signal, factors.part(signal.count, signal.count))

    def _post_head(self, config: PostHeadConfig, values: Rows) -> Rows:
        """Activations and convolutions after the last array's head."""
        for weights in self._weights.post_head:
            self._program.apply(config.activation, values)
            result = self._program.rows(len(weights.bias))
            self._program.convolve(result, weights, values)
            values = result
        return values
