"""Named settings of built-in processors."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from accounts.models import User
from gear.models import Preset
from gear.selectors import NO_PRESET
from gear.services.chains import field_problems
from gts.web.errors import DuplicateError, ErrorDetail, Existing, InvalidInputError, NotFoundError
from jobs.pipeline.effects.blocks import validate_parameters
from jobs.pipeline.errors import PipelineError

ALREADY_THERE = "You have a preset of this name for this processor already."


@transaction.atomic
def preset_create(
    *, owner: User, processor: str, name: str, parameters: Mapping[str, object]
) -> Preset:
    """Parameters that are left out get their defaults. Raises ``InvalidInputError``, with the
    codes that a block of a chain has, and ``DuplicateError``."""
    preset = Preset(owner=owner, processor=processor, name=name.strip())
    _save(preset, parameters)
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
    _save(row, parameters)
    return row


@transaction.atomic
def preset_delete(*, preset: Preset) -> None:
    """Chains that were built with it stay as they are."""
    preset.delete()


def _save(preset: Preset, parameters: Mapping[str, object] | None) -> None:
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
        raise DuplicateError(ALREADY_THERE, pointer="/name", existing=existing)
    preset.save()


def _take_turns(preset: Preset) -> None:
    """Of two changes at once the later one waits, so that it sees the earlier one's name."""
    User.objects.select_for_update().get(pk=preset.owner_id)
