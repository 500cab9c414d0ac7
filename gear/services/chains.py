"""Signal chains: building and changing them, guidance on the way, presets of their processors."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model

from accounts.models import User
from gear.captures.inspection import distinct_name
from gear.chains.grammar import (
    MAX_BLOCKS,
    UNKNOWN,
    ChainBlock,
    Guidance,
    check_capture,
    check_extra_ir,
    guide_chain,
    validate_chain,
)
from gear.models import Block, BlockIR, Capture, Preset, SignalChain
from gear.models.item import CaptureFormat, FileState, GearKind
from gear.selectors import (
    NO_CAPTURE,
    NO_CHAIN,
    NO_PRESET,
    as_chain_block,
    capture_list,
    has_own_cab,
    may_be_played,
)
from gts.web.errors import DuplicateError, ErrorDetail, Existing, InvalidInputError, NotFoundError
from gts.web.models import revision_check
from jobs.pipeline.effects.blocks import BLOCK_TYPES, validate_parameters
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import MAX_CAB_IRS

ONE_SOURCE = "A block is either a capture or a built-in processor."
ONE_OF_THREE = "A block is a capture, a built-in processor, or any gear of a kind."
NOT_READY = "This capture is still being checked."
NO_MORE_IRS = "Only a cabinet takes more impulse responses."
TOO_MANY_IRS = f"A cabinet has {MAX_CAB_IRS} impulse responses at most."
NOT_A_CAB = "This capture is a space: no microphone of a cabinet."
NOT_AN_IR = "This capture is not an impulse response."
PRESET_EXISTS = "You have a preset of this name for this processor already."


@dataclass(frozen=True, slots=True)
class IRInput:
    """One more impulse response of a cabinet."""

    capture_id: UUID
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BlockInput:
    """One block as someone wants it: either a capture or a built-in processor.

    ``extra_irs``: for a cabinet, up to three beside its capture.
    """

    slot: str
    capture_id: UUID | None = None
    processor: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)
    extra_irs: Sequence[IRInput] = ()


@transaction.atomic
def chain_create(
    *, owner: User, name: str, blocks: Sequence[BlockInput], description: str = ""
) -> SignalChain:
    """A chain that can be played. Raises ``InvalidInputError`` with everything that is wrong:
    the codes of the grammar point at ``/blocks/<i>``, or at ``/blocks`` for the whole chain."""
    chain = SignalChain(owner=owner, name=name.strip(), description=description.strip())
    _save_chain(chain, blocks)
    return chain


@transaction.atomic
def chain_update(
    *,
    chain: SignalChain,
    name: str | None = None,
    description: str | None = None,
    blocks: Sequence[BlockInput] | None = None,
    accepted_revisions: Collection[int] | None = None,
) -> SignalChain:
    """Change what is given; ``blocks`` are replaced as a whole. Raises as ``chain_create``, and
    ``PreconditionFailedError`` when it is none of ``accepted_revisions``."""
    # Of two edits at once the later one waits, so that blocks of both do not mix.
    chain = _locked_chain(chain, accepted_revisions)
    chain.revision += 1
    chain.name = chain.name if name is None else name.strip()
    chain.description = chain.description if description is None else description.strip()
    _save_chain(chain, blocks)
    return chain


@transaction.atomic
def chain_delete(*, chain: SignalChain, accepted_revisions: Collection[int] | None = None) -> None:
    """Shootouts that played it keep their results. Raises ``PreconditionFailedError``."""
    chain = _locked_chain(chain, accepted_revisions)
    chain.delete()


def chain_duplicate(*, chain: SignalChain) -> SignalChain:
    """The same blocks under another name. Raises as ``chain_create``, also where something of the
    chain was deleted."""
    alike = SignalChain.objects.owned_by(chain.owner).filter(name__startswith=chain.name[:190])
    names = alike.values_list("name", flat=True)
    return chain_create(
        owner=chain.owner,
        name=distinct_name(chain.name, names),
        description=chain.description,
        blocks=[_stored_input(block) for block in chain.blocks.all()],
    )


def _stored_input(block: Block) -> BlockInput:
    return BlockInput(
        slot=block.slot,
        capture_id=block.capture.uuid if block.capture else None,
        processor=block.processor,
        parameters=block.parameters,
        extra_irs=[
            IRInput(ir.capture.uuid, ir.parameters)
            for ir in block.extra_irs.all()
            if ir.capture is not None
        ],
    )


def _locked_chain(chain: SignalChain, accepted_revisions: Collection[int] | None) -> SignalChain:
    row = SignalChain.objects.select_for_update().filter(pk=chain.pk).first()
    if row is None:  # deleted since it was looked up
        raise NotFoundError(NO_CHAIN)
    revision_check(row, accepted_revisions)
    return row


def _save_chain(chain: SignalChain, blocks: Sequence[BlockInput] | None) -> None:
    problems = list(field_problems(chain))
    rows: list[Block] = []
    irs: list[BlockIR] = []
    if blocks is not None:
        rows, irs, block_problems = _check_chain(chain.owner, blocks)
        problems += block_problems
    _refuse(problems)
    chain.save()
    if blocks is not None:
        chain.blocks.all().delete()
        for row in rows:
            row.chain = chain
        Block.objects.bulk_create(rows)
        BlockIR.objects.bulk_create(irs)


def chain_blocks_checked(
    owner: User, blocks: Sequence[BlockInput]
) -> list[tuple[Block, list[BlockIR]]]:
    """The blocks of a chain that can be played and is not stored: rows without a chain, each with
    its further impulse responses. Raises as ``chain_create``. One query."""
    rows, irs, problems = _check_chain(owner, blocks)
    _refuse(problems)
    return [(row, [ir for ir in irs if ir.block is row]) for row in rows]


def _check_chain(
    owner: User, blocks: Sequence[BlockInput]
) -> tuple[list[Block], list[BlockIR], list[ErrorDetail]]:
    """As ``check_blocks``, and what is wrong with all of them together."""
    # What is beyond the limit is not even looked at.
    given = [(f"/blocks/{i}", block) for i, block in enumerate(blocks[: MAX_BLOCKS + 1])]
    rows, irs, problems = check_blocks(owner, given)
    for error in validate_chain([as_checked_block(row) for row in rows]):
        pointer = "/blocks" if error.position is None else f"/blocks/{error.position}"
        problems.append(ErrorDetail(pointer, error.code, error.message))
    return rows, irs, problems


def _refuse(problems: Sequence[ErrorDetail]) -> None:
    if problems:
        many = f"The chain has {len(problems)} mistakes."
        message = problems[0].message if len(problems) == 1 else many
        raise InvalidInputError(message, details=list(problems))


def field_problems(row: Model, *, exclude: Sequence[str] = ()) -> Iterator[ErrorDetail]:
    """What is wrong with the plain fields of something, but for those of ``exclude``."""
    try:
        row.clean_fields(exclude=["owner", *exclude])
    except ValidationError as error:
        for name, problems in error.error_dict.items():
            for problem in problems:
                code = (problem.code or "invalid").upper()
                yield ErrorDetail(f"/{name}", code, " ".join(problem.messages))


def check_blocks(
    owner: User, blocks: Sequence[tuple[str, BlockInput]]
) -> tuple[list[Block], list[BlockIR], list[ErrorDetail]]:
    """Rows of blocks that belong to no chain yet, and what is wrong with each by itself.

    ``blocks``: each with the JSON pointer to it. The position of a row is its index. One query.
    """
    given = [block for _, block in blocks]
    ids = {block.capture_id for block in given if block.capture_id is not None}
    ids |= {ir.capture_id for block in given for ir in block.extra_irs[:MAX_CAB_IRS]}
    visible = Capture.objects.visible_to(owner).select_related("gear").filter(uuid__in=ids)
    captures = {capture.uuid: capture for capture in visible}
    rows: list[Block] = []
    irs: list[BlockIR] = []
    problems: list[ErrorDetail] = []
    for position, (start, block) in enumerate(blocks):
        capture = captures.get(block.capture_id) if block.capture_id is not None else None
        row = Block(position=position, slot=block.slot, capture=capture, processor=block.processor)
        for pointer, code, message in _block_problems(block, row):
            problems.append(ErrorDetail(f"{start}{pointer}", code, message))
        rows.append(row)
        extra = [
            BlockIR(block=row, position=number, capture=captures.get(ir.capture_id))
            for number, ir in enumerate(block.extra_irs[:MAX_CAB_IRS])
        ]
        for pointer, code, message in _extra_problems(block, row, extra):
            problems.append(ErrorDetail(f"{start}/extra_irs{pointer}", code, message))
        irs += extra
    return rows, irs, problems


def _extra_problems(
    block: BlockInput, row: Block, extra: Sequence[BlockIR]
) -> Iterator[tuple[str, str, str]]:
    """What is wrong with further impulse responses, as below. Fills in parameters."""
    is_other = row.capture is not None and row.capture.gear.kind != GearKind.CAB
    if extra and (is_other or block.processor):
        yield "", "BLOCK_TAKES_NO_IRS", NO_MORE_IRS
    if len(block.extra_irs) >= MAX_CAB_IRS:
        yield "", "COUNT", TOO_MANY_IRS
    for number, (ir, given) in enumerate(zip(extra, block.extra_irs, strict=False)):
        if ir.capture is None:
            yield f"/{number}/capture_id", "NOT_FOUND", NO_CAPTURE
        elif ir.capture.state != FileState.READY:
            yield f"/{number}/capture_id", "CAPTURE_NOT_READY", NOT_READY
        elif ir.capture.format != CaptureFormat.IR:
            yield f"/{number}/capture_id", "NOT_AN_IR", NOT_AN_IR
        elif ir.capture.gear.kind != GearKind.CAB:
            yield f"/{number}/capture_id", "NOT_A_CAB", NOT_A_CAB
        elif ir.capture.unsupported_reason:
            reason = ir.capture.unsupported_reason
            yield f"/{number}/capture_id", "UNSUPPORTED_CAPTURE", reason
        try:
            ir.parameters = check_extra_ir(given.parameters)
        except PipelineError as error:
            yield f"/{number}/parameters", error.code, error.message


def _block_problems(block: BlockInput, row: Block) -> Iterator[tuple[str, str, str]]:
    """What is wrong with a block by itself, as (pointer, code, message). Fills in parameters."""
    if (block.capture_id is None) == (not block.processor):
        yield "", "BLOCK_NEEDS_ONE_SOURCE", ONE_SOURCE
    elif block.processor:
        try:
            row.parameters = validate_parameters(block.processor, block.parameters)
        except PipelineError as error:
            is_unknown = error.code == "BLOCK_UNKNOWN"
            yield "/processor" if is_unknown else "/parameters", error.code, error.message
    elif row.capture is None:
        yield "/capture_id", "NOT_FOUND", NO_CAPTURE
    else:
        if row.capture.state != FileState.READY:
            yield "/capture_id", "CAPTURE_NOT_READY", NOT_READY
        try:
            row.parameters = check_capture(row.capture.gear.kind, block.parameters)
        except PipelineError as error:
            yield "/parameters", error.code, error.message


def as_checked_block(row: Block) -> ChainBlock:
    """A capture that is not known is judged by its place: a wrong id is not also a missing amp."""
    if row.capture is None and not row.processor:
        return ChainBlock(slot=row.slot, kind=UNKNOWN)
    return as_chain_block(row)


@dataclass(frozen=True, slots=True)
class PlannedBlock:
    """One of ``capture_id``, ``processor`` and ``kind`` (of gear that is yet to be chosen)."""

    slot: str
    capture_id: UUID | None = None
    processor: str = ""
    kind: str = ""


def chain_guidance(user: User, blocks: Sequence[PlannedBlock]) -> Guidance:
    """What may come next. One query. Raises ``InvalidInputError`` NOT_FOUND, BLOCK_UNKNOWN or
    BLOCK_NEEDS_ONE_SOURCE, pointing at ``/blocks/<i>``."""
    ids = {block.capture_id for block in blocks if block.capture_id is not None}
    captures = {capture.uuid: capture for capture in capture_list(user).filter(uuid__in=ids)}
    details = [
        ErrorDetail(f"/blocks/{position}{pointer}", code, message)
        for position, block in enumerate(blocks)
        for pointer, code, message in _planned_problems(block, set(captures))
    ]
    if details:
        raise InvalidInputError(details[0].message, details=details)
    return guide_chain(
        [
            _planned_chain_block(block, captures[block.capture_id] if block.capture_id else None)
            for block in blocks
        ]
    )


def _planned_problems(block: PlannedBlock, known: set[UUID]) -> Iterator[tuple[str, str, str]]:
    num_sources = sum(map(bool, (block.capture_id, block.processor, block.kind)))
    if num_sources != 1:
        yield "", "BLOCK_NEEDS_ONE_SOURCE", ONE_OF_THREE
    elif block.capture_id is not None and block.capture_id not in known:
        yield "/capture_id", "NOT_FOUND", NO_CAPTURE
    elif block.processor and block.processor not in BLOCK_TYPES:
        message = f"There is no built-in processor “{block.processor}”."
        yield "/processor", "BLOCK_UNKNOWN", message


def _planned_chain_block(block: PlannedBlock, capture: Capture | None) -> ChainBlock:
    if capture is None:
        return ChainBlock(block.slot, kind=block.kind, processor=block.processor)
    return ChainBlock(
        block.slot,
        kind=capture.gear.kind,
        is_supported=may_be_played(capture),
        has_own_cab=has_own_cab(capture),
    )


@transaction.atomic
def preset_create(
    *, owner: User, processor: str, name: str, parameters: Mapping[str, object]
) -> Preset:
    """Parameters that are left out get their defaults. Raises ``InvalidInputError``, with the
    codes that a block of a chain has, and ``DuplicateError``."""
    preset = Preset(owner=owner, processor=processor, name=name.strip())
    _save_preset(preset, parameters)
    return preset


@transaction.atomic
def preset_update(
    *, preset: Preset, name: str | None = None, parameters: Mapping[str, object] | None = None
) -> Preset:
    """Change what is given; ``parameters`` are replaced as a whole. Chains that were built with
    it stay as they are. Raises as ``preset_create``."""
    _take_turns(preset)
    row = Preset.objects.filter(pk=preset.pk).first()
    if row is None:  # deleted since it was looked up
        raise NotFoundError(NO_PRESET)
    row.name = row.name if name is None else name.strip()
    _save_preset(row, parameters)
    return row


@transaction.atomic
def preset_delete(*, preset: Preset) -> None:
    """Chains that were built with it stay as they are."""
    preset.delete()


def _save_preset(preset: Preset, parameters: Mapping[str, object] | None) -> None:
    details = list(field_problems(preset))
    if parameters is not None:
        try:
            preset.parameters = validate_parameters(preset.processor, parameters)
        except PipelineError as error:
            pointer = "/processor" if error.code == "BLOCK_UNKNOWN" else "/parameters"
            details.append(ErrorDetail(pointer, error.code, error.message))
    if details:
        raise InvalidInputError(details[0].message, details=details)
    _take_turns(preset)
    same = Preset.objects.filter(owner=preset.owner_id, processor=preset.processor)
    other = same.filter(name=preset.name).exclude(pk=preset.pk).first()
    if other is not None:
        existing = Existing("preset", other.uuid)
        raise DuplicateError(PRESET_EXISTS, pointer="/name", existing=existing)
    preset.save()


def _take_turns(preset: Preset) -> None:
    """Of two changes at once the later one waits, so that it sees the earlier one's name."""
    User.objects.select_for_update().get(pk=preset.owner_id)
