"""A chain: stages in order, with rates, levels and names, from a recipe's blocks.

One channel goes through a chain until a stereo block behind the cabinet makes two of it. Every
stage answers without delay: latency is compensated inside the stages that have any
(resamplers, cabinets), so a chain's output is in step with its input.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import signal

from jobs.pipeline.audio.blocks import block_type, validate_parameters
from jobs.pipeline.audio.cab import CabStage
from jobs.pipeline.audio.cab_mix import load_cab
from jobs.pipeline.audio.nam import NamEngine, NamFile, build_engine, read_nam
from jobs.pipeline.audio.nam.steps import NETWORK_BLOCK_FRAMES
from jobs.pipeline.audio.signal import (
    OUTPUT_SAMPLE_RATE_HZ,
    EvenBlocks,
    FloatArray,
    Resampler,
    Stage,
    db_to_gain,
    empty,
)
from jobs.pipeline.audio.staging import Staging, gain_between_db, stage_input
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import CabBlock, NamBlock, ProcessorBlock, SegmentRecipe

DC_BLOCKER_HZ = 5.0

# In this time the DC blocker falls by far more than 90 dB.
_SETTLING_S = 0.5

# No chain is given more silence than this before its signal. One with something that swings by
# itself gets all of it, so that the swings of all contenders stand at the same point.
_MAX_SETTLING_S = 5

# A signal that moves by less than this is silence, whatever constant it stands on.
_SILENCE_GAIN = db_to_gain(-120.0)

# What a network is given at a time: always as much, so that the same recipe gives the same
# samples to the bit, and the network lays out its work once.
CAPTURE_FRAMES = 4 * NETWORK_BLOCK_FRAMES


class GainStage:
    """Multiplies by a constant."""

    def __init__(self, gain_db: float, num_channels: int) -> None:
        self._gain = np.float32(db_to_gain(gain_db))
        self._num_channels = num_channels

    def process(self, block: FloatArray) -> FloatArray:
        return block * self._gain

    def finish(self) -> FloatArray:
        return empty(self._num_channels)


class DCBlocker:
    """First-order Butterworth high-pass at 5 Hz: 0.26 dB at 20 Hz, 0.02 dB at 82 Hz (low E)."""

    def __init__(self, sample_rate_hz: int, num_channels: int) -> None:
        self._num_channels = num_channels
        self._sections = signal.butter(
            1, DC_BLOCKER_HZ, "highpass", output="sos", fs=sample_rate_hz
        )
        self._state = np.zeros((1, num_channels, 2))

    def process(self, block: FloatArray) -> FloatArray:
        if block.shape[1] == 0:
            return block
        out, self._state = signal.sosfilt(
            self._sections, block.astype(np.float64), axis=1, zi=self._state
        )
        return np.asarray(out, dtype=np.float32)

    def finish(self) -> FloatArray:
        return empty(self._num_channels)


class PerChannel:
    """As many stages of one channel as there are channels, each as it would be alone."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages

    def process(self, block: FloatArray) -> FloatArray:
        outputs = [
            stage.process(block[channel : channel + 1])
            for channel, stage in enumerate(self._stages)
        ]
        return np.concatenate(outputs, axis=0)

    def finish(self) -> FloatArray:
        return np.concatenate([stage.finish() for stage in self._stages], axis=0)


class Widener:
    """The one channel there is, twice."""

    def process(self, block: FloatArray) -> FloatArray:
        return np.repeat(block, 2, axis=0)

    def finish(self) -> FloatArray:
        return empty(2)


class Link:
    """A stage with a name, and an eye on what comes out of it."""

    def __init__(self, name: str, stage: Stage) -> None:
        self._name = name
        self._stage = stage
        self._lowest = np.inf
        self._highest = -np.inf

    def process(self, block: FloatArray) -> FloatArray:
        return self._watched(self._stage.process(block))

    def finish(self) -> FloatArray:
        return self._watched(self._stage.finish())

    def refuse_silence(self) -> None:
        """Raises ``BLOCK_SILENT`` when nothing but a constant has come out."""
        if self._highest - self._lowest < 2.0 * _SILENCE_GAIN:
            raise PipelineError("BLOCK_SILENT", f"Nothing but silence comes out of {self._name}.")

    def _watched(self, out: FloatArray) -> FloatArray:
        if out.size:
            # A value that is no number makes both of them no number.
            lowest, highest = float(out.min()), float(out.max())
            if not np.isfinite(highest - lowest):
                raise PipelineError(
                    "BLOCK_NOT_FINITE",
                    f"What comes out of {self._name} is no longer sound (NaN or infinity).",
                )
            self._lowest = min(self._lowest, lowest)
            self._highest = max(self._highest, highest)
        return out


@dataclass(frozen=True, slots=True)
class Chain:
    """Links in order, ready for one signal, and what is known about them.

    ``tail_s``: after this long a time of silence the output is settled, at most. ``settling_s``:
    whole seconds of silence that are to be played before the signal, and not kept.
    ``blocks``: JSON-safe description of every block of the recipe.
    """

    links: Sequence[Link]
    num_channels: int
    tail_s: float
    settling_s: int
    staging: Staging
    blocks: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]

    def process(self, block: FloatArray) -> FloatArray:
        """``(1, n)`` in, ``(num_channels, m)`` out. Raises ``BLOCK_NOT_FINITE``."""
        return self._through(block, 0)

    def finish(self) -> FloatArray:
        """The signal has ended: what is still inside. Raises ``BLOCK_SILENT`` as well."""
        outputs = [
            self._through(link.finish(), position + 1) for position, link in enumerate(self.links)
        ]
        for link in self.links:
            link.refuse_silence()
        return np.concatenate(outputs, axis=1)

    def _through(self, block: FloatArray, first: int) -> FloatArray:
        # Overflow is looked for at every link; NumPy need not warn of it as well.
        with np.errstate(all="ignore"):
            for link in self.links[first:]:
                block = link.process(block)
        return block


def build_chain(
    recipe: SegmentRecipe,
    sources: Mapping[str, Path],
    *,
    di_sample_rate_hz: int,
    di_rms_dbfs: float,
) -> Chain:
    """The whole path from a mono DI at its own rate to 48 kHz, before measuring.

    ``sources``: the recipe's files by SHA-256. Raises what reading the captures and impulse
    responses raises, with the block's position in front of the message.
    """
    return _Builder(recipe, sources, di_sample_rate_hz, di_rms_dbfs).build()


class _Builder:
    def __init__(
        self,
        recipe: SegmentRecipe,
        sources: Mapping[str, Path],
        di_sample_rate_hz: int,
        di_rms_dbfs: float,
    ) -> None:
        self._recipe = recipe
        self._sources = sources
        self._rate_hz = di_sample_rate_hz
        self._num_channels = 1
        self._links: list[Link] = []
        self._described: list[dict[str, Any]] = []
        self._warnings: list[str] = []
        self._tail_s = 0.0
        self._is_modulated = False
        self._last_capture: NamFile | None = None
        self._captures = {
            position: self._read_capture(position, block)
            for position, block in enumerate(recipe.blocks)
            if isinstance(block, NamBlock)
        }
        first = next(iter(self._captures.values()), None)
        self._resample(first[0].sample_rate_hz if first else OUTPUT_SAMPLE_RATE_HZ)
        self._staging = stage_input(
            recipe.input_mode,
            di_rms_dbfs=di_rms_dbfs,
            di_level_dbu=recipe.di.input_level_dbu,
            capture_input_level_dbu=first[0].metadata.input_level_dbu if first else None,
        )
        if recipe.input_mode == "calibrated" and self._staging.basis != "calibrated":
            self._warnings.append(
                "The level of the DI or of the capture is not known: "
                "the input was brought to −18 dBFS RMS."
            )
        self._append("the input", GainStage(self._staging.gain_db, self._num_channels))

    def build(self) -> Chain:
        for position, block in enumerate(self._recipe.blocks):
            match block:
                case NamBlock():
                    self._add_capture(position)
                case CabBlock():
                    self._add_cab(position, block)
                case ProcessorBlock():
                    self._add_processor(position, block)
        self._append("the DC blocker", DCBlocker(self._rate_hz, self._num_channels))
        self._resample(OUTPUT_SAMPLE_RATE_HZ)
        return Chain(
            links=tuple(self._links),
            num_channels=self._num_channels,
            tail_s=self._tail_s + _SETTLING_S,
            settling_s=self._settling_s(),
            staging=self._staging,
            blocks=tuple(self._described),
            warnings=tuple(dict.fromkeys(self._warnings)),
        )

    def _settling_s(self) -> int:
        if self._is_modulated:
            return _MAX_SETTLING_S
        if not self._captures:
            return 0
        return min(math.ceil(self._tail_s + _SETTLING_S), _MAX_SETTLING_S)

    def _append(self, name: str, stage: Stage) -> None:
        self._links.append(Link(name, stage))

    def _resample(self, to_rate_hz: int) -> None:
        if to_rate_hz != self._rate_hz:
            stage = Resampler(self._rate_hz, to_rate_hz, self._num_channels)
            self._append("the resampler", stage)
            self._rate_hz = to_rate_hz

    def _read_capture(self, position: int, block: NamBlock) -> tuple[NamFile, NamEngine]:
        with _placed(position):
            nam = read_nam(self._sources[block.sha256])
            return nam, build_engine(nam, block.slim_size)

    def _add_capture(self, position: int) -> None:
        nam, engine = self._captures[position]
        self._resample(engine.sample_rate_hz)
        name = _block_name(position, f"the capture {(nam.metadata.name or engine.label)[:60]!r}")
        gain_db = None
        if self._last_capture is not None:
            gain_db = gain_between_db(
                self._recipe.input_mode,
                output_level_dbu=self._last_capture.metadata.output_level_dbu,
                input_level_dbu=nam.metadata.input_level_dbu,
            )
        if gain_db is not None:
            self._append(f"the level ahead of {name}", GainStage(gain_db, self._num_channels))
        # A capture has one input: behind a stereo block there are two of it.
        units = [EvenBlocks(engine.start(), CAPTURE_FRAMES, 1) for _ in range(self._num_channels)]
        self._append(name, PerChannel(units) if len(units) > 1 else units[0])
        self._last_capture = nam
        self._tail_s += engine.receptive_field_frames / engine.sample_rate_hz
        self._warnings += nam.warnings
        self._described.append(
            {
                "kind": "nam",
                "label": engine.label,
                "version": nam.version,
                "sample_rate_hz": engine.sample_rate_hz,
                "num_weights": engine.weight_count,
                "gain_before_db": gain_db,
            }
        )

    def _add_cab(self, position: int, block: CabBlock) -> None:
        with _placed(position):
            mix = load_cab(block, self._sources, self._rate_hz)
        stage = CabStage(mix.response, self._num_channels)
        self._append(_block_name(position, "the cabinet"), stage)
        self._tail_s += mix.response.tail_s
        self._warnings += mix.response.warnings
        self._described.append(
            {
                "kind": "cab",
                "sample_rate_hz": self._rate_hz,
                "num_frames": len(mix.response.taps),
                "is_aligned": block.is_aligned,
                "irs": list(mix.irs),
            }
        )

    def _add_processor(self, position: int, block: ProcessorBlock) -> None:
        with _placed(position):
            kind = block_type(block.processor)
            parameters = validate_parameters(block.processor, block.parameters)
        if not parameters["bypass"]:
            name = _block_name(position, kind.title)
            if kind.is_stereo(parameters) and self._num_channels == 1 and self._is_post(position):
                self._append(name, Widener())
                self._num_channels = 2
            self._append(name, kind.start(parameters, self._rate_hz, self._num_channels))
            self._tail_s += kind.tail_s(parameters)
            self._is_modulated |= kind.is_modulated
        self._described.append(
            {
                "kind": "processor",
                "processor": kind.name,
                "sample_rate_hz": self._rate_hz,
                "parameters": parameters,
            }
        )

    def _is_post(self, position: int) -> bool:
        """Whether a block stands behind the cabinet, where a chain may have two channels.

        The grammar lets no stereo block stand before the amp, and an effects loop is always
        followed by a cabinet.
        """
        blocks = self._recipe.blocks
        return any(isinstance(block, CabBlock) for block in blocks[:position]) or not any(
            isinstance(block, CabBlock) for block in blocks[position:]
        )


def _block_name(position: int, what: str) -> str:
    return f"block {position + 1}, {what}"


@contextmanager
def _placed(position: int) -> Iterator[None]:
    """Puts the block's position in front of the message of any ``PipelineError`` inside."""
    try:
        yield
    except PipelineError as error:
        raise PipelineError(
            error.code,
            f"Block {position + 1}: {error.message}",
            detail=error.detail,
            is_permanent=error.is_permanent,
        ) from error
