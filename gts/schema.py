"""The OpenAPI document: what the views do not say themselves. Imported when the app is ready."""

from __future__ import annotations

from typing import Any

from drf_spectacular.authentication import SessionScheme
from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.generators import SchemaGenerator

_METHODS = ("get", "post", "put", "patch", "delete")
_TEXTS = {
    "400": "The body cannot be read.",
    "401": "Not authenticated.",
    "404": "There is no such thing, or it is not yours.",
    "413": "Larger than is accepted.",
    "415": "Not an accepted kind of content.",
    "422": "Well-formed but wrong; `details` has every finding.",
    "429": "Too many requests; see Retry-After.",
}


def _text(description: str, example: str) -> dict[str, str]:
    return {"type": "string", "description": description, "example": example}


_ERROR_DETAIL = {
    "type": "object",
    "required": ["pointer", "code", "message"],
    "properties": {
        "pointer": _text("JSON pointer into the input; empty: all of it", "/blocks/1"),
        "code": _text("for programs", "IR_REQUIRED"),
        "message": _text("for people", "An amp head needs a cabinet."),
    },
}
_ERROR = {
    "type": "object",
    "description": "Every error answer has this shape.",
    "required": ["code", "message", "details", "request_id"],
    "properties": {
        "code": _text("for programs", "INVALID"),
        "message": _text("for people", "An amp head needs a cabinet."),
        "details": {"type": "array", "items": {"$ref": "#/components/schemas/ErrorDetail"}},
        "request_id": _text("also in the header X-Request-ID", "5f0c9a2e"),
    },
}


class JWTScheme(SimpleJWTScheme):  # type: ignore[no-untyped-call]
    target_class = "gts.api.JWTAuthentication"
    name = "jwt"


class SessionCookieScheme(SessionScheme):  # type: ignore[no-untyped-call]
    target_class = "gts.api.SessionAuthentication"
    name = "session"


def document_errors(
    result: dict[str, Any], generator: SchemaGenerator, request: Any, public: bool
) -> dict[str, Any]:
    """Adds to every operation the error answers that its kind can give."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas.update({"Error": _ERROR, "ErrorDetail": _ERROR_DETAIL})
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for path, operations in result["paths"].items():
        for method in _METHODS:
            if method in operations:
                for status in _statuses(path, operations[method]):
                    operations[method]["responses"].setdefault(
                        status, {"description": _TEXTS[status], "content": content}
                    )
    return result


def _statuses(path: str, operation: dict[str, Any]) -> list[str]:
    parameters = operation.get("parameters", [])
    statuses = {"429"}
    # Tokens that the body carries can be refused too, where nobody has to be logged in.
    if operation.get("security") or "/auth/token/" in path:
        statuses.add("401")
    if "{" in path or any(parameter["name"] == "page" for parameter in parameters):
        statuses.add("404")
    if any(parameter["in"] == "query" for parameter in parameters):
        statuses.add("422")
    if "requestBody" in operation:
        statuses |= {"400", "413", "415", "422"}
    return sorted(statuses)
