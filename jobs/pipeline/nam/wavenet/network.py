"""A WaveNet at one size, ready to run, with the network that conditions it where there is one."""

from __future__ import annotations

import numpy as np

from jobs.pipeline.nam.backend import Backend
from jobs.pipeline.nam.steps import Network, Runner
from jobs.pipeline.nam.wavenet.config import WaveNetConfig
from jobs.pipeline.nam.wavenet.program import write_program
from jobs.pipeline.nam.wavenet.weights import lay_out
from jobs.pipeline.signal.samples import FloatArray


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
        self._program = backend.program(write_program(slim, lay_out(config, slim, weights)))
        self._condition = condition

    def start(self) -> Runner:
        runner = self._program.start()
        return _ConditionedRunner(runner, self._condition.start()) if self._condition else runner


class _ConditionedRunner:
    def __init__(self, runner: Runner, condition: Runner) -> None:
        self._runner = runner
        self._condition = condition

    def process(self, block: FloatArray) -> FloatArray:
        """(1, n) to (outputs, n)."""
        return self._runner.process(np.vstack([block, self._condition.process(block)]))
