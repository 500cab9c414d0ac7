"""The bridge between rows and the pipeline: rows to recipes, facts to rows. What computes is in
``segment_audio``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

from django.conf import settings
from django.template.loader import render_to_string
from msgspec import UNSET

from gear.chains.describe import describe_chain
from gear.models import Block, BlockIR, Capture, SignalChain
from jobs.files.storage import fetch_file, stored_name
from jobs.pipeline.block_recipe import UsedCapture, captured_block
from jobs.pipeline.formats.shootout_info import (
    ContenderInfo,
    DIInfo,
    GearLine,
    ShootoutInfo,
)
from jobs.pipeline.measure.di_facts import CHANNELS, ChannelLevels, DIProbe, channel_finding
from jobs.pipeline.recipe import (
    BlockRecipe,
    ChannelChoice,
    ChannelRule,
    DISource,
    ProcessorBlock,
    SegmentRecipe,
)
from jobs.pipeline.vocabulary.options import InputMode
from shootouts.models import ChainPreview, DITrack, Segment, Shootout


def shootout_info(
    shootout: Shootout, di_tracks: Sequence[DITrack], contenders: Sequence[tuple[str, SignalChain]]
) -> ShootoutInfo:
    """What a render says about itself; ``contenders``: label and chain."""
    return ShootoutInfo(
        title=shootout.title,
        description=shootout.description,
        options=shootout.options,
        dis=tuple(
            DIInfo(
                name=track.name,
                sha256=track.sha256,
                guitar=track.guitar,
                pickup=track.pickup,
                tuning=track.tuning,
                bpm=track.bpm,
                notes=track.notes,
            )
            for track in di_tracks
        ),
        contenders=tuple(
            ContenderInfo(label, tuple(GearLine(**line) for line in describe_chain(chain)))
            for label, chain in contenders
        ),
    )


def di_found(probe: DIProbe) -> dict[str, Any]:
    """What the inspection of a recording found, by the columns of its row."""
    return {
        "format": probe.format,
        "sample_rate_hz": probe.sample_rate_hz,
        "num_channels": probe.num_channels,
        "duration_s": probe.duration_s,
        "info": probe.as_json(),
    }


def used_channel(track: DITrack, choice: ChannelChoice) -> ChannelRule:
    """``auto`` is what the inspection found right.

    Tracks that were inspected before channels were looked at are mixed, as they were then.
    """
    if choice != "auto":
        return choice
    found: ChannelRule = track.info.get("channels", {}).get("rule", "mix")
    return found


def current_report(track: DITrack) -> list[dict[str, Any]]:
    """The report on a recording; of its channels by the rule that is chosen now."""
    report: list[dict[str, Any]] = track.info.get("report") or []
    channels = track.info.get("channels")
    if channels is None:
        return report
    rule = used_channel(track, track.channel_rule)  # type: ignore[arg-type]  # the same words
    finding = channel_finding(ChannelLevels(**channels), rule)
    others = [found for found in report if found["code"] != CHANNELS]
    return others if finding is None else [asdict(finding), *others]


def di_source(track: DITrack) -> DISource:
    """What of a recording is played, and how."""
    return DISource(
        track.sha256,
        channel_rule=used_channel(track, track.channel_rule),  # type: ignore[arg-type]  # the same words
        input_level_dbu=track.input_level_dbu,
        start_s=track.start_s,
        end_s=track.end_s,
    )


def passage_source(track: DITrack, start_s: float, end_s: float) -> DISource:
    """A part of what is played, which drives an amp as the whole does: its level is that of the
    whole recording, where an inspection has measured it."""
    source = di_source(track)
    channels = track.info.get("channels")
    level_dbfs = ChannelLevels(**channels).level_dbfs(source.channel_rule) if channels else None
    return DISource(
        source.sha256,
        channel_rule=source.channel_rule,
        input_level_dbu=source.input_level_dbu,
        start_s=start_s,
        end_s=end_s,
        rms_dbfs=UNSET if level_dbfs is None else level_dbfs,
    )


def segment_recipe(shootout: Shootout, track: DITrack, chain: SignalChain) -> SegmentRecipe:
    """The recipe of one DI through one chain. The chain must be valid."""
    return blocks_recipe(track, blocks_of(chain), shootout.options.input_mode)


def blocks_recipe(
    track: DITrack, blocks: Iterable[tuple[Block, Iterable[BlockIR]]], input_mode: InputMode
) -> SegmentRecipe:
    """The same of blocks that may belong to no chain, each with the further impulse responses of
    its cabinet."""
    recipes = tuple(block_recipe(block, list(irs)) for block, irs in blocks)
    return SegmentRecipe(di=di_source(track), blocks=recipes, input_mode=input_mode)


def segment_sources(track: DITrack, chain: SignalChain) -> dict[str, str]:
    """Storage names of a recipe's inputs by their SHA-256."""
    return sources_of(track, blocks_of(chain))


# A block, stored or not, and what else of a cabinet stands in it.
WholeBlock: TypeAlias = tuple[Block, Sequence[BlockIR]]


def blocks_of(chain: SignalChain) -> list[WholeBlock]:
    """Of a stored chain. No query when it comes from ``gear.selectors``."""
    return [(block, list(block.extra_irs.all())) for block in chain.blocks.all()]


def sources_of(track: DITrack, blocks: Sequence[WholeBlock]) -> dict[str, str]:
    """As ``segment_sources``."""
    captures = [block.capture for block, _ in blocks]
    captures += [ir.capture for _, irs in blocks for ir in irs]
    return {track.sha256: stored_name(track.file)} | {
        capture.sha256: stored_name(capture.file) for capture in captures if capture is not None
    }


class StoredSources(Mapping[str, Path]):
    """The same, each fetched when it is first asked for: what is kept of a chain's beginning, or
    loaded already, needs no file."""

    def __init__(self, names: Mapping[str, str], folder: Path) -> None:
        self._names = names
        self._folder = folder
        self._paths: dict[str, Path] = {}

    def __getitem__(self, sha256: str) -> Path:
        if sha256 not in self._paths:
            self._paths[sha256] = fetch_file(self._names[sha256], self._folder, sha256=sha256)
        return self._paths[sha256]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def fetch_sources(segment: Segment | ChainPreview, folder: Path) -> dict[str, Path]:
    return {
        sha256: fetch_file(name, folder, sha256=sha256) for sha256, name in segment.sources.items()
    }


def render_svg(template_name: str, context: Any) -> str:
    """The SVG texts of the video come from Django templates; the pipeline only sees a callable."""
    return render_to_string(template_name, context)


def font_paths() -> list[Path]:
    return sorted(Path(settings.BASE_DIR, "static", "fonts").glob("*.[ot]tf"))


def block_recipe(block: Block, extra_irs: Sequence[BlockIR]) -> BlockRecipe:
    """The block must be valid."""
    if block.capture is None:
        return ProcessorBlock(block.processor, block.parameters)
    irs = (_used(ir.capture, ir) for ir in extra_irs if ir.capture is not None)
    return captured_block(block.capture.gear.kind, _used(block.capture, block), irs)


def _used(capture: Capture, row: Block | BlockIR) -> UsedCapture:
    return UsedCapture(capture.sha256, capture.ir_settings, row.parameters)
