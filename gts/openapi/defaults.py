"""Defaults of inputs, told as the models have them: what is left out becomes that."""

from __future__ import annotations

from typing import Any, Final

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field
from drf_spectacular.generators import SchemaGenerator

_MODELS: Final = {
    "ChainInputRequest": ["gear.SignalChain"],
    "ChainGroupInputRequest": ["gear.ChainGroup"],
    "DITrackUploadInputRequest": ["shootouts.DITrack"],
    "GearUploadInputRequest": ["gear.GearItem", "gear.Capture"],
    "LibrarySaveInputRequest": ["gear.LibraryEntry"],
    "ShootoutCreateInputRequest": ["shootouts.Shootout"],
}


def add_defaults(
    result: dict[str, Any], generator: SchemaGenerator, request: Any, public: bool
) -> dict[str, Any]:
    schemas = result.get("components", {}).get("schemas", {})
    for name, models in _MODELS.items():
        schema = schemas[name]
        for field in schema["properties"].keys() - set(schema.get("required", ())):
            found = next(filter(None, (_model_field(model, field) for model in models)), None)
            if found is not None:
                _tell(schema["properties"], field, found.get_default())
    return result


def _model_field(model: str, name: str) -> Field[Any, Any] | None:
    """The one of that name, if it may be left out."""
    try:
        field = apps.get_model(model)._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    may_be_left_out = isinstance(field, Field) and (field.has_default() or field.blank)
    return field if may_be_left_out else None


def _tell(properties: dict[str, Any], name: str, default: Any) -> None:
    schema = properties[name]
    if "$ref" in schema:
        schema = properties[name] = {"allOf": [schema]}
    schema["default"] = default
