"""The files behind the fake server's models: tiny, made by code, and really playable."""

from __future__ import annotations

import io
import json
import math
import random
import struct
import wave
from typing import Any, Final

_SAMPLE_RATE_HZ: Final = 48_000
_IR_FRAMES: Final = 1024

# A WaveNet of one array with two layers of two channels: the smallest that has every part.
_CHANNELS: Final = 2
_KERNEL: Final = 3
_DILATIONS: Final = (1, 2)


def nam_bytes(seed: int) -> bytes:
    """A file of the first architecture (A1): version 0.5.4, one network."""
    return json.dumps({"version": "0.5.4", **_network(seed)}).encode()


def container_bytes(seed: int) -> bytes:
    """A file of the second (A2): version 0.7.0, a container with two sizes of the same amp."""
    submodels = [
        {"max_value": max_value, "model": {"version": "0.7.0", **_network(seed + number)}}
        for number, max_value in enumerate((0.5, 1.0))
    ]
    document = {
        "version": "0.7.0",
        "architecture": "SlimmableContainer",
        "config": {"submodels": submodels},
        "weights": [],
        "sample_rate": _SAMPLE_RATE_HZ,
        "metadata": {},
    }
    return json.dumps(document).encode()


def ir_bytes(seed: int) -> bytes:
    """A short impulse response: a decaying resonance, 16 bits, mono."""
    frequency_hz = 90.0 + 35.0 * (seed % 7)
    samples = [
        round(
            26_000
            * math.exp(-frame / 120)
            * math.cos(2 * math.pi * frequency_hz * frame / _SAMPLE_RATE_HZ)
        )
        for frame in range(_IR_FRAMES)
    ]
    # The last sample names the file, so that no two are the same.
    samples[-1] = seed % 1000
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_SAMPLE_RATE_HZ)
        file.writeframes(struct.pack(f"<{_IR_FRAMES}h", *samples))
    return buffer.getvalue()


def _network(seed: int) -> dict[str, Any]:
    generator = random.Random(seed)
    layer = _CHANNELS * _CHANNELS * _KERNEL + _CHANNELS  # convolution
    layer += _CHANNELS  # what it takes of the input
    layer += _CHANNELS * _CHANNELS + _CHANNELS  # 1×1
    num_weights = _CHANNELS + len(_DILATIONS) * layer + _CHANNELS + 1 + 1
    config = {
        "layers": [
            {
                "input_size": 1,
                "condition_size": 1,
                "head_size": 1,
                "channels": _CHANNELS,
                "kernel_size": _KERNEL,
                "dilations": list(_DILATIONS),
                "activation": "Tanh",
                "gated": False,
                "head_bias": True,
            }
        ],
        "head": None,
        "head_scale": 0.5,
    }
    return {
        "architecture": "WaveNet",
        "config": config,
        "weights": [round(generator.uniform(-0.8, 0.8), 6) for _ in range(num_weights)],
        "sample_rate": _SAMPLE_RATE_HZ,
        "metadata": {"name": f"Fake server {seed}"},
    }
