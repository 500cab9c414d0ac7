"""Messages of WebSockets, held to the document that describes them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from gts.openapi.docs import asyncapi_document


def validate(path: str, message: Mapping[str, Any]) -> None:
    """Raises ``ValidationError`` for what the document of the socket at ``path`` does not know."""
    channel = "job" if path.startswith("/ws/jobs/") else "notifications"
    _validator(channel).validate(message)


@cache
def _validator(channel: str) -> Draft202012Validator:
    found = asyncapi_document()
    registry: Registry[Any] = Registry().with_resource("urn:a", DRAFT202012.create_resource(found))
    names = found["channels"][channel]["messages"]
    schema = {"oneOf": [{"$ref": f"urn:a#/components/schemas/{name}"} for name in names]}
    return Draft202012Validator(schema, registry=registry)
