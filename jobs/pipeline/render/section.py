"""A section of a chain, from one cut to the next, with its files read, ready for any signal.

A chain is cut behind every capture. What contenders have in common up to a cut is computed once
(``jobs.pipeline.recipe``); captures are what costs, so nothing is gained by cutting elsewhere.

One channel goes through a chain until a stereo block behind the cabinet makes two of it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from jobs.pipeline.effects.blocks import block_type, validate_parameters
from jobs.pipeline.effects.parameters import BlockType, Values
from jobs.pipeline.effects.processors import start_processor
from jobs.pipeline.errors import naming
from jobs.pipeline.nam.engine import NamEngine
from jobs.pipeline.nam.file import NamFile
from jobs.pipeline.nam.loaded import loaded_captures
from jobs.pipeline.nam.network import NETWORK_CHUNK_FRAMES
from jobs.pipeline.recipe import CabBlock, ChainRecipe, NamBlock, ProcessorBlock, SpaceBlock
from jobs.pipeline.render.cab import CabMix, CabProcessor, load_cab
from jobs.pipeline.render.chain import (
    DC_BLOCKER_SETTLING_S,
    Chain,
    DCBlocker,
    GainProcessor,
    MonoToStereo,
    PerChannel,
    Signal,
)
from jobs.pipeline.render.input_gain import gain_between_db
from jobs.pipeline.render.prefix import RenderState
from jobs.pipeline.render.space import SpaceProcessor, SpaceResponse, load_space
from jobs.pipeline.signal.samples import OUTPUT_SAMPLE_RATE_HZ, EvenChunks

# What a network is given at a time: always as much, so that the same recipe gives the same
# samples to the bit, and the network lays out its work once.
CAPTURE_FRAMES = 4 * NETWORK_CHUNK_FRAMES

# A space remembers for as long as it lasts: where nothing swings, it may settle for this long.
_MAX_SPACE_SETTLING_MS = 12_000


class SectionBlock(Protocol):
    """A block where it stands. Its file is read when it is first needed, and once for all signals.

    ``described``: JSON-safe, what is told of it.
    """

    @property
    def described(self) -> dict[str, Any]: ...

    @property
    def warnings(self) -> tuple[str, ...]: ...

    def add_to(self, chain: Chain, *, without_effects: bool) -> None:
        """``without_effects``: what adds something to the signal (has a mix) lets it pass."""
        ...


@dataclass(frozen=True, slots=True)
class Capture:
    """``gain_before_db``: from the capture ahead of it, where both are calibrated."""

    position: int
    nam: NamFile
    engine: NamEngine
    gain_before_db: float | None

    def add_to(self, chain: Chain, *, without_effects: bool) -> None:
        chain.resample(self.engine.sample_rate_hz)
        num_channels = chain.num_channels
        title = (self.nam.metadata.name or self.engine.label)[:60]
        name = _block_name(self.position, f"the capture {title!r}")
        if self.gain_before_db is not None:
            gain = GainProcessor(self.gain_before_db, num_channels)
            chain.append(f"the level ahead of {name}", gain)
        # A capture has one input: behind a stereo block there are two of it.
        units = [EvenChunks(self.engine.start(), CAPTURE_FRAMES, 1) for _ in range(num_channels)]
        memory_s = self.engine.receptive_field_frames / self.engine.sample_rate_hz
        chain.append(name, PerChannel(units) if len(units) > 1 else units[0], memory_s)
        chain.is_still = False

    @property
    def described(self) -> dict[str, Any]:
        return {
            "kind": "nam",
            "label": self.engine.label,
            "version": self.nam.version,
            "sample_rate_hz": self.engine.sample_rate_hz,
            "num_weights": self.engine.weight_count,
            "gain_before_db": self.gain_before_db,
        }

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(self.nam.warnings)


@dataclass(frozen=True)
class Cab:
    position: int
    recipe: CabBlock
    sources: Mapping[str, Path]
    sample_rate_hz: int

    @functools.cached_property
    def mix(self) -> CabMix:
        with _naming(self.position):
            return load_cab(self.recipe, self.sources, self.sample_rate_hz)

    def add_to(self, chain: Chain, *, without_effects: bool) -> None:
        response = self.mix.response
        cab = CabProcessor(response, chain.num_channels)
        chain.append(_block_name(self.position, "the cabinet"), cab, response.tail_s)

    @property
    def described(self) -> dict[str, Any]:
        return {
            "kind": "cab",
            "sample_rate_hz": self.sample_rate_hz,
            "num_frames": len(self.mix.response.taps),
            "is_aligned": self.recipe.is_aligned,
            "irs": list(self.mix.irs),
        }

    @property
    def warnings(self) -> tuple[str, ...]:
        return self.mix.response.warnings


@dataclass(frozen=True)
class Space:
    """``may_widen``: a chain may have two channels from here on."""

    position: int
    recipe: SpaceBlock
    sources: Mapping[str, Path]
    sample_rate_hz: int
    may_widen: bool

    @functools.cached_property
    def response(self) -> SpaceResponse:
        with _naming(self.position):
            path = self.sources[self.recipe.sha256]
            return load_space(path, self.sample_rate_hz, self.recipe.settings)

    def add_to(self, chain: Chain, *, without_effects: bool) -> None:
        response, mix_pct = self.response, self.recipe.mix_pct
        if not mix_pct:
            return
        name = _block_name(self.position, "the space")
        if response.is_stereo and self.may_widen:
            _widen(chain, name)
        if not without_effects:
            space = SpaceProcessor(response, chain.num_channels, mix_pct)
            chain.append(name, space, response.tail_s)
            chain.max_settling_ms = _MAX_SPACE_SETTLING_MS

    @property
    def described(self) -> dict[str, Any]:
        return {
            "kind": "space",
            "sample_rate_hz": self.sample_rate_hz,
            "num_frames": self.response.taps.shape[1],
            "mix_pct": self.recipe.mix_pct,
            **self.response.facts,
        }

    @property
    def warnings(self) -> tuple[str, ...]:
        return (*self.response.warnings, *_nothing_dry("space", self.recipe.mix_pct))


@dataclass(frozen=True)
class Effect:
    """A built-in processor. ``may_widen``: as of a space."""

    position: int
    recipe: ProcessorBlock
    sample_rate_hz: int
    may_widen: bool

    @functools.cached_property
    def kind(self) -> BlockType:
        with _naming(self.position):
            return block_type(self.recipe.processor)

    @functools.cached_property
    def parameters(self) -> Values:
        """All of them. Raises what ``validate_parameters`` raises."""
        with _naming(self.position):
            return validate_parameters(self.recipe.processor, self.recipe.parameters)

    def add_to(self, chain: Chain, *, without_effects: bool) -> None:
        kind, parameters = self.kind, self.parameters
        if parameters["bypass"]:
            return
        name = _block_name(self.position, kind.title)
        if kind.is_stereo(parameters) and self.may_widen:
            _widen(chain, name)
        if not (without_effects and "mix_pct" in parameters):
            processor = start_processor(
                kind.name, parameters, self.sample_rate_hz, chain.num_channels
            )
            chain.append(name, processor, kind.tail_s(parameters))
            if kind.is_modulated:
                chain.is_modulated, chain.is_still = True, False

    @property
    def described(self) -> dict[str, Any]:
        return {
            "kind": "processor",
            "processor": self.kind.name,
            "sample_rate_hz": self.sample_rate_hz,
            "parameters": self.parameters,
        }

    @property
    def warnings(self) -> tuple[str, ...]:
        kind, parameters = self.kind, self.parameters
        if parameters["bypass"] or kind.is_modulated or not kind.tail_s(parameters):
            return ()
        return _nothing_dry(kind.title.lower(), parameters.get("mix_pct", 0.0))


def _widen(chain: Chain, name: str) -> None:
    """Two channels from here on, where there is one."""
    if chain.num_channels == 1:
        chain.append(name, MonoToStereo())
        chain.num_channels = 2


def _nothing_dry(title: str, mix_pct: float) -> tuple[str, ...]:
    """The sweep of the time alignment passes what is heard beside the dry signal."""
    if mix_pct != 100.0:
        return ()
    return (
        f"Nothing is heard beside the {title} (mix 100 %): the time it takes to answer is "
        "not taken out by the time alignment.",
    )


class ChainSection:
    """The blocks of ``recipe`` from its beginning on, or from where the signals ``ahead`` stand.

    ``sources``: the recipe's files by SHA-256; captures are read at once. ``sample_rate_hz``: at
    the beginning of the section. ``input_level_dbu``: of its first capture; ``output_level_dbu``:
    of the last capture up to its end; ``None`` where there is none or it is not known. Raises what
    reading the captures raises, with the block's position in front of the message; ``chain`` does
    the same of everything else.
    """

    def __init__(
        self, recipe: ChainRecipe, sources: Mapping[str, Path], ahead: RenderState | None
    ) -> None:
        self.recipe = recipe
        self.sources = sources
        self.blocks: list[SectionBlock] = []
        start = ahead.context.num_blocks if ahead else 0
        captures = {
            position: _read_capture(position, block, sources)
            for position, block in enumerate(recipe.blocks)
            if position >= start and isinstance(block, NamBlock)
        }
        nam, engine = next(iter(captures.values()), (None, None))
        self._is_first = ahead is None
        self.has_capture = nam is not None
        self.input_level_dbu = nam.metadata.input_level_dbu if nam else None
        if ahead is None:
            # Blocks ahead of the first capture are at its rate.
            self.sample_rate_hz = engine.sample_rate_hz if engine else OUTPUT_SAMPLE_RATE_HZ
            self.output_level_dbu = None
        else:
            self.sample_rate_hz = ahead.signals["di"].sample_rate_hz
            self.output_level_dbu = ahead.context.output_level_dbu
        rate_hz = self.sample_rate_hz
        for position, block in enumerate(recipe.blocks[start:], start):
            may_widen = recipe.is_behind_cab(position)
            match block:
                case NamBlock():
                    nam, engine = captures[position]
                    gain_db = gain_between_db(
                        recipe.input_mode,
                        output_level_dbu=self.output_level_dbu,
                        input_level_dbu=nam.metadata.input_level_dbu,
                    )
                    self.blocks.append(Capture(position, nam, engine, gain_db))
                    self.output_level_dbu = nam.metadata.output_level_dbu
                    rate_hz = engine.sample_rate_hz
                case CabBlock():
                    self.blocks.append(Cab(position, block, sources, rate_hz))
                case SpaceBlock():
                    self.blocks.append(Space(position, block, sources, rate_hz, may_widen))
                case ProcessorBlock():
                    self.blocks.append(Effect(position, block, rate_hz, may_widen))

    def chain(
        self, signal: Signal, *, input_gain_db: float, without_effects: bool = False
    ) -> Chain:
        """The processors for one signal. At the end of the recipe they lead to the output's rate.

        ``input_gain_db``: applied if the chain begins here.
        """
        chain = Chain(signal)
        if self._is_first:
            chain.resample(self.sample_rate_hz)
            chain.append("the input", GainProcessor(input_gain_db, chain.num_channels))
        for block in self.blocks:
            block.add_to(chain, without_effects=without_effects)
        if not self.recipe.is_prefix:
            dc_blocker = DCBlocker(chain.sample_rate_hz, chain.num_channels)
            chain.append("the DC blocker", dc_blocker, DC_BLOCKER_SETTLING_S)
            chain.resample(OUTPUT_SAMPLE_RATE_HZ)
        return chain


def _read_capture(
    position: int, block: NamBlock, sources: Mapping[str, Path]
) -> tuple[NamFile, NamEngine]:
    with _naming(position):
        return loaded_captures.get(block.sha256, block.slim_size, lambda: sources[block.sha256])


def _naming(position: int) -> AbstractContextManager[None]:
    """Whatever is found wrong inside is told with the block's position."""
    return naming(f"Block {position + 1}")


def _block_name(position: int, what: str) -> str:
    return f"block {position + 1}, {what}"
