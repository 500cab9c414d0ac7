"""A stretch of a chain: from one cut to the next, with its files read, ready for any signal.

A chain is cut behind every capture. What contenders have in common up to a cut is computed once
(``jobs.pipeline.plan``); captures are what costs, so nothing is gained by cutting elsewhere.

One channel goes through a chain until a stereo block behind the cabinet makes two of it. Every
stage answers without delay: latency is compensated inside the stages that have any
(resamplers, cabinets), so a chain's output is in step with its input.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.pipeline.audio.blocks import block_type, validate_parameters
from jobs.pipeline.audio.cab import CabStage
from jobs.pipeline.audio.cab_mix import CabMix, load_cab
from jobs.pipeline.audio.chain import Chain, Link
from jobs.pipeline.audio.nam.engine import NamEngine, build_engine
from jobs.pipeline.audio.nam.file import NamFile, read_nam
from jobs.pipeline.audio.nam.steps import NETWORK_BLOCK_FRAMES
from jobs.pipeline.audio.processors import start_processor
from jobs.pipeline.audio.signal import OUTPUT_SAMPLE_RATE_HZ, EvenBlocks, Resampler, Stage
from jobs.pipeline.audio.space import SpaceResponse, SpaceStage, load_space
from jobs.pipeline.audio.stages import (
    DC_BLOCKER_SETTLING_S,
    DCBlocker,
    GainStage,
    PerChannel,
    Widener,
)
from jobs.pipeline.audio.staging import Staging, gain_between_db, stage_input
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import CabBlock, ChainRecipe, NamBlock, ProcessorBlock, SpaceBlock

# No chain is given more silence than this before its signal. One with something that swings by
# itself gets all of it, so that the swings of all contenders stand at the same point.
_MAX_SETTLING_MS = 5_000
# But one with a space, which remembers for as long as it lasts, where nothing swings.
_MAX_SPACE_SETTLING_MS = 12_000

# Beyond what the blocks say: for the ringing of the resamplers on both sides of a signal.
RINGING_S = 0.020

# What a network is given at a time: always as much, so that the same recipe gives the same
# samples to the bit, and the network lays out its work once.
CAPTURE_FRAMES = 4 * NETWORK_BLOCK_FRAMES


@dataclass(frozen=True, slots=True)
class Entry:
    """What comes into a stretch. ``output_level_dbu``: of the capture before it, if known;
    ``has_capture``: whether there was one."""

    sample_rate_hz: int
    num_channels: int = 1
    has_capture: bool = False
    output_level_dbu: float | None = None


@dataclass(frozen=True, slots=True)
class Laid:
    """A chain for one signal and what is to be said about it.

    ``blocks``: JSON-safe description of every block of the stretch. ``output_level_dbu``: of its
    last capture.
    """

    chain: Chain
    blocks: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]
    output_level_dbu: float | None


class Stretch:
    """The blocks of ``recipe`` from ``start`` on. Reads its captures when it is made.

    ``sources``: the recipe's files by SHA-256. Raises what reading the captures raises, with the
    block's position in front of the message.
    """

    def __init__(self, recipe: ChainRecipe, start: int, sources: Mapping[str, Path]) -> None:
        self.recipe = recipe
        self.start = start
        self.sources = sources
        self.captures: dict[int, tuple[NamFile, NamEngine]] = {}
        self._cabs: dict[tuple[int, int], CabMix] = {}
        self._spaces: dict[tuple[int, int], SpaceResponse] = {}
        for position, block in enumerate(recipe.blocks):
            if position >= start and isinstance(block, NamBlock):
                with _placed(position):
                    nam = read_nam(sources[block.sha256])
                    self.captures[position] = nam, build_engine(nam, block.slim_size)

    def stage_input(self, di_rms_dbfs: float) -> Staging:
        """How hard the DI drives the first capture."""
        first = next(iter(self.captures.values()), None)
        return stage_input(
            self.recipe.input_mode,
            di_rms_dbfs=di_rms_dbfs,
            di_level_dbu=self.recipe.di.input_level_dbu,
            capture_input_level_dbu=first[0].metadata.input_level_dbu if first else None,
        )

    def cab(self, position: int, block: CabBlock, sample_rate_hz: int) -> CabMix:
        """Read once, however many signals go through it."""
        key = position, sample_rate_hz
        if key not in self._cabs:
            with _placed(position):
                self._cabs[key] = load_cab(block, self.sources, sample_rate_hz)
        return self._cabs[key]

    def space(self, position: int, block: SpaceBlock, sample_rate_hz: int) -> SpaceResponse:
        """Read once, however many signals go through it."""
        key = position, sample_rate_hz
        if key not in self._spaces:
            with _placed(position):
                path = self.sources[block.sha256]
                self._spaces[key] = load_space(path, sample_rate_hz, block.settings)
        return self._spaces[key]

    def lay(
        self, entry: Entry, *, input_gain_db: float | None, without_effects: bool = False
    ) -> Laid:
        """A chain for one signal. The last stretch ends with the DC blocker, at 48 kHz.

        ``input_gain_db``: where the chain begins here. ``without_effects``: blocks that add
        something to the signal (those with a mix) let it pass. Raises what reading impulse
        responses raises, and what ``validate_parameters`` raises, naming the block.
        """
        return _Layer(self, entry, input_gain_db, without_effects).lay()


class _Layer:
    def __init__(
        self, stretch: Stretch, entry: Entry, input_gain_db: float | None, without_effects: bool
    ) -> None:
        self._stretch = stretch
        self._recipe = stretch.recipe
        self._without_effects = without_effects
        self._rate_hz = entry.sample_rate_hz
        self._num_channels = entry.num_channels
        self._rates_hz = {entry.sample_rate_hz}
        self._has_capture = entry.has_capture
        self._output_level_dbu = entry.output_level_dbu
        self._links: list[Link] = []
        self._described: list[dict[str, Any]] = []
        self._warnings: list[str] = []
        self._tail_s = 0.0
        self._is_modulated = False
        self._max_settling_ms = _MAX_SETTLING_MS
        if input_gain_db is not None:
            engines = [engine for _, engine in stretch.captures.values()]
            self._resample(engines[0].sample_rate_hz if engines else OUTPUT_SAMPLE_RATE_HZ)
            self._append("the input", GainStage(input_gain_db, self._num_channels))

    def lay(self) -> Laid:
        for position in range(self._stretch.start, len(self._recipe.blocks)):
            block = self._recipe.blocks[position]
            match block:
                case NamBlock():
                    self._add_capture(position)
                case CabBlock():
                    self._add_cab(position, block)
                case SpaceBlock():
                    self._add_space(position, block)
                case ProcessorBlock():
                    self._add_processor(position, block)
        if not self._recipe.is_prefix:
            self._append("the DC blocker", DCBlocker(self._rate_hz, self._num_channels))
            self._tail_s += DC_BLOCKER_SETTLING_S
            self._resample(OUTPUT_SAMPLE_RATE_HZ)
        chain = Chain(
            links=tuple(self._links),
            num_channels=self._num_channels,
            sample_rate_hz=self._rate_hz,
            tail_s=self._tail_s + RINGING_S,
            settling_ms=self._settling_ms(),
            is_still=not (self._stretch.captures or self._is_modulated),
        )
        return Laid(
            chain,
            tuple(self._described),
            tuple(dict.fromkeys(self._warnings)),
            self._output_level_dbu,
        )

    def _settling_ms(self) -> int:
        """In steps that are a whole number of frames at every rate on the way."""
        if self._is_modulated:
            return _MAX_SETTLING_MS
        step_ms = 100 if all(rate_hz % 10 == 0 for rate_hz in self._rates_hz) else 1000
        wanted_ms = 1000.0 * (self._tail_s + 2.0 * RINGING_S)
        return min(step_ms * math.ceil(wanted_ms / step_ms), self._max_settling_ms)

    def _append(self, name: str, stage: Stage) -> None:
        self._links.append(Link(name, stage))

    def _resample(self, to_rate_hz: int) -> None:
        if to_rate_hz != self._rate_hz:
            stage = Resampler(self._rate_hz, to_rate_hz, self._num_channels)
            self._append("the resampler", stage)
            self._rate_hz = to_rate_hz
            self._rates_hz.add(to_rate_hz)

    def _add_capture(self, position: int) -> None:
        nam, engine = self._stretch.captures[position]
        self._resample(engine.sample_rate_hz)
        name = _block_name(position, f"the capture {(nam.metadata.name or engine.label)[:60]!r}")
        gain_db = None
        if self._has_capture:
            gain_db = gain_between_db(
                self._recipe.input_mode,
                output_level_dbu=self._output_level_dbu,
                input_level_dbu=nam.metadata.input_level_dbu,
            )
        if gain_db is not None:
            self._append(f"the level ahead of {name}", GainStage(gain_db, self._num_channels))
        # A capture has one input: behind a stereo block there are two of it.
        units = [EvenBlocks(engine.start(), CAPTURE_FRAMES, 1) for _ in range(self._num_channels)]
        self._append(name, PerChannel(units) if len(units) > 1 else units[0])
        self._has_capture = True
        self._output_level_dbu = nam.metadata.output_level_dbu
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
        mix = self._stretch.cab(position, block, self._rate_hz)
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

    def _add_space(self, position: int, block: SpaceBlock) -> None:
        response = self._stretch.space(position, block, self._rate_hz)
        if block.mix_pct:
            name = _block_name(position, "the space")
            if response.is_stereo:
                self._widen(position, name)
            if not self._without_effects:
                stage = SpaceStage(response, self._num_channels, block.mix_pct)
                self._append(name, stage)
                self._tail_s += response.tail_s
                self._max_settling_ms = _MAX_SPACE_SETTLING_MS
        self._warnings += response.warnings
        self._warn_of_nothing_dry("space", block.mix_pct)
        self._described.append(
            {
                "kind": "space",
                "sample_rate_hz": self._rate_hz,
                "num_frames": response.taps.shape[1],
                "mix_pct": block.mix_pct,
                **response.facts,
            }
        )

    def _warn_of_nothing_dry(self, title: str, mix_pct: float) -> None:
        """The sweep of the time alignment passes what is heard beside the dry signal."""
        if mix_pct == 100.0:
            self._warnings.append(
                f"Nothing is heard beside the {title} (mix 100 %): the time it takes to answer is "
                "not taken out by the time alignment."
            )

    def _widen(self, position: int, name: str) -> None:
        """Two channels from here on, where a chain may have two and has one."""
        if self._num_channels == 1 and self._recipe.is_behind_cab(position):
            self._append(name, Widener())
            self._num_channels = 2

    def _add_processor(self, position: int, block: ProcessorBlock) -> None:
        with _placed(position):
            kind = block_type(block.processor)
            parameters = validate_parameters(block.processor, block.parameters)
        if not parameters["bypass"]:
            name = _block_name(position, kind.title)
            if kind.is_stereo(parameters):
                self._widen(position, name)
            if not (self._without_effects and "mix_pct" in parameters):
                self._append(
                    name, start_processor(kind.name, parameters, self._rate_hz, self._num_channels)
                )
                self._tail_s += kind.tail_s(parameters)
                self._is_modulated |= kind.is_modulated
            if kind.tail_s(parameters) and not kind.is_modulated:
                self._warn_of_nothing_dry(kind.title.lower(), parameters.get("mix_pct", 0.0))
        self._described.append(
            {
                "kind": "processor",
                "processor": kind.name,
                "sample_rate_hz": self._rate_hz,
                "parameters": parameters,
            }
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
