"""What tus (https://tus.io/protocols/resumable-upload, 1.0.0) puts into headers and bodies."""

from __future__ import annotations

import base64
import binascii
import tempfile
from collections.abc import Mapping
from typing import IO, Any, Final

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, DataAndFiles
from rest_framework.request import Request

CONTENT_TYPE: Final = "application/offset+octet-stream"
_COPY_BYTES: Final = 256 * 1024
_MAX_METADATA_CHARS: Final = 8000


class OffsetParser(BaseParser):
    """The bytes of a file from some place on, as ``FILES["content"]``."""

    media_type = CONTENT_TYPE

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> DataAndFiles[Any, Any]:
        upload = read_content(stream)
        return DataAndFiles(QueryDict(), MultiValueDict({"content": [upload]}))


def read_content(stream: IO[Any]) -> UploadedFile[bytes]:
    """As a file that can be read twice; larger ones lie in TMPDIR."""
    limit_bytes = settings.FILE_UPLOAD_MAX_MEMORY_SIZE
    # Closed with the request.
    copy = tempfile.SpooledTemporaryFile(max_size=limit_bytes)  # noqa: SIM115
    size_bytes = 0
    try:
        while chunk := stream.read(_COPY_BYTES):
            size_bytes += copy.write(chunk)
    except OSError:  # a full disk: nothing stays there
        copy.close()
        raise
    copy.seek(0)
    return UploadedFile(copy, name="content", size=size_bytes)


def content_of(request: Request) -> UploadedFile[bytes] | None:
    """What a request has brought, ``None`` without a body."""
    _ = request.data  # now it is read; a body of another type is an error
    found = request.FILES.get("content")
    if isinstance(found, UploadedFile):
        return found
    # Without a length the framework takes a body for empty.
    is_chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    if is_chunked and "CONTENT_LENGTH" not in request.META:
        return read_content(request._request)  # type: ignore[arg-type]  # it is read like a file
    return None


def offset_of(request: Request) -> int:
    """Raises ``ParseError``."""
    return _number(request, "Upload-Offset")


def length_of(request: Request) -> int:
    """Raises ``ParseError``."""
    if "Upload-Defer-Length" in request.headers:
        raise ParseError("Upload-Length is needed at once: lengths are not deferred here.")
    return _number(request, "Upload-Length")


def _number(request: Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise ParseError(f"{header} must be a number of bytes.")
    return int(text)


def metadata_of(request: Request) -> dict[str, str]:
    """``Upload-Metadata``: pairs of a key and its value in Base64. Raises ``ParseError``."""
    header = request.headers.get("Upload-Metadata", "")
    if len(header) > _MAX_METADATA_CHARS:
        raise ParseError("Upload-Metadata is too long.")
    found: dict[str, str] = {}
    for pair in filter(None, map(str.strip, header.split(","))):
        key, _, encoded = pair.partition(" ")
        if key in found:
            raise ParseError("Each key of Upload-Metadata may come once.")
        try:
            found[key] = base64.b64decode(encoded, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ParseError(f"Upload-Metadata: the value of {key[:40]} is not Base64.") from error
    return found


def metadata_header(values: Mapping[str, str]) -> str:
    pairs = ((key, base64.b64encode(value.encode()).decode()) for key, value in values.items())
    return ",".join(f"{key} {value}".strip() for key, value in pairs)
