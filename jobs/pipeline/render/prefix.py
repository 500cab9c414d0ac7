"""The beginnings of chains as files: what several contenders share is computed once.

A chain is cut behind a capture. The file of a cut is a float32 WAV at the rate of that capture,
which holds the signals of ``chain_run`` one after the other: the DI with its tail, and the probes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np

from jobs.pipeline.files import replacing
from jobs.pipeline.recipe import PrefixRecipe, recipe_digest
from jobs.pipeline.render.chain import Signal
from jobs.pipeline.render.input_gain import InputGain
from jobs.pipeline.signal.encode import WavF32File
from jobs.pipeline.signal.samples import FloatArray

SignalName: TypeAlias = Literal["di", "tone", "sweep"]
# In the order of the file.
PROBES: tuple[SignalName, ...] = ("tone", "sweep")
SIGNALS: tuple[SignalName, ...] = ("di", *PROBES)


@dataclass(frozen=True, slots=True)
class RenderContext:
    """What is known at a cut, JSON-safe.

    ``num_blocks``: how many lie before it; ``blocks`` describes them. ``di_num_frames``: of the DI
    itself, without tails, at 48 kHz. The last two are about the newest capture.
    """

    num_blocks: int
    di_num_frames: int
    staging: InputGain
    blocks: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]
    has_capture: bool = False
    output_level_dbu: float | None = None


@dataclass(frozen=True, slots=True)
class RenderState:
    """The signals at the beginning of a chain or at a cut; probes that were lost are missing."""

    context: RenderContext
    signals: Mapping[SignalName, Signal]


@dataclass(frozen=True, slots=True)
class Part:
    """A signal in the file. ``rest``: its DC offset, one value per channel."""

    start_frame: int
    num_frames: int
    rest: tuple[float, ...]

    @classmethod
    def of(cls, start_frame: int, num_frames: int, dc_offset: FloatArray) -> Part:
        return cls(start_frame, num_frames, tuple(float(value) for value in dc_offset[:, 0]))


@dataclass(frozen=True, slots=True)
class Prefix:
    """A beginning that has been computed. ``parts``: less the probes that did not come through."""

    path: Path
    context: RenderContext
    parts: Mapping[SignalName, Part]

    def open(self) -> RenderState:
        """Raises what ``WavF32File`` raises."""
        file = WavF32File.open(self.path)
        signals = {
            name: Signal(
                file.sample_rate_hz,
                part.num_frames,
                np.array(part.rest, dtype=np.float32)[:, np.newaxis],
                partial(file.chunks, part.start_frame, part.num_frames),
            )
            for name, part in self.parts.items()
        }
        return RenderState(self.context, signals)

    def as_json(self) -> dict[str, Any]:
        """All but the path."""
        parts = {name: self.parts.get(name) for name in SIGNALS}
        return {
            "facts": asdict(self.context),
            **{name: part and asdict(part) for name, part in parts.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], path: Path) -> Prefix:
        """The inverse of ``as_json``, also after a passage through JSON text."""
        facts = data["facts"]
        context = RenderContext(
            **{
                **facts,
                "staging": InputGain(**facts["staging"]),
                "blocks": tuple(facts["blocks"]),
                "warnings": tuple(facts["warnings"]),
            }
        )
        parts = {
            name: Part(part["start_frame"], part["num_frames"], tuple(part["rest"]))
            for name in SIGNALS
            if (part := data[name]) is not None
        }
        return cls(path, context, parts)


class PrefixStore(Protocol):
    """Where prefixes are kept: a folder of one run, or a cache that outlives it."""

    def find(self, recipe: PrefixRecipe) -> Prefix | None:
        """One that was kept before; its file can be read as long as this run lasts."""
        ...

    def new_path(self, recipe: PrefixRecipe) -> Path:
        """A local path to render to."""
        ...

    def keep(self, recipe: PrefixRecipe, prefix: Prefix) -> None:
        """Called with a whole file at ``new_path``. Keeping it twice is harmless."""
        ...


class FolderPrefixes:
    """Prefixes in a folder, for as long as the folder lives."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def find(self, recipe: PrefixRecipe) -> Prefix | None:
        path = self.new_path(recipe)
        described = path.with_suffix(".json")
        if not described.is_file():
            return None
        return Prefix.from_json(json.loads(described.read_text()), path)

    def new_path(self, recipe: PrefixRecipe) -> Path:
        return self._folder / f"{recipe_digest(recipe)}.wav"

    def keep(self, recipe: PrefixRecipe, prefix: Prefix) -> None:
        with replacing(prefix.path.with_suffix(".json"), is_lasting=False) as temporary:
            temporary.write_text(json.dumps(prefix.as_json(), allow_nan=False))
