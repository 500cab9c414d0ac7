"""Headers that many answers of the API have, told of each in its document."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.generators import SchemaGenerator

_METHODS: Final = ("get", "post", "put", "patch", "delete")


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
