"""From a checked config and its weights to a network: the one place that knows all of them."""

from __future__ import annotations

from jobs.pipeline.nam.backend import Backend
from jobs.pipeline.nam.convnet import ConvNetConfig
from jobs.pipeline.nam.linear import LinearConfig
from jobs.pipeline.nam.lstm import LstmConfig
from jobs.pipeline.nam.steps import ModelConfig, Network
from jobs.pipeline.nam.wavenet import WaveNetConfig
from jobs.pipeline.nam.wavenet.network import WaveNetNetwork
from jobs.pipeline.signal.samples import FloatArray


def lay_out(
    config: ModelConfig, weights: FloatArray, backend: Backend, slim_size: float = 1.0
) -> Network:
    """``weights``: all of them, in file order. ``slim_size`` 0..1 matters to slimmable layers only.

    A condition network always runs whole.
    """
    if isinstance(config, WaveNetConfig):
        condition = None
        if config.condition:
            condition = lay_out(config.condition.config, config.condition.weights, backend)
        slim = config.slimmed_to(slim_size)
        return WaveNetNetwork(config, slim, weights, condition, backend)
    if isinstance(config, LstmConfig | ConvNetConfig):
        return config.lay_out(weights, backend)
    if isinstance(config, LinearConfig):
        return config.lay_out(weights)
    raise TypeError(f"no network for {type(config).__name__}")
