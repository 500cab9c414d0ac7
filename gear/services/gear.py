"""Gear that is here already: what it is called, and what its owner says of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import timedelta
from typing import Final, TypedDict

from django.db import transaction

from accounts.models import User
from gear.captures.files import FORMAT_OF_KIND
from gear.captures.inspection import (
    CaptureFacts,
    best_name,
    distinct_name,
    name_key,
    stated,
    without_make,
)
from gear.chains.grammar import validate_chain
from gear.chains.permutations import TooManyPermutationsError
from gear.models import Capture, CaptureQuerySet, ChainGroup, GearItem, SignalChain
from gear.models.item import CaptureFormat, FileState, GearKind, GearSource, IRChannelRule
from gear.selectors import NO_GEAR, as_chain_block, chains_with, groups_with
from gear.services.chains import NOT_AN_IR, field_problems
from gear.services.group_slots import captures_of, expand_slots, slots_of
from gts.web.errors import ConflictError, ErrorDetail, InvalidInputError, NotFoundError
from jobs.pipeline.recipe import IRSettings
from jobs.pipeline.render.ir_facts import space_channels_error

# See ``Capture.ir_settings``.
IR_SETTINGS: Final = tuple(field.name for field in fields(IRSettings))
_NOT_SETTINGS: Final = tuple(
    field.name for field in Capture._meta.fields if field.name not in IR_SETTINGS
)

NOT_OF_A_SPACE: Final = "A space sounds with all of its channels: there is none to choose."
OTHER_FORMAT: Final = {
    CaptureFormat.NAM: "Its file is an impulse response, which can be a cabinet or a space only.",
    CaptureFormat.IR: "Its file is a NAM model, which cannot be a cabinet or a space.",
}
NAME_TAKEN = "You have other gear of this name. Choose a name that tells them apart."
FROM_TONE3000 = "This is what its page at Tone 3000 says, and cannot be changed here."

# What comes within this time of each other may be one pack.
_PACK_WINDOW: Final = timedelta(hours=1)


# Names among all gear of one owner: telling, and no two alike.


def free_name(item: GearItem, name: str) -> str:
    """``name``, with a number behind it where the owner has other gear of that name.

    The owner's row must be locked, or two at once may get the same.
    """
    others = GearItem.objects.filter(owner=item.owner_id).exclude(pk=item.pk)
    return distinct_name(name, others.values_list("name", flat=True))


def name_from_file(item: GearItem, capture: Capture, facts: CaptureFacts) -> None:
    """Give ``item`` the best name that its file has, not saved yet.

    Gear of the same pack that got its name from a statement which this file repeats is renamed,
    and saved: what several say tells none of them apart.
    """
    item.name = free_name(item, _best_name(item, capture, facts.name, facts.model, facts.make))
    for other in _same_pack(item, capture, facts):
        said = other.info.get("metadata", {})
        name, model = stated(said.get("name")), stated(said.get("gear_model"))
        gear = other.gear
        gear.name = free_name(gear, _best_name(gear, other, name, model, gear.make))
        gear.save(update_fields=["name", "updated_at"])


def _best_name(item: GearItem, capture: Capture, name: str, model: str, make: str) -> str:
    candidates = [
        (
            without_make(text, item.make or make),
            bool(text) and _saying_the_same(capture, key, text).exists(),
        )
        for key, text in (("name", name), ("gear_model", model))
    ]
    return best_name(candidates, capture.name)


def _saying_the_same(capture: Capture, key: str, text: str) -> CaptureQuerySet:
    """Other captures of the same owner whose files say the same."""
    owned = Capture.objects.filter(gear__owner=capture.gear.owner_id, state=FileState.READY)
    return owned.filter(**{f"info__metadata__{key}": text}).exclude(pk=capture.pk)


def _same_pack(item: GearItem, capture: Capture, facts: CaptureFacts) -> list[Capture]:
    found: dict[int, Capture] = {}
    for key, text in (("name", facts.name), ("gear_model", facts.model)):
        if text:
            alike = _saying_the_same(capture, key, text).select_related("gear")
            recent = alike.filter(
                gear__is_name_chosen=False,
                created_at__gt=capture.created_at - _PACK_WINDOW,
            ).exclude(gear=item)
            found |= {other.pk: other for other in recent}
    return list(found.values())


# What its owner says of it; of an impulse response also how its file is read.


class IRSettingsChange(TypedDict, total=False):
    """Those of ``IR_SETTINGS`` that are to be others."""

    channel_rule: str
    tail_end_db: float | None
    is_lead_trimmed: bool


def space_problems(kind: str, ir_settings: IRSettingsChange) -> list[ErrorDetail]:
    """NOT_OF_A_SPACE where a channel is chosen for one."""
    rule = ir_settings.get("channel_rule", IRChannelRule.MIX)
    if kind != GearKind.SPACE or rule == IRChannelRule.MIX:
        return []
    return [ErrorDetail("/channel_rule", "NOT_OF_A_SPACE", NOT_OF_A_SPACE)]


@transaction.atomic
def gear_update(
    *, item: GearItem, ir_settings: IRSettingsChange | None = None, **values: str
) -> GearItem:
    """Change what is given of ``kind``, ``name``, ``make``, ``creator``, ``licence`` and
    ``description``; ``ir_settings``: some of ``IR_SETTINGS``, for its impulse responses.

    Raises ``NotFoundError``, ``InvalidInputError`` with everything that is wrong (DUPLICATE_NAME,
    KIND_OF_OTHER_FORMAT, NOT_AN_IR, NOT_OF_A_SPACE, SPACE_CHANNELS_UNSUPPORTED, FROM_TONE3000, or
    fields), and ``ConflictError`` KIND_IN_USE where a chain that can be played could not be played
    any more, or one of a group.
    """
    User.objects.select_for_update().get(pk=item.owner_id)
    row = GearItem.objects.filter(pk=item.pk).first()
    if row is None:  # deleted since it was looked up
        raise NotFoundError(NO_GEAR)
    old_kind = row.kind
    changed = {name: value.strip() for name, value in values.items()}
    changed = {name: value for name, value in changed.items() if value != getattr(row, name)}
    for name, value in changed.items():
        setattr(row, name, value)
    row.is_name_chosen = row.is_name_chosen or "name" in changed
    row.is_kind_chosen = row.is_kind_chosen or "kind" in values
    captures = _with_settings(row, ir_settings or {})
    problems = [*field_problems(row), *_problems(row, changed)]
    problems += space_problems(row.kind, ir_settings or {})
    for capture in captures:
        problems += field_problems(capture, exclude=_NOT_SETTINGS)
    if ir_settings and not captures:
        problems += [ErrorDetail(f"/{name}", "NOT_AN_IR", NOT_AN_IR) for name in ir_settings]
    if problems:
        raise InvalidInputError(problems[0].message, details=problems)
    if row.kind != old_kind:
        _refuse_broken_chains(row)
    row.save()
    for capture in captures:
        capture.save(update_fields=[*IR_SETTINGS, "updated_at"])
    if row.kind == GearKind.SPACE != old_kind:
        row.captures.update(channel_rule=IRChannelRule.MIX)
    return row


def _with_settings(row: GearItem, settings: IRSettingsChange) -> list[Capture]:
    """Its impulse responses, changed and not saved yet."""
    captures = list(row.captures.filter(format=CaptureFormat.IR)) if settings else []
    for capture in captures:
        for name, value in settings.items():
            setattr(capture, name, value)
    return captures


def _problems(row: GearItem, changed: dict[str, str]) -> Iterator[ErrorDetail]:
    if "name" in changed:
        others = GearItem.objects.filter(owner=row.owner_id).exclude(pk=row.pk)
        taken = {name_key(name) for name in others.values_list("name", flat=True)}
        if name_key(row.name) in taken:
            yield ErrorDetail("/name", "DUPLICATE_NAME", NAME_TAKEN)
    if "kind" in changed and row.kind in GearKind.values:
        formats = set(row.captures.values_list("format", flat=True)) - {CaptureFormat.OTHER}
        if formats - {FORMAT_OF_KIND[row.kind]}:
            text = OTHER_FORMAT[FORMAT_OF_KIND[row.kind]]
            yield ErrorDetail("/kind", "KIND_OF_OTHER_FORMAT", text)
        elif row.kind == GearKind.SPACE:
            yield from _not_a_space(row)
    if row.source == GearSource.TONE3000:
        for name in ("name", "make", "creator", "licence", "description"):
            if name in changed:
                yield ErrorDetail(f"/{name}", "FROM_TONE3000", FROM_TONE3000)


def _not_a_space(row: GearItem) -> Iterator[ErrorDetail]:
    """What its files were found to have may not be enough, or too much."""
    for info in row.captures.values_list("info", flat=True):
        message = space_channels_error(info["num_channels"]) if "num_channels" in info else ""
        if message:
            yield ErrorDetail("/kind", "SPACE_CHANNELS_UNSUPPORTED", message)


def _refuse_broken_chains(row: GearItem) -> None:
    """A chain that can be played must not stop to be one because its gear is called otherwise, nor
    a group that can be expanded."""
    chains = [chain for chain in chains_with(row) if _breaks(chain, row)]
    groups = [group for group in groups_with(row) if _breaks_group(group, row)]
    if not chains and not groups:
        return
    found = [
        f"in these {what}: {_named(rows, row.owner_id)}"
        for what, rows in (("chains", chains), ("groups of chains", groups))
        if rows
    ]
    message = (
        f"As “{GearKind(row.kind).label}” it could not stand where it stands "
        f"{', and '.join(found)}. Change or delete them first."
    )
    detail = ErrorDetail("/kind", "KIND_IN_USE", message)
    raise ConflictError(message, code="KIND_IN_USE", details=[detail])


def _named(rows: Sequence[SignalChain | ChainGroup], owner_id: int) -> str:
    names = [f"“{row.name}”" for row in rows if row.owner_id == owner_id]
    num_others = len(rows) - len(names)
    if num_others:
        names.append(f"{num_others} of other people")
    return ", ".join(names)


def _breaks(chain: SignalChain, row: GearItem) -> bool:
    before, after = [], []
    for block in chain.blocks.all():
        judged = as_chain_block(block)
        is_it = block.capture is not None and block.capture.gear_id == row.pk
        before.append(judged)
        after.append(replace(judged, kind=row.kind) if is_it else judged)
        extra = [ir.capture for ir in block.extra_irs.all() if ir.capture is not None]
        if row.kind != GearKind.CAB and any(capture.gear_id == row.pk for capture in extra):
            return True
    return not validate_chain(before) and bool(validate_chain(after))


def _breaks_group(group: ChainGroup, row: GearItem) -> bool:
    captures = captures_of(group.owner, [group])
    slots = slots_of(group, captures)
    irs = [ir.capture for slot in slots for option in slot.options if option for ir in option.irs]
    if row.kind != GearKind.CAB and any(ir is not None and ir.gear_id == row.pk for ir in irs):
        return True
    try:
        before = [permutation.is_valid for permutation in expand_slots(slots)]
        for capture in captures.values():
            if capture.gear_id == row.pk:
                capture.gear.kind = row.kind
        after = [permutation.is_valid for permutation in expand_slots(slots)]
    except TooManyPermutationsError:  # the limit has come down: there is nothing to break
        return False
    return any(was and not stays for was, stays in zip(before, after, strict=True))
