"""What becomes of a draft: its line-up, what keeps it from being rendered, a title, an estimate."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from django.conf import settings

from accounts.models import User
from gear.models import Block, BlockIR, SignalChain
from gear.selectors import chain_errors, chain_list
from gts.web.errors import ErrorDetail
from jobs.pipeline.vocabulary.gear import Slot
from shootouts.models import DITrack
from shootouts.selectors import di_track_list
from shootouts.services.assembly import MIN_CONTENDERS
from shootouts.services.draft_cells import Cell, Cells, cells_expand, max_cells
from shootouts.services.draft_document import MAX_TITLE, DraftDocument, DraftEntry

# The blocks of a chain as they sound: two chains that have the same are the same chain.
Signature: TypeAlias = tuple[Hashable, ...]

_NOUNS: Final[Mapping[str, str]] = {
    Slot.PRE: "pedals",
    Slot.AMP: "amps",
    Slot.LOOP: "loop effects",
    Slot.CAB: "cabs",
    Slot.POST: "effects",
}


@dataclass(frozen=True, slots=True)
class Contestant:
    """A contender to be: of a cell, or of a saved chain (None: it was deleted)."""

    label: str
    message: str
    cell: Cell | None = None
    chain: SignalChain | None = None
    chain_id: UUID | None = None

    @property
    def is_valid(self) -> bool:
        return not self.message

    @property
    def blocks(self) -> list[tuple[Block, Sequence[BlockIR]]]:
        """No query when the chain comes from ``gear.selectors``."""
        if self.cell is not None:
            return [(option.block, option.irs) for option in self.cell.blocks]
        if self.chain is None:
            return []
        return [(block, list(block.extra_irs.all())) for block in self.chain.blocks.all()]


@dataclass(frozen=True, slots=True)
class Expansion:
    """``problems``: what keeps it from being rendered, each pointing into the document."""

    document: DraftDocument
    cells: Cells
    tracks: tuple[DITrack, ...]
    line_up: tuple[Contestant, ...]
    problems: tuple[ErrorDetail, ...]
    auto_title: str

    @property
    def title(self) -> str:
        return self.document.title.strip() or self.auto_title


def draft_expand(owner: User, document: DraftDocument) -> Expansion:
    """Six queries at most, whatever the draft holds."""
    cells = cells_expand(owner, document)
    ids = [entry.chain_id for entry in document.line_up if entry.chain_id is not None]
    chains = chain_list(owner).filter(uuid__in=ids) if ids else ()
    line_up = tuple(_line_up(document, cells, {chain.uuid: chain for chain in chains}))
    rows = di_track_list(owner).filter(uuid__in=document.di_tracks) if document.di_tracks else ()
    found = {track.uuid: track for track in rows}
    wanted = dict.fromkeys(document.di_tracks)
    tracks = tuple(found[uuid] for uuid in wanted if uuid in found)
    problems = [
        *_problems_of_tracks(document, found),
        *_problems_of_slots(cells),
        *_problems_of_line_up(line_up, cells),
    ]
    return Expansion(
        document=document,
        cells=cells,
        tracks=tracks,
        line_up=line_up,
        problems=tuple(problems),
        auto_title=_auto_title(document, cells, line_up, tracks),
    )


# The line-up --------------------------------------------------------------------------------------


def _line_up(
    document: DraftDocument, cells: Cells, chains: Mapping[UUID, SignalChain]
) -> Iterator[Contestant]:
    """In the order of the draft; cells that it does not name follow."""
    by_key = {cell.key: cell for cell in cells.cells}
    named: set[str | UUID] = set()
    for entry in document.line_up:
        name = entry.cell or entry.chain_id
        if name is None or name in named:
            continue
        named.add(name)
        if entry.chain_id is not None:
            yield _of_chain(entry, chains.get(entry.chain_id))
        elif (cell := by_key.get(entry.cell)) is not None and cell.is_in_line_up:
            yield _of_cell(cell, entry.label)
    for cell in cells.cells:
        if cell.is_in_line_up and cell.key not in named:
            yield _of_cell(cell)


def _of_cell(cell: Cell, label: str = "") -> Contestant:
    message = cell.errors[0].message if cell.errors else ""
    return Contestant(label.strip() or cell.label, message, cell=cell)


def _of_chain(entry: DraftEntry, chain: SignalChain | None) -> Contestant:
    if chain is None:
        label = entry.label.strip() or "Deleted chain"
        return Contestant(label, "This chain was deleted.", chain_id=entry.chain_id)
    errors = chain_errors(chain)
    return Contestant(
        entry.label.strip() or chain.name,
        errors[0].message if errors else "",
        chain=chain,
        chain_id=chain.uuid,
    )


def signature_of(blocks: Iterable[tuple[Block, Sequence[BlockIR]]]) -> Signature:
    return tuple(
        (
            block.slot,
            block.capture_id,
            block.processor,
            tuple(sorted(block.parameters.items())),
            tuple((ir.capture_id, tuple(sorted(ir.parameters.items()))) for ir in irs),
        )
        for block, irs in blocks
    )


# What keeps it from being rendered ----------------------------------------------------------------


def _problems_of_tracks(
    document: DraftDocument, found: Mapping[UUID, DITrack]
) -> Iterator[ErrorDetail]:
    pointer = "/document/di_tracks"
    if not document.di_tracks:
        yield ErrorDetail(pointer, "REQUIRED", "Choose a DI track.")
    for number, uuid in enumerate(document.di_tracks):
        track, at = found.get(uuid), f"{pointer}/{number}"
        if track is None:
            yield ErrorDetail(at, "MISSING", "A DI track of this draft was deleted: remove it.")
        elif track.state != "ready":
            yield ErrorDetail(at, "NOT_READY", f"{track.name} is still being checked.")
    num_tracks, limit = len(set(document.di_tracks)), settings.GTS_MAX_DI_TRACKS
    if num_tracks > limit:
        message = f"These are {num_tracks} DI tracks; a shootout takes at most {limit}."
        yield ErrorDetail(pointer, "COUNT", message)


def _problems_of_slots(cells: Cells) -> Iterator[ErrorDetail]:
    if not cells.is_shown:
        message = (
            f"The options make {cells.num_cells:,} chains, and {max_cells()} can be shown: "
            "remove some of them."
        )
        yield ErrorDetail("/document/slots", "TOO_MANY_PERMUTATIONS", message)
    for name, error in cells.broken:
        yield ErrorDetail("/document/slots", error.code, f"{name}: {error.message}")


def _problems_of_line_up(line_up: Sequence[Contestant], cells: Cells) -> Iterator[ErrorDetail]:
    pointer = "/document/line_up"
    for each in line_up:
        if each.cell is None and not each.is_valid:
            code = "MISSING" if each.chain is None else "CHAIN_NOT_PLAYABLE"
            yield ErrorDetail(pointer, code, f"{each.label}: {each.message}")
    limit = settings.GTS_MAX_CONTENDERS
    if len(line_up) > limit:
        message = f"These are {len(line_up)} chains; a shootout takes at most {limit}."
        yield ErrorDetail(pointer, "COUNT", f"{message} Switch some of them off.")
    elif cells.is_shown and len(line_up) < MIN_CONTENDERS:
        message = "Add one more chain: there is nothing to compare the one with."
        message = message if line_up else "Add at least two chains."
        yield ErrorDetail(pointer, "COUNT", message)
    labels: dict[Signature, str] = {}
    for each in line_up:
        signature = signature_of(each.blocks)
        if each.is_valid and signature in labels:
            message = (
                f"“{labels[signature]}” and “{each.label}” are the same chain: remove one of them."
            )
            yield ErrorDetail(pointer, "DUPLICATE", message)
        labels.setdefault(signature, each.label)


# Its title ----------------------------------------------------------------------------------------


def _auto_title(
    document: DraftDocument,
    cells: Cells,
    line_up: Sequence[Contestant],
    tracks: Sequence[DITrack],
) -> str:
    """Such as “3 amps × 3 cabs over Undertow”."""
    what = _what_is_compared(document, line_up)
    if not what:
        return ""
    if len(tracks) > 1:
        over = f" over {len(tracks)} DI tracks"
    else:
        over = f" over {tracks[0].name}" if tracks else ""
    return f"{what[: MAX_TITLE - len(over)]}{over}"[:MAX_TITLE]


def _what_is_compared(document: DraftDocument, line_up: Sequence[Contestant]) -> str:
    playing = [each.cell for each in line_up if each.cell is not None]
    num_saved = len(line_up) - len(playing)
    saved = "" if not num_saved else f"{num_saved} chain{'' if num_saved == 1 else 's'}"
    if not playing:
        return saved
    crossed, optional = [], []
    for number, slot in enumerate(document.slots):
        used = dict.fromkeys(cell.names[number] for cell in playing)
        names = [name for name in used if name]
        if len(used) > 1 and len(names) == 1:
            optional.append(f"with and without {names[0]}")
        elif len(used) > 1:
            crossed.append(f"{len(names)} {_NOUNS.get(slot.slot, 'blocks')}")
        elif names and slot.slot == Slot.AMP:
            crossed.append(names[0])
    text = " ".join([*filter(None, [" × ".join(crossed)]), *optional]) or playing[0].label
    return f"{text} + {saved}" if saved else text
