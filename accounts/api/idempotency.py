"""``Idempotency-Key``: the header of a POST that is to be done once, however often it is sent."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.datastructures import MultiValueDict
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.idempotency import (
    Claim,
    StoredAnswer,
    request_claim,
    request_complete,
    request_release,
)
from accounts.models import User
from gts.web.errors import InvalidInputError

P = ParamSpec("P")
V = TypeVar("V", bound=APIView)
F = TypeVar("F", bound=Callable[..., Any])

REPLAYED: Final = "Idempotency-Replayed"
_KEY: Final = re.compile(r"[!-~]{1,255}")
_BAD_KEY: Final = "An Idempotency-Key has 1 to 255 visible ASCII characters."
# What of an answer is not in its body.
_KEPT_HEADERS: Final = ("ETag", "Location")
# What is sent in headers, and is content all the same: a file that is to come in pieces.
_CONTENT_HEADERS: Final = ("Upload-Length", "Upload-Metadata")
# Refused for what one has or has done already: there may be room the next time. 460 (tus): bytes
# were spoilt on their way, and the same ones may come whole.
_MAY_END_OTHERWISE: Final = (413, 429, 460)

_PARAMETERS: Final = [
    OpenApiParameter(
        "Idempotency-Key",
        type={"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        location=OpenApiParameter.HEADER,
        description="Sent again with the same key within a day, the request is not done again: "
        "the first answer comes back. 422 for another request with this key, 409 while the "
        "first one is being done.",
    ),
    OpenApiParameter(
        REPLAYED,
        location=OpenApiParameter.HEADER,
        response=True,
        description="true when this is the answer of an earlier request with the same key",
    ),
]


def idempotent(
    handler: Callable[Concatenate[V, Request, P], Response],
) -> Callable[Concatenate[V, Request, P], Response]:
    """For the ``post`` of every view that creates something or queues work.

    The work and its answer are one transaction: a process that dies leaves both or none. Not so
    for uploads, which must not hold a database lock while files are written; there the content
    itself is known again.
    """

    if iscoroutinefunction(handler):
        raise TypeError(f"{handler} is async, and this works in a database transaction")

    @wraps(handler)
    def once(view: V, request: Request, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None or not isinstance(request.user, User):
            return handler(view, request, *args, **kwargs)
        if not _KEY.fullmatch(key):
            raise InvalidInputError(_BAD_KEY, code="IDEMPOTENCY_KEY_INVALID")
        claim = request_claim(user=request.user, key=key, fingerprint=fingerprint_of(request))
        if isinstance(claim, StoredAnswer):
            return _replayed(claim)
        try:
            if request.FILES:
                response = handler(view, request, *args, **kwargs)
                request_complete(claim, _answer_of(response))
                return response
            with transaction.atomic():
                response = handler(view, request, *args, **kwargs)
                request_complete(claim, _answer_of(response))
            return response
        except Exception as error:
            return _refused(view, claim, error)
        except BaseException:
            request_release(claim)
            raise

    once.is_idempotent = True  # type: ignore[attr-defined]  # for the test that looks at all routes
    return extend_schema(parameters=_PARAMETERS)(once)


def idempotent_by(
    start: Callable[Concatenate[V, Request, P], Response],
) -> Callable[[F], F]:
    """For an async ``post`` whose work is all in ``start``, which is ``@idempotent``: what comes
    after it only waits and looks."""
    if not getattr(start, "is_idempotent", False):
        raise TypeError(f"{start} is not @idempotent")

    def mark(handler: F) -> F:
        handler.is_idempotent = True  # type: ignore[attr-defined]  # for the same test
        return extend_schema(parameters=_PARAMETERS)(handler)

    return mark


def fingerprint_of(request: Request) -> str:
    """Of method, address and content; files are read in chunks. Equal for equal requests, however
    they are written: spaces in JSON and boundaries of multipart do not count."""
    digest = hashlib.sha256()
    for part in _parts(request):
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.hexdigest()


def _parts(request: Request) -> Iterator[bytes]:
    yield (request.method or "").encode()
    yield request.get_full_path().encode()
    for name in _CONTENT_HEADERS:
        if name in request.headers:
            yield request.headers[name].encode()
    data = request.data
    if not isinstance(data, MultiValueDict):
        yield json.dumps(data, sort_keys=True).encode()
        return
    for name in sorted(data):
        for value in data.getlist(name):
            yield name.encode()
            if isinstance(value, UploadedFile):
                yield (value.name or "").encode()
                yield _content_digest(value)
            else:
                yield str(value).encode()


def _content_digest(upload: UploadedFile[bytes]) -> bytes:
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    return digest.digest()


def _refused(view: APIView, claim: Claim, error: Exception) -> Response:
    """The answer to an error. Kept as any other, unless another try may end otherwise."""
    try:
        response = view.handle_exception(error)  # raises what is a bug
    except BaseException:
        request_release(claim)
        raise
    if response.status_code in _MAY_END_OTHERWISE or response.status_code >= 500:
        request_release(claim)
    else:
        request_complete(claim, _answer_of(response))
    return response


def _answer_of(response: Response) -> StoredAnswer:
    body = "" if response.data is None else JSONRenderer().render(response.data).decode()
    headers = {name: response[name] for name in _KEPT_HEADERS if response.has_header(name)}
    return StoredAnswer(response.status_code, body, headers)


def _replayed(answer: StoredAnswer) -> Response:
    data = json.loads(answer.body) if answer.body else None
    return Response(data, status=answer.status, headers={**answer.headers, REPLAYED: "true"})
