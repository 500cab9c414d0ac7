"""The OpenAPI document: what the views do not say themselves. Imported with the URLs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.authentication import SessionScheme
from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.generators import SchemaGenerator
from rest_framework import serializers

from gts.openapi import error_codes
from gts.openapi.examples import EXAMPLES
from gts.web.error_answers import MAX_DETAILS

_METHODS = ("get", "post", "put", "patch", "delete")
_TEXTS = {
    "304": "What the client has is still the same.",
    "400": "The body cannot be read.",
    "401": "Not authenticated.",
    "403": "The token may only read, a session is needed, or its CSRF token is missing.",
    "404": "There is no such thing, or it is not yours.",
    "409": "Not in the state that this needs, or done already.",
    "412": "It was changed since the ETag in If-Match was given.",
    "413": "Larger than is accepted.",
    "415": "Not an accepted kind of content.",
    "422": "Well-formed but wrong; `details` has every finding.",
    "429": "Too many requests (see Retry-After), or more at a time than one may have.",
    "503": "A part of the server, or a service it needs, is away: see Retry-After.",
}


def _text(description: str, example: str) -> dict[str, str]:
    return {"type": "string", "description": description, "example": example}


_ERROR_DETAIL = {
    "type": "object",
    "required": ["pointer", "code", "message"],
    "properties": {
        "pointer": _text("JSON pointer into the input; empty: all of it", "/blocks/1"),
        "code": {"$ref": "#/components/schemas/ErrorCode"},
        "message": _text("for people", "An amp head needs a cabinet."),
    },
}
_ERROR = {
    "type": "object",
    "description": "Every error answer has this shape.",
    "required": ["code", "message", "details", "request_id"],
    "properties": {
        "code": {"$ref": "#/components/schemas/ErrorCode"},
        "message": _text("for people", "An amp head needs a cabinet."),
        "details": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/ErrorDetail"},
            "maxItems": MAX_DETAILS,
            "description": "of more than these the message says how many there are",
        },
        "request_id": _text("also in the header X-Request-ID", "5f0c9a2e"),
        "existing": {
            "type": "object",
            "description": "what is there already; of DUPLICATE alone",
            "required": ["id", "url"],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "url": _text("its address in the API", "/api/v1/tags/…/"),
            },
        },
    },
}


class JWTScheme(SimpleJWTScheme):  # type: ignore[no-untyped-call]
    target_class = "gts.api.JWTAuthentication"
    name = "jwt"


class PersonalTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "gts.api.PersonalTokenAuthentication"
    name = "personal_token"
    priority = 1

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "gts_pat_…",
            "description": "A personal access token, made on the Account page. With the scope "
            "`read` it allows GET, HEAD and OPTIONS.",
        }


class SessionCookieScheme(SessionScheme):  # type: ignore[no-untyped-call]
    target_class = "gts.api.SessionAuthentication"
    name = "session"


class ListScheme(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Lists in which something may be null: the generator forgets that of objects."""

    target_class = "rest_framework.serializers.ListField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer_field(
            self.target, direction, bypass_extensions=True
        )
        child = self.target.child
        if child.allow_null and isinstance(child, serializers.BaseSerializer):
            schema["items"] = {"oneOf": [schema["items"], {"type": "null"}]}
        return schema


class BoundedListScheme(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """The generator says where a list of plain values ends, and not where one of objects does."""

    target_class = "gts.web.api.bounded.BoundedList"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer_field(
            self.target, direction, bypass_extensions=True
        )
        return {**schema, "maxItems": self.target.max_length}


# What a DELETE takes, which the generator leaves out.
_BODIES = {
    "me_delete": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["confirm"],
                    "additionalProperties": False,
                    "properties": {"confirm": _text("the user name, typed again", "my-name")},
                }
            }
        },
    }
}


def document_errors(
    result: dict[str, Any], generator: SchemaGenerator, request: Any, public: bool
) -> dict[str, Any]:
    """Adds to every operation the error answers that its kind can give."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(
        {"Error": _ERROR, "ErrorDetail": _ERROR_DETAIL, "ErrorCode": error_codes.schema()}
    )
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for path, operations in result["paths"].items():
        for method in _METHODS:
            if method in operations:
                body = _BODIES.get(operations[method]["operationId"])
                if body is not None:
                    operations[method]["requestBody"] = body
                for status in _statuses(path, method, operations[method]):
                    answer: dict[str, Any] = {"description": _TEXTS[status]}
                    if status != "304":  # it has no body
                        answer["content"] = content
                    operations[method]["responses"].setdefault(status, answer)
    return result


def say_null(
    result: dict[str, Any], generator: SchemaGenerator, request: Any, public: bool
) -> dict[str, Any]:
    """As OpenAPI 3.1 does it: the REST framework still speaks 3.0 of its pages."""
    for schema in result.get("components", {}).get("schemas", {}).values():
        for field in schema.get("properties", {}).values():
            if field.pop("nullable", False):
                field["type"] = [field["type"], "null"]
    return result


def add_examples(
    result: dict[str, Any], generator: SchemaGenerator, request: Any, public: bool
) -> dict[str, Any]:
    schemas = result.get("components", {}).get("schemas", {})
    for name, example in EXAMPLES.items():
        if name in schemas:
            schemas[name]["example"] = example
    return result


def close_inputs(
    result: dict[str, Any], generator: SchemaGenerator, request: Any, public: bool
) -> dict[str, Any]:
    """A field that an input does not have is an error: ``accounts.api.serializers``."""
    for name, schema in result.get("components", {}).get("schemas", {}).items():
        if name.endswith("Request") and schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)
    return result


def _statuses(path: str, method: str, operation: dict[str, Any]) -> list[str]:
    parameters = operation.get("parameters", [])
    statuses = {"429"}
    # Tokens that the body carries can be refused too, where no one has to be logged in.
    if operation.get("security") or "/auth/token/" in path:
        statuses.add("401")
    security = operation.get("security", [])
    # A token that may only read; any token where a session is needed.
    if method != "get" and security:  # a session without its CSRF token is refused as well
        statuses.add("403")
    if "{" in path or any(parameter["name"] == "cursor" for parameter in parameters):
        statuses.add("404")
    headers = {parameter["name"] for parameter in parameters if parameter["in"] == "header"}
    if "If-Match" in headers:
        statuses.add("412")
    if "Idempotency-Key" in headers:
        statuses |= {"409", "413", "422"}
    if "If-None-Match" in headers:
        statuses.add("304")
    if any(parameter["in"] == "query" for parameter in parameters):
        statuses.add("422")
    if "/tone3000/" in path:
        statuses |= {"404", "409", "503"}
    if "{" in path and (method != "get" or path.endswith(("/export/", "/preview/"))):
        statuses.add("409")
    if method == "post" and "{" in path:  # what is asked for may not be possible with what is there
        statuses.add("422")
    if "requestBody" in operation:
        statuses |= {"400", "413", "415", "422", "503"}
    return sorted(statuses)
