"""The chain form, on which a chain is built: between a form in the browser and ``chain_create``.

A block of it has a key. The form sends the keys in the order in which the blocks stand,
``block=<key>``, and for each ``<key>-slot``, ``<key>-source`` and its parameters. Further impulse
responses of a cabinet have keys of their own, ``<key>-ir=<key of the response>``.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from uuid import UUID

from django.http import QueryDict

from gear import selectors
from gear.models import Block, Capture, SignalChain
from gear.services.chains import BlockInput, IRInput
from gts.web.errors import AppError
from jobs.pipeline.effects.blocks import BLOCK_TYPES, Parameter
from jobs.pipeline.effects.parameters import IR_PARAMETERS, SPACE_MIX
from jobs.pipeline.vocabulary.gear import GearKind, Slot

CAPTURE = "capture"
SPACE = "space"
_PROCESSOR_PREFIX = "processor:"

# Of a block for a space: it has a mix, which no other capture has.
KINDS_OF_SPACE = (GearKind.SPACE,)
# Of the other blocks; the grammar has the last word.
KINDS_OF_SLOT: dict[str, tuple[GearKind, ...]] = {
    slot: tuple(kind for kind in slot.kinds if kind != GearKind.SPACE) for slot in Slot
}


@dataclass(frozen=True, slots=True)
class ParameterField:
    name: str
    label: str
    unit: str
    minimum: float
    maximum: float
    value: str


def _fields(parameters: Iterable[Parameter], values: Mapping[str, str]) -> list[ParameterField]:
    return [
        ParameterField(
            name=parameter.name,
            label=parameter.label,
            unit=parameter.unit,
            minimum=parameter.minimum,
            maximum=parameter.maximum,
            value=values.get(parameter.name, f"{parameter.default:g}"),
        )
        for parameter in parameters
    ]


def _numbers(fields: Iterable[ParameterField], errors: list[str]) -> dict[str, float | bool]:
    """What was typed, as numbers; what is none is told in ``errors`` and left out."""
    numbers: dict[str, float | bool] = {}
    for given in fields:
        try:
            numbers[given.name] = float(given.value.replace(",", "."))
        except ValueError:
            errors.append(f"{given.label}: this is not a number.")
    return numbers


@dataclass(slots=True)
class ChainFormIR:
    """One impulse response of a cabinet, with its own gain, delay and polarity."""

    key: str
    source: str = ""
    values: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @property
    def is_inverted(self) -> bool:
        return "is_inverted" in self.values

    @property
    def parameters(self) -> list[ParameterField]:
        return _fields(IR_PARAMETERS.numbers, self.values)

    def as_parameters(self) -> dict[str, float | bool]:
        return _numbers(self.parameters, self.errors) | {"is_inverted": self.is_inverted}

    def as_input(self) -> IRInput | None:
        """What the service takes; None when it cannot be said, and ``errors`` tell why."""
        parameters = self.as_parameters()
        capture_id = _capture_id(self.source, self.errors)
        return IRInput(capture_id, parameters) if capture_id and not self.errors else None


@dataclass(slots=True)
class ChainFormBlock:
    """One block as it stands in the form. ``source``: a capture's id, ``processor:<name>``, or
    nothing chosen yet. ``extra_irs``: of a cabinet, beside its own. ``is_space``: a place for a
    space, which has a mix."""

    key: str
    slot: str
    source: str = ""
    values: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    extra_irs: list[ChainFormIR] = field(default_factory=list)
    is_space: bool = False

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
    def is_cab(self) -> bool:
        return self.slot == Slot.CAB

    @property
    def is_aligned(self) -> bool:
        return "is_aligned" in self.values

    @property
    def title(self) -> str:
        if self.is_processor:
            return BLOCK_TYPES[self.processor].title
        return "Space" if self.is_space else "Capture"

    @property
    def is_bypassed(self) -> bool:
        return "bypass" in self.values

    @property
    def parameters(self) -> list[ParameterField]:
        if not self.is_processor:
            return _fields((SPACE_MIX,), self.values) if self.is_space else []
        return _fields(BLOCK_TYPES[self.processor].parameters, self.values)

    @property
    def irs(self) -> list[ChainFormIR]:
        """All impulse responses of a cabinet, its own one first."""
        own = ChainFormIR(self.key, self.source, self.values, self.errors)
        return [own, *self.extra_irs]

    @property
    def used_irs(self) -> list[ChainFormIR]:
        """Of the further ones those where something is chosen."""
        return [ir for ir in self.extra_irs if ir.source]

    @property
    def is_used(self) -> bool:
        return bool(self.source or self.used_irs)

    @property
    def has_errors(self) -> bool:
        return bool(self.errors or any(ir.errors for ir in self.extra_irs))

    def as_input(self) -> BlockInput | None:
        """What the service takes; None when it cannot be said, and ``errors`` tell why."""
        parameters: dict[str, float | bool] = {}
        extra: list[IRInput] = []
        if self.is_processor:
            parameters = {"bypass": self.is_bypassed} | _numbers(self.parameters, self.errors)
        elif self.is_cab:
            parameters = {"is_aligned": self.is_aligned} | self.irs[0].as_parameters()
            extra = [given for ir in self.used_irs if (given := ir.as_input()) is not None]
        elif self.is_space:
            parameters = _numbers(self.parameters, self.errors)
        capture_id = None if self.is_processor else _capture_id(self.source, self.errors)
        if self.has_errors:
            return None
        return BlockInput(
            slot=self.slot,
            capture_id=capture_id,
            processor=self.processor,
            parameters=parameters,
            extra_irs=extra,
        )


def _capture_id(source: str, errors: list[str]) -> UUID | None:
    try:
        return UUID(source)
    except ValueError:
        missing = "Choose the first impulse response, or take out the others."
        errors.append("Capture not found." if source else missing)
        return None


@dataclass(slots=True)
class ChainForm:
    name: str = ""
    blocks: list[ChainFormBlock] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    name_errors: list[str] = field(default_factory=list)

    def slots(self) -> Iterator[tuple[Slot, str, list[ChainFormBlock]]]:
        """The places in playing order with what stands there."""
        for slot in Slot:
            yield slot, slot.help, [block for block in self.blocks if block.slot == slot]

    @property
    def used_blocks(self) -> list[ChainFormBlock]:
        return [block for block in self.blocks if block.is_used]

    @property
    def has_errors(self) -> bool:
        on_blocks = any(block.has_errors for block in self.blocks)
        return bool(self.errors or self.name_errors or on_blocks)

    def capture_ids(self) -> set[UUID]:
        """Of everything that is chosen, whether there is such a capture or not."""
        irs = [ir for block in self.blocks if not block.is_processor for ir in block.irs]
        return {uuid for ir in irs if (uuid := _capture_id(ir.source, [])) is not None}

    def as_inputs(self) -> list[BlockInput]:
        """In playing order. Findings about numbers are on the blocks afterwards."""
        inputs = [block.as_input() for block in self.used_blocks]
        return [given for given in inputs if given is not None]

    def add_error(self, error: AppError) -> None:
        """Put the findings of a service beside what they point at: ``/blocks/<index>``, or one of
        its ``/extra_irs/<index>``."""
        used = self.used_blocks
        for detail in error.details:
            match detail.pointer.strip("/").split("/"):
                case ["blocks", block, "extra_irs", ir, *_] if ir.isdecimal():
                    used[int(block)].used_irs[int(ir)].errors.append(detail.message)
                case ["blocks", index, *_] if index.isdecimal() and int(index) < len(used):
                    used[int(index)].errors.append(detail.message)
                case ["name", *_]:
                    self.name_errors.append(detail.message)
                case _:
                    self.errors.append(detail.message)
        if not error.details:
            self.errors.append(error.message)


def new_block(slot: str, source: str = "") -> ChainFormBlock:
    """``source``: ``processor:<name>``, or ``capture`` or ``space`` for one to be chosen."""
    chosen = "" if source in (CAPTURE, SPACE) else source
    return ChainFormBlock(key=_new_key(), slot=slot, source=chosen, is_space=source == SPACE)


def new_ir() -> ChainFormIR:
    return ChainFormIR(key=_new_key())


def _new_key() -> str:
    return f"b{secrets.token_hex(4)}"


def empty_chain_form() -> ChainForm:
    return ChainForm(blocks=[new_block(Slot.AMP), new_block(Slot.CAB)])


def chain_form_from_data(data: QueryDict) -> ChainForm:
    """Whatever was sent, as it stood; unknown slots and processors are left out."""
    blocks = [
        ChainFormBlock(
            key=key,
            slot=data.get(f"{key}-slot", ""),
            source=data.get(f"{key}-source", ""),
            values=_values(data, key),
            extra_irs=[
                ChainFormIR(ir_key, data.get(f"{ir_key}-source", ""), _values(data, ir_key))
                for ir_key in dict.fromkeys(data.getlist(f"{key}-ir"))
            ],
            is_space=data.get(f"{key}-for", "") == SPACE,
        )
        for key in dict.fromkeys(data.getlist("block"))
    ]
    known = [block for block in blocks if block.slot in Slot.values and is_known(block)]
    form = ChainForm(name=data.get("name", "").strip(), blocks=known)
    _complete(form)
    return form


def _complete(form: ChainForm) -> None:
    """The amp and the cab have their places also where nothing is chosen; slots in order."""
    for slot in (Slot.AMP, Slot.CAB):
        if not any(block.slot == slot for block in form.blocks):
            form.blocks.append(new_block(slot))
    order = {slot: index for index, slot in enumerate(Slot.values)}
    form.blocks.sort(key=lambda block: order[block.slot])


def chain_form_of(chain: SignalChain) -> ChainForm:
    """A stored chain, to be changed. What was deleted of it is to be chosen again. No query when
    the chain comes from ``gear.selectors``."""
    blocks = [_stored_block(block) for block in chain.blocks.all()]
    form = ChainForm(name=chain.name, blocks=[block for block in blocks if is_known(block)])
    _complete(form)
    return form


def _stored_block(row: Block) -> ChainFormBlock:
    is_space = row.capture is not None and row.capture.gear.kind == GearKind.SPACE
    return ChainFormBlock(
        key=_new_key(),
        slot=row.slot,
        source=f"{_PROCESSOR_PREFIX}{row.processor}" if row.processor else _source(row.capture),
        values=_stored_values(row.parameters),
        extra_irs=[
            ChainFormIR(_new_key(), _source(ir.capture), _stored_values(ir.parameters))
            for ir in row.extra_irs.all()
        ],
        is_space=is_space,
    )


def _source(capture: Capture | None) -> str:
    return "" if capture is None else str(capture.uuid)


def _stored_values(parameters: Mapping[str, object]) -> dict[str, str]:
    """As a form sends them: a switch that is off is not sent."""
    return {
        name: "on" if value is True else f"{value}"
        for name, value in parameters.items()
        if value is not False
    }


def is_known(block: ChainFormBlock) -> bool:
    """Whether there is such a block; a space stands at the end of a chain."""
    if block.is_space:
        return block.slot == Slot.POST and not block.is_processor
    return not block.is_processor or block.processor in BLOCK_TYPES


def kinds_at(slot: str, *, is_space: bool = False) -> tuple[GearKind, ...]:
    """The kinds of gear that may be chosen at a place."""
    return KINDS_OF_SPACE if is_space else KINDS_OF_SLOT.get(slot, ())


def _values(data: QueryDict, key: str) -> dict[str, str]:
    return {
        name.removeprefix(f"{key}-"): str(value)
        for name, value in data.items()
        if name.startswith(f"{key}-")
    }


def suggest_name(form: ChainForm, captures: Mapping[UUID, Capture]) -> str:
    """``Amp + Cab``, when no one has thought of a better one."""
    titles = {str(uuid): capture.title for uuid, capture in captures.items()}
    core = [
        titles[block.source] for block in form.blocks if block.is_fixed and block.source in titles
    ]
    return " + ".join(filter(None, core))[:200]


def processor_options(slot: str) -> list[tuple[str, str]]:
    """Names and titles of the built-in processors that may stand at a slot."""
    return [
        (name, block_type.title)
        for name, block_type in BLOCK_TYPES.items()
        if slot in block_type.places
    ]


@dataclass(frozen=True, slots=True)
class CaptureOptions:
    """What may be chosen at one place, by kind."""

    kinds: Sequence[str]
    groups: list[tuple[str, list[Capture]]]
    num_found: int
    is_long: bool  # there may be more than is offered


def capture_options(
    found: Collection[Capture], kinds: Sequence[str], chosen: Iterable[Capture] = ()
) -> CaptureOptions:
    """Of what was found, and what is chosen already whether it was found or not."""
    offered = {capture.pk: capture for capture in (*found, *chosen) if capture.gear.kind in kinds}
    fitting = sorted(
        offered.values(),
        key=lambda capture: (kinds.index(capture.gear.kind), str(capture.gear).casefold()),
    )
    groups = [
        (GearKind(kind).label, list(group))
        for kind, group in groupby(fitting, key=lambda capture: capture.gear.kind)
    ]
    return CaptureOptions(kinds, groups, len(found), is_long=len(found) >= selectors.MAX_OFFERED)
