"""Running a WaveNet: buffers, and the order of the calls.

All layers of a network share one set of work buffers; only the delay lines belong to a layer.
The stacked product of a layer multiplies these rows at once, so biases and mix-in cost no call of
their own:

    row 0            ones (the bias)
    rows 1 … c       condition
    next C rows      x, the layer's input: it lives here and is updated in place by every layer
    then             x one dilation late, two dilations late, …
"""

from __future__ import annotations

from typing import Final

import numpy as np

from jobs.pipeline.audio.nam.convolution import DelayLine
from jobs.pipeline.audio.nam.steps import Network, Step, new_buffer
from jobs.pipeline.audio.nam.wavenet.config import WaveNetConfig
from jobs.pipeline.audio.nam.wavenet.weights import ArrayWeights, Film, LayerWeights, lay_out
from jobs.pipeline.audio.signal import FloatArray

# NeuralAmpModelerCore up to 0.5.5 modulates after layer1x1 in blended layers only (its issue 320);
# the trainer, and later Cores, in all. 0.5.5 made the reference renders, so it is followed here;
# no public capture is known to modulate at this place, and ``parse`` warns when one does.
_GATINGS_WITH_LAYER1X1_FILM: Final = ("blended",)


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
    ) -> None:
        self.config = slim
        self.condition = condition
        self.weights = lay_out(config, slim, weights)
        self.label = slim.label_within(config)
        self.weight_count = slim.num_weights
        self.receptive_field_frames = slim.receptive_field_frames

    def start(self) -> WaveNetRunner:
        return WaveNetRunner(self)


class _Work:
    """Buffers all layers of a network share; made as large as the largest needs."""

    def __init__(self, network: WaveNetNetwork) -> None:
        arrays = network.weights.arrays
        layers = [layer for array in arrays for layer in array.layers]
        widest = max(len(layer.stacked) for layer in layers)
        channels = max(array.config.channels for array in arrays)
        heads = max(max(array.config.head_inputs, array.config.head_size) for array in arrays)
        film_rows = [len(film.product) for layer in layers for film in layer.films.values()]
        self.condition_size = arrays[0].config.condition_size
        self.columns = new_buffer(max(layer.stacked.shape[1] for layer in layers))
        self.activated = new_buffer(1 + widest)
        self.head = new_buffer(1 + heads)
        for stack in (self.columns, self.activated, self.head):
            stack[0] = 1.0
        self.product = new_buffer(max(channels, heads))
        self.mix = new_buffer(widest)
        self.spare = (new_buffer(widest), new_buffer(widest))
        self.film = new_buffer(max(film_rows, default=0))
        self.filtered = new_buffer(max(self.condition_size, channels))


class WaveNetRunner:
    """A WaveNet's state for one signal."""

    def __init__(self, network: WaveNetNetwork) -> None:
        self._weights = network.weights
        self._activation = network.config.post_head and network.config.post_head.activation
        self._condition = network.condition.start() if network.condition else None
        self._work = _Work(network)
        self._lines = [
            [DelayLine(array.config.channels, layer.config.lookback) for layer in array.layers]
            for array in network.weights.arrays
        ]
        self._heads = [
            array.head_convolution.start() if array.head_convolution else None
            for array in network.weights.arrays
        ]
        self._post_head = [convolution.start() for convolution in network.weights.post_head]
        self._post_values = [
            [new_buffer(convolution.num_inputs) for _ in range(3)]
            for convolution in network.weights.post_head
        ]

    def compile(self, source: FloatArray, target: FloatArray) -> list[Step]:
        n, work, arrays = source.shape[1], self._work, self._weights.arrays
        condition = work.columns[1 : 1 + work.condition_size, :n]
        if self._condition:
            steps = self._condition.compile(source, condition)
        else:
            steps = [(np.copyto, (condition, source))]
        values = source
        for i, array in enumerate(arrays):
            x = self._input_rows(array, n)
            steps += self._rechannel(array, values, x)
            steps += self._layers(i, n)
            is_last = i == len(arrays) - 1
            # The next array goes on adding to the head where this one leaves off.
            following = target if is_last and not self._post_head else None
            steps += self._head(i, n, following)
            values = x
        return steps + self._after_head(target)

    def _input_rows(self, array: ArrayWeights, n: int) -> FloatArray:
        first = 1 + self._work.condition_size
        return self._work.columns[first : first + array.config.channels, :n]

    def _rechannel(self, array: ArrayWeights, values: FloatArray, x: FloatArray) -> list[Step]:
        if len(values) == 1:
            return [(np.multiply, (array.rechannel, values, x))]
        product = self._work.product[: len(x), : x.shape[1]]
        return [(np.matmul, (array.rechannel, values, product)), (np.copyto, (x, product))]

    def _head(self, index: int, n: int, target: FloatArray | None) -> list[Step]:
        """From the head's sum to ``target``, or back into the head for what comes next."""
        array, work = self._weights.arrays[index], self._work
        inputs = work.head[: 1 + array.config.head_inputs, :n]
        result = work.product[: array.config.head_size, :n] if target is None else target
        convolution = self._heads[index]
        if convolution:
            steps = convolution.compile(inputs[1:], result)
        else:
            steps = [(np.matmul, (array.head, inputs, result))]
        if target is None:
            steps.append((np.copyto, (work.head[1 : 1 + array.config.head_size, :n], result)))
        return steps

    def _after_head(self, target: FloatArray) -> list[Step]:
        """The optional activations and convolutions after the last array's head."""
        if not self._activation:
            return []
        n = target.shape[1]
        steps: list[Step] = []
        values = self._work.head[1 : 1 + len(self._post_values[0][0]), :n]
        for i, (state, buffers) in enumerate(zip(self._post_head, self._post_values, strict=True)):
            inputs, *spare = (buffer[:, :n] for buffer in buffers)
            if i == 0:
                steps.append((np.copyto, (inputs, values)))
            steps += self._activation.steps(inputs, (spare[0], spare[1]))
            is_last = i == len(self._post_head) - 1
            result = target if is_last else self._post_values[i + 1][0][:, :n]
            steps += state.compile(inputs, result)
        return steps

    def _layers(self, index: int, n: int) -> list[Step]:
        array, lines = self._weights.arrays[index], self._lines[index]
        steps: list[Step] = []
        is_last_array = index == len(self._weights.arrays) - 1
        for i, (layer, line) in enumerate(zip(array.layers, lines, strict=True)):
            steps += self._activated(array, layer, line, n)
            steps += self._to_head(array, layer, n, is_first=index == 0 and i == 0)
            # Nothing hears what the very last layer would hand on.
            if layer.layer1x1 is not None and not (is_last_array and i == len(lines) - 1):
                steps += self._to_next(array, layer, n)
        return steps

    def _activated(
        self, array: ArrayWeights, layer: LayerWeights, line: DelayLine, n: int
    ) -> list[Step]:
        """Convolution, mix-in and activation, into rows 1 … B of ``activated``."""
        work, config = self._work, layer.config
        x = self._input_rows(array, n)
        wide = len(layer.stacked)
        z = work.activated[1 : 1 + wide, :n]
        steps: list[Step] = []

        first_delayed = 1
        heard = x
        if layer.has_filtered_input:
            first_delayed = 0
            heard = work.filtered[: len(x), :n]
            steps += self._modulate(layer.films["conv_pre_film"], x, heard)
        if config.kernel > first_delayed:
            first_row = 1 + work.condition_size + len(x)
            rows = work.columns[first_row : layer.stacked.shape[1], :n]
            taps = rows.reshape(config.kernel - first_delayed, len(x), n)
            late = line.delayed(first_delayed, config.kernel, config.dilation, n)
            steps += [
                (np.copyto, (line.present(n), heard)),
                (np.copyto, (taps, late)),
                *line.advance(n),
            ]
        columns = work.columns[: layer.stacked.shape[1], :n]
        steps.append((np.matmul, (layer.stacked, columns, z)))

        if layer.mixin is not None:
            steps += self._separate_mixin(layer, z)
        if film := layer.films.get("activation_pre_film"):
            steps += self._modulate(film, z, z)
        steps += self._gate(layer, z, wide)
        if film := layer.films.get("activation_post_film"):
            y = work.activated[1 : 1 + array.config.bottleneck, :n]
            steps += self._modulate(film, y, y)
        return steps

    def _separate_mixin(self, layer: LayerWeights, z: FloatArray) -> list[Step]:
        """The mix-in by its own product, where something is modulated on the way."""
        work, films = self._work, layer.films
        n = z.shape[1]
        condition = work.columns[1 : 1 + work.condition_size, :n]
        mix = work.mix[: len(z), :n]
        steps: list[Step] = []
        if film := films.get("conv_post_film"):
            steps += self._modulate(film, z, z)
        if film := films.get("input_mixin_pre_film"):
            filtered = work.filtered[: work.condition_size, :n]
            steps += self._modulate(film, condition, filtered)
            condition = filtered
        steps.append((np.matmul, (layer.mixin, condition, mix)))
        if film := films.get("input_mixin_post_film"):
            steps += self._modulate(film, mix, mix)
        steps.append((np.add, (z, mix, z)))
        return steps

    def _gate(self, layer: LayerWeights, z: FloatArray, wide: int) -> list[Step]:
        """Activation in place; a gated or blended layer's second half acts on its first."""
        config, n = layer.config, z.shape[1]
        spare = (self._work.spare[0][:wide, :n], self._work.spare[1][:wide, :n])
        if config.gating == "none":
            return config.activation.steps(z, spare)
        half = wide // 2
        first, second = z[:half], z[half:]
        halves = (spare[0][:half], spare[1][:half])
        primary = config.activation.steps(first, halves)
        secondary = config.secondary.steps(second, halves)
        if config.gating == "gated":
            return [*primary, *secondary, (np.multiply, (first, second, first))]
        before = self._work.mix[:half, :n]
        return [
            (np.copyto, (before, first)),
            *primary,
            *secondary,
            # α·a(z) + (1 − α)·z
            (np.subtract, (first, before, first)),
            (np.multiply, (first, second, first)),
            (np.add, (first, before, first)),
        ]

    def _to_head(
        self, array: ArrayWeights, layer: LayerWeights, n: int, *, is_first: bool
    ) -> list[Step]:
        work = self._work
        head = work.head[1 : 1 + array.config.head_inputs, :n]
        steps: list[Step] = []
        if layer.head1x1 is None:
            share = work.activated[1 : 1 + array.config.bottleneck, :n]
        else:
            share = work.product[: len(head), :n]
            stack = work.activated[: 1 + array.config.bottleneck, :n]
            steps.append((np.matmul, (layer.head1x1, stack, share)))
            if film := layer.films.get("head1x1_post_film"):
                steps += self._modulate(film, share, share)
        if is_first:
            return [*steps, (np.copyto, (head, share))]
        return [*steps, (np.add, (head, share, head))]

    def _to_next(self, array: ArrayWeights, layer: LayerWeights, n: int) -> list[Step]:
        work = self._work
        x = self._input_rows(array, n)
        step = work.product[: len(x), :n]
        stack = work.activated[: 1 + array.config.bottleneck, :n]
        steps: list[Step] = [(np.matmul, (layer.layer1x1, stack, step))]
        film = layer.films.get("layer1x1_post_film")
        if film and layer.config.gating in _GATINGS_WITH_LAYER1X1_FILM:
            steps += self._modulate(film, step, step)
        steps.append((np.add, (x, step, x)))
        return steps

    def _modulate(self, film: Film, signal: FloatArray, result: FloatArray) -> list[Step]:
        """``result`` = signal·scale(condition) + shift(condition); may be ``signal`` itself."""
        work = self._work
        channels, n = signal.shape
        condition = work.columns[: 1 + work.condition_size, :n]
        factors = work.film[: len(film.product), :n]
        steps: list[Step] = [
            (np.matmul, (film.product, condition, factors)),
            (np.multiply, (signal, factors[:channels], result)),
        ]
        if film.has_shift:
            steps.append((np.add, (result, factors[channels:], result)))
        return steps
