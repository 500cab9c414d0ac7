"""Answers that say where something is, and as of which revision (ETag; RFC 9110, 13).

An entity tag is ``"<revision>-<digest>"``. The digest is that of the whole answer, so it is a
strong one, and ``If-None-Match`` compares all of it. ``If-Match`` protects edits, and so looks at
the revision alone: that a render went on in between is no reason to refuse a new title.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.urls import reverse
from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiParameter
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from gts.web.models import RevisedModel

_TAG: Final = re.compile(r'"(\d{1,10})-[0-9a-f]+"')
_DIGEST_CHARS: Final = 24

ETAG: Final = OpenApiParameter(
    "ETag",
    location=OpenApiParameter.HEADER,
    response=[200, 201],
    description="for If-Match and If-None-Match",
)
IF_MATCH: Final = OpenApiParameter(
    "If-Match",
    location=OpenApiParameter.HEADER,
    description="ETag of what this change is based on; 412 when it was changed since",
)
IF_NONE_MATCH: Final = OpenApiParameter(
    "If-None-Match",
    location=OpenApiParameter.HEADER,
    description="ETag of what is known already; 304 when it is still the same",
)


def created(data: Any, route: str, uuid: UUID) -> Response:
    """201, with the address of what was made."""
    return Response(data, status=201, headers={"Location": reverse(route, args=[uuid])})


def accepted(data: Any, route: str, uuid: UUID) -> Response:
    """202, with the address that tells how far it is: most often that of a job."""
    return Response(data, status=202, headers={"Location": reverse(route, args=[uuid])})


def accepted_revisions(request: Request) -> frozenset[int] | None:
    """What ``If-Match`` allows to be changed; ``None`` for anything that is there.

    A weak tag never matches here, and neither does what is no tag of ours.
    """
    header = request.headers.get("If-Match")
    if header is None:
        return None
    tags = parse_etags(header)
    if tags == ["*"]:
        return None
    return frozenset(int(found[1]) for tag in tags if (found := _TAG.fullmatch(tag)))


def revised_response(
    request: Request, row: RevisedModel, data: Mapping[str, Any], *, status: int = 200
) -> Response:
    """The answer with its tag; 304 without a body where the client has it already."""
    return _tagged(request, f'"{row.revision}-{_digest(data)}"', data, status)


def constant_response(request: Request, data: Any) -> Response:
    """An answer that changes only with the version of GTS, with a tag; 304 as above."""
    return _tagged(request, f'"{_digest(data)}"', data, 200)


def _digest(data: Any) -> str:
    return hashlib.sha256(JSONRenderer().render(data)).hexdigest()[:_DIGEST_CHARS]


def _tagged(request: Request, tag: str, data: Any, status: int) -> Response:
    if request.method in ("GET", "HEAD") and _is_known(request, tag):
        return Response(status=304, headers={"ETag": tag})
    return Response(data, status=status, headers={"ETag": tag})


def _is_known(request: Request, tag: str) -> bool:
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return known == ["*"] or tag in {name.removeprefix("W/") for name in known}
