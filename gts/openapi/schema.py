"""The OpenAPI document: what the views do not say themselves. Imported with the URLs.

How clients made from it call each operation, headers and errors that many answers have, defaults of
inputs, kinds of authentication. Hooks for it are in ``SPECTACULAR_SETTINGS``.
"""

from __future__ import annotations

import re
from typing import Any, Final

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field
from drf_spectacular.authentication import SessionScheme
from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema as BaseAutoSchema
from rest_framework import serializers

from gts.openapi import error_codes
from gts.openapi.examples import EXAMPLES
from gts.web.error_answers import MAX_DETAILS

_METHODS: Final = ("get", "post", "put", "patch", "delete")
# The last word of an operation, by its method.
_OF_LISTS = {"get": "list", "post": "create"}
_OF_ONE = {"get": "read", "put": "replace", "patch": "update", "delete": "delete"}


class AutoSchema(BaseAutoSchema):
    """Operations are called like services and selectors, after their views.

    ``ShootoutListView``: shootout_list, shootout_create. ``ShootoutDetailView``: shootout_read,
    shootout_update… ``ShootoutRenderView``: shootout_render, whatever its one method.
    """

    def get_operation_id(self) -> str:
        name = re.sub(r"View$", "", type(self.view).__name__)
        subject = re.sub(r"(List|Detail)$", "", name)
        method = self.method.lower()
        words = [re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", subject).lower()]
        if name.endswith("List"):
            words.append(_OF_LISTS[method])
        elif name.endswith("Detail"):
            words.append(_OF_ONE[method])
        return "_".join(words)


def _header(description: str, example: str, *, required: bool = False) -> dict[str, Any]:
    schema = {"type": "string"}
    return {
        "description": description,
        "schema": schema,
        "example": example,
        **({"required": True} if required else {}),
    }


_LOCATIONS: Final = {
    "201": _header("the address of what was made", "/api/v1/chains/1f8a6d0e-…/", required=True),
    "202": _header("where to ask how far it is", "/api/v1/jobs/9a3c5f3d-…/", required=True),
}
_LINK: Final = _header(
    "next and previous as in the body (RFC 8288)",
    '<https://gts.example/api/v1/gear/?cursor=…>; rel="next"',
)
_RETRY_AFTER: Final = {
    "description": "in so many seconds it may go well",
    "schema": {"type": "integer", "minimum": 0},
    "example": 17,
}
_RATE_LIMITS: Final = {
    "RateLimit-Policy": _header("limits that this was counted for: q in w s", '"user";q=600;w=60'),
    "RateLimit": _header("r more may come in the next t s", '"user";r=599;t=41'),
}


def document_headers(
    result: dict[str, Any], generator: SchemaGenerator, request: Any, public: bool
) -> dict[str, Any]:
    """Adds to every answer the headers that its kind has."""
    for operations in result["paths"].values():
        for method in _METHODS:
            if method in operations:
                for status, response in operations[method]["responses"].items():
                    headers = response.setdefault("headers", {})
                    headers.update(_headers(status, operations[method]))
    return result


def _headers(status: str, operation: dict[str, Any]) -> dict[str, Any]:
    headers = dict(_RATE_LIMITS)
    if status in _LOCATIONS:
        headers["Location"] = _LOCATIONS[status]
    if status in ("429", "503"):
        headers["Retry-After"] = _RETRY_AFTER
    parameters = operation.get("parameters", ())
    if status == "200" and any(parameter["name"] == "cursor" for parameter in parameters):
        headers["Link"] = _LINK
    return headers


# Inputs by the models that say their defaults.
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
    """Defaults of inputs as the models have them: what is left out becomes that."""
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


_TEXTS = {
    "304": "What the client has is still the same.",
    "400": "The body cannot be read.",
    "401": "Not authenticated.",
    "403": "The token may only read, a session is needed, or its CSRF token is missing.",
    "404": "Not found, or not yours.",
    "409": "Not in the state that this needs, or done already.",
    "412": "It was changed since the ETag in If-Match was given; or the version of tus is another.",
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

    target_class = "gts.web.api.serializers.BoundedList"
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
    """A field that an input does not have is an error: ``accounts.api.views``."""
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
    if headers & {"If-Match", "Tus-Resumable"}:
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
