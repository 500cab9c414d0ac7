"""Files for tests: captures and sounds written for the purpose, named by their SHA-256."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from jobs.pipeline.files import sha256_of
from jobs.pipeline.signal.encode import write_wav_f32
from jobs.pipeline.signal.samples import FloatArray


class Inputs:
    """Writes files into a folder; ``paths`` is what a render wants to know as ``sources``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.paths: dict[str, Path] = {}

    def sound(self, signal: FloatArray, sample_rate_hz: int = 48_000) -> str:
        """A float32 WAV; returns its SHA-256."""
        path = self._next("wav")
        write_wav_f32(path, [signal], sample_rate_hz, signal.shape[0])
        return self.known(path)

    def capture(
        self,
        taps: Sequence[float] = (1.0,),
        *,
        bias: float = 0.0,
        sample_rate_hz: int = 48_000,
        input_level_dbu: float | None = None,
        output_level_dbu: float | None = None,
    ) -> str:
        """A linear capture: y[t] = bias + Σ taps[k]·x[t − k]; returns its SHA-256."""
        path = self._next("nam")
        document = {
            "version": "0.5.4",
            "architecture": "Linear",
            "config": {"receptive_field": len(taps), "bias": True},
            "weights": [*taps, bias],
            "sample_rate": sample_rate_hz,
            "metadata": {
                "input_level_dbu": input_level_dbu,
                "output_level_dbu": output_level_dbu,
            },
        }
        path.write_text(json.dumps(document))
        return self.known(path)

    def _next(self, suffix: str) -> Path:
        return self._folder / f"input-{len(list(self._folder.iterdir()))}.{suffix}"

    def known(self, path: Path) -> str:
        """A file that is there already; returns its SHA-256."""
        digest = sha256_of(path)
        self.paths[digest] = path
        return digest
