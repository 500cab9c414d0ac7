"""How request bodies are read: bounded before anything is built from them, mistakes as findings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, Final, NoReturn

from django.conf import settings
from rest_framework import parsers
from rest_framework.exceptions import ParseError
from rest_framework.settings import api_settings

from gts.web.errors import ErrorDetail, InvalidInputError, TooLargeError

# The parts around the file of a multipart upload: its fields and boundaries.
_MULTIPART_ROOM_BYTES = 1024 * 1024

# The largest input that makes sense has a tenth of these: 16 blocks with all their parameters, or
# the slots of 27 chains.
MAX_DEPTH: Final = 20
MAX_VALUES: Final = 5_000


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class JSONParser(parsers.JSONParser):
    """UTF-8 JSON of at most ``DATA_UPLOAD_MAX_MEMORY_SIZE`` bytes, only of real text and numbers.

    The REST framework's own parser reads the stream without that bound, and lets through
    depths and lone surrogates that fall over later.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit_bytes = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit_bytes + 1)
        if len(body) > limit_bytes:
            raise TooLargeError("The body of the request is too large.")
        try:
            text = body.decode("utf-8")
            data = json.loads(text, parse_constant=_no_constant)
            _check_size(data)
            if "\\u" in text:  # an escape may spell half a character, which nothing can store
                json.dumps(data, ensure_ascii=False).encode()
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        except ValueError as error:
            raise ParseError(f"This is not JSON: {_without_input(error)}.") from error
        return data


def _check_size(data: Any) -> None:
    """Raises ``ParseError``, ``TooLargeError``. Level by level, so that no depth is too much."""
    level, num_values = [data], 0
    for _ in range(MAX_DEPTH + 1):
        level = [one for one in level if isinstance(one, list | dict)]
        if not level:
            return
        num_values += sum(map(len, level))
        if num_values > MAX_VALUES:
            raise TooLargeError(f"The JSON has more than {MAX_VALUES} values.")
        level = [
            value for one in level for value in (one.values() if isinstance(one, dict) else one)
        ]
    raise ParseError("The JSON is nested too deeply.")


def _without_input(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    return "its text is not valid" if isinstance(error, UnicodeError) else str(error)


class MultiPartParser(parsers.MultiPartParser):
    """Refuses what says it is too large for any upload before writing it anywhere."""

    @property
    def max_bytes(self) -> int:
        return max(settings.GTS_DI_MAX_BYTES, settings.GTS_CAPTURE_MAX_BYTES)

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        request = (parser_context or {})["request"]
        length = str(request.META.get("CONTENT_LENGTH") or "0")
        if length.isdecimal() and int(length) > self.max_bytes + _MULTIPART_ROOM_BYTES:
            raise TooLargeError("The upload is too large.")
        return super().parse(stream, media_type, parser_context)


class ArchiveParser(MultiPartParser):
    """For whole archives, which are larger than anything that is in them."""

    @property
    def max_bytes(self) -> int:
        return int(settings.GTS_IMPORT_MAX_BYTES)


def invalid_input(details: Sequence[ErrorDetail]) -> InvalidInputError:
    many = f"The input has {len(details)} mistakes."
    return InvalidInputError(details[0].message if len(details) == 1 else many, details=details)


def findings_in(detail: Any, pointer: str = "") -> Iterator[ErrorDetail]:
    """The leaves of a validation error, each with the JSON pointer to what it is about."""
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            is_about_all = key == api_settings.NON_FIELD_ERRORS_KEY
            yield from findings_in(value, pointer if is_about_all else f"{pointer}/{escaped(key)}")
    elif isinstance(detail, Sequence) and not isinstance(detail, str):
        for index, value in enumerate(detail):
            is_leaf = isinstance(value, str)
            yield from findings_in(value, pointer if is_leaf else f"{pointer}/{index}")
    else:
        code = str(getattr(detail, "code", None) or "invalid").upper()
        yield ErrorDetail(pointer, code, str(detail))


def escaped(key: object) -> str:
    """As a part of a JSON pointer."""
    return str(key).replace("~", "~0").replace("/", "~1")  # RFC 6901
