"""The input of a whole shootout: what its form says and what its parts say, told together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from accounts.models import User
from gear.api.chain_groups import slot_inputs
from gts.web.api.findings import findings_in, invalid_input
from shootouts.api.serializers import ShootoutCreateInput
from shootouts.services.assembly import ContenderInput, assembly_check

_PARTS = ("di_tracks", "contenders", "slots", "only_valid", "labels")


def read_assembly(owner: User, data: Any) -> dict[str, Any]:
    """The fields for ``shootout_create``. Raises ``InvalidInputError``: then also with all that is
    wrong with the parts whose form is right, so that all can be repaired at once."""
    form = ShootoutCreateInput(data=data)
    if form.is_valid():
        return shootout_values(form.validated_data)
    errors: Mapping[str, Any] = form.errors
    details = list(findings_in(errors))
    if isinstance(data, Mapping):
        parts = shootout_values(_right_parts(form, data, errors))
        found = assembly_check(
            owner=owner,
            di_track_ids=parts.get("di_track_ids"),
            contenders=parts.get("contenders"),
            slots=parts.get("slots"),
            only_valid=parts.get("only_valid", False),
            labels=parts.get("labels", ()),
            is_complete=not errors.keys() & {"contenders", "slots"},
        )
        details += found.details
    raise invalid_input(details)


def shootout_values(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What an input of a shootout has read, as the services take it."""
    values = dict(fields)
    if "di_tracks" in values:
        values["di_track_ids"] = [di["di_track_id"] for di in values.pop("di_tracks")]
    if "contenders" in values:
        values["contenders"] = [ContenderInput(**each) for each in values["contenders"]]
    if "slots" in values:
        values["slots"] = slot_inputs(values["slots"])
    return values


def _right_parts(
    form: serializers.Serializer[Any], data: Mapping[str, Any], errors: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        name: form.fields[name].run_validation(data[name])
        for name in _PARTS
        if name in data and name not in errors
    }
