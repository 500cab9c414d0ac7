"""The board on which a chain is built, between a form in the browser and ``chain_create``.

A block on the board has a key. The form sends the keys in the order in which the blocks stand,
``block=<key>``, and for each ``<key>-slot``, ``<key>-source`` and its parameters.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from uuid import UUID

from django.http import QueryDict

from accounts.errors import AppError
from gear.models import Capture
from gear.models.chain import Slot
from gear.models.item import GearKind
from gear.services.chains import BlockInput
from jobs.pipeline.audio.blocks import BLOCK_TYPES

CAPTURE = "capture"
_PROCESSOR_PREFIX = "processor:"

# What may stand where; the grammar has the last word.
KINDS_OF_SLOT: dict[str, tuple[str, ...]] = {
    Slot.PRE: (GearKind.PEDAL, GearKind.OUTBOARD),
    Slot.AMP: (GearKind.AMP, GearKind.FULL_RIG),
    Slot.LOOP: (GearKind.PEDAL, GearKind.OUTBOARD),
    Slot.CAB: (GearKind.CAB,),
    Slot.POST: (GearKind.PEDAL, GearKind.OUTBOARD),
}
_HELP_OF_SLOT: dict[str, str] = {
    Slot.PRE: "Pedals and shaping",
    Slot.AMP: "Every chain needs one",
    Slot.LOOP: "Not with a full rig",
    Slot.CAB: "A full rig has its own",
    Slot.POST: "What a desk would do",
}


@dataclass(frozen=True, slots=True)
class ParameterField:
    name: str
    label: str
    unit: str
    minimum: float
    maximum: float
    value: str


@dataclass(slots=True)
class BoardBlock:
    """One block as it stands on the board. ``source``: a capture's id, ``processor:<name>``, or
    nothing chosen yet."""

    key: str
    slot: str
    source: str = ""
    values: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @property
    def processor(self) -> str:
        return self.source.removeprefix(_PROCESSOR_PREFIX) if self.is_processor else ""

    @property
    def is_processor(self) -> bool:
        return self.source.startswith(_PROCESSOR_PREFIX)

    @property
    def is_fixed(self) -> bool:
        """The amp and the cab have one place each; other blocks come, go and move."""
        return self.slot in (Slot.AMP, Slot.CAB)

    @property
    def title(self) -> str:
        return BLOCK_TYPES[self.processor].title if self.is_processor else "Capture"

    @property
    def is_bypassed(self) -> bool:
        return "bypass" in self.values

    @property
    def parameters(self) -> list[ParameterField]:
        if not self.is_processor:
            return []
        return [
            ParameterField(
                name=parameter.name,
                label=parameter.label,
                unit=parameter.unit,
                minimum=parameter.minimum,
                maximum=parameter.maximum,
                value=self.values.get(parameter.name, f"{parameter.default:g}"),
            )
            for parameter in BLOCK_TYPES[self.processor].parameters
        ]

    def as_input(self) -> BlockInput | None:
        """What the service takes; None while nothing is chosen, or when a number is none."""
        if self.is_processor:
            parameters: dict[str, float | bool] = {"bypass": self.is_bypassed}
            for parameter in self.parameters:
                try:
                    parameters[parameter.name] = float(parameter.value.replace(",", "."))
                except ValueError:
                    self.errors.append(f"{parameter.label}: this is not a number.")
            if self.errors:
                return None
            return BlockInput(
                slot=self.slot, capture_id=None, processor=self.processor, parameters=parameters
            )
        try:
            capture_id = UUID(self.source)
        except ValueError:
            return None
        return BlockInput(slot=self.slot, capture_id=capture_id, processor="", parameters={})


@dataclass(slots=True)
class Board:
    name: str = ""
    blocks: list[BoardBlock] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    name_errors: list[str] = field(default_factory=list)

    def slots(self) -> Iterator[tuple[Slot, str, list[BoardBlock]]]:
        """The places in playing order with what stands there."""
        for slot in Slot:
            yield slot, _HELP_OF_SLOT[slot], [block for block in self.blocks if block.slot == slot]

    @property
    def used_blocks(self) -> list[BoardBlock]:
        return [block for block in self.blocks if block.source]

    @property
    def has_errors(self) -> bool:
        return bool(self.errors or self.name_errors or any(block.errors for block in self.blocks))

    def as_inputs(self) -> list[BlockInput]:
        """In playing order. Findings about numbers are on the blocks afterwards."""
        inputs = [block.as_input() for block in self.used_blocks]
        return [given for given in inputs if given is not None]

    def add_error(self, error: AppError) -> None:
        """Put the findings of a service beside the blocks they point at (``/blocks/<index>``)."""
        used = self.used_blocks
        for detail in error.details:
            match detail.pointer.strip("/").split("/"):
                case ["blocks", index, *_] if index.isdecimal() and int(index) < len(used):
                    used[int(index)].errors.append(detail.message)
                case ["name", *_]:
                    self.name_errors.append(detail.message)
                case _:
                    self.errors.append(detail.message)
        if not error.details:
            self.errors.append(error.message)


def new_block(slot: str, source: str = "") -> BoardBlock:
    return BoardBlock(key=f"b{secrets.token_hex(4)}", slot=slot, source=source)


def empty_board() -> Board:
    return Board(blocks=[new_block(Slot.AMP), new_block(Slot.CAB)])


def board_from_form(data: QueryDict) -> Board:
    """Whatever was sent, as it stood; unknown slots and processors are left out."""
    blocks = [
        BoardBlock(
            key=key,
            slot=data.get(f"{key}-slot", ""),
            source=data.get(f"{key}-source", ""),
            values={
                name.removeprefix(f"{key}-"): str(value)
                for name, value in data.items()
                if name.startswith(f"{key}-")
            },
        )
        for key in dict.fromkeys(data.getlist("block"))
    ]
    order = {slot: index for index, slot in enumerate(Slot.values)}
    known = [
        block
        for block in blocks
        if block.slot in order and (not block.is_processor or block.processor in BLOCK_TYPES)
    ]
    board = Board(name=data.get("name", "").strip(), blocks=known)
    for slot in (Slot.AMP, Slot.CAB):
        if not any(block.slot == slot for block in board.blocks):
            board.blocks.append(new_block(slot))
    board.blocks.sort(key=lambda block: order[block.slot])
    return board


def suggest_name(board: Board, captures: Mapping[str, Capture]) -> str:
    """``Amp + Cab``, when nobody has thought of a better one."""
    core = [
        captures[block.source].gear.name
        for block in board.blocks
        if block.is_fixed and block.source in captures
    ]
    return " + ".join(core)[:200]


def processor_options(slot: str) -> list[tuple[str, str]]:
    """Names and titles of the built-in processors that may stand at a slot."""
    return [
        (name, block_type.title)
        for name, block_type in BLOCK_TYPES.items()
        if slot in block_type.places
    ]


def capture_options(captures: Iterable[Capture], slot: str) -> list[tuple[str, list[Capture]]]:
    """What may be chosen for a slot, grouped by kind."""
    kinds = KINDS_OF_SLOT.get(slot, ())
    fitting = sorted(
        (capture for capture in captures if capture.gear.kind in kinds),
        key=lambda capture: (kinds.index(capture.gear.kind), str(capture.gear).casefold()),
    )
    return [
        (GearKind(kind).label, list(group))
        for kind, group in groupby(fitting, key=lambda capture: capture.gear.kind)
    ]
