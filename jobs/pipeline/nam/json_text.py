"""From bytes that anybody may have made to a JSON object, in bounded time and memory."""

from __future__ import annotations

import json
import re
from typing import Final, NoReturn

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.nam.fields import printable, show
from jobs.pipeline.nam.limits import (
    MAX_COMMAS,
    MAX_CONTAINERS,
    MAX_DEPTH,
    MAX_FILE_BYTES,
    MAX_QUOTES,
)

# Possessive, so that each byte is looked at once: strings (whether they end or not) and brackets.
_STRING_OR_BRACKET: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
# What may be left out of the file without a change in its strings and brackets, to look at less.
_NUMBERS_AND_SPACE: Final = b"0123456789.,+-eE \t\r\n"


def read_json_object(data: bytes) -> dict[str, object]:
    """The object that a file is, after RFC 8259 and with every key once.

    What it can cost is counted before it is parsed (``limits``). Raises ``PipelineError``
    NAM_TOO_LARGE, NAM_NOT_JSON, or NAM_INVALID for numbers that are not finite and for keys that
    come twice.
    """
    _refuse_cost(data)
    try:
        parsed: object = json.loads(
            data.decode("utf-8-sig"),
            parse_constant=_refuse_constant,
            object_pairs_hook=_object_of,
        )
    # ValueError covers undecodable text, broken JSON and integers of more than 4,300 digits.
    except (ValueError, RecursionError) as error:
        raise PipelineError(
            "NAM_NOT_JSON",
            "This file is not a capture: it is not valid JSON.",
            detail=f"{type(error).__name__}: {str(error)[:200]}",
        ) from error
    if not isinstance(parsed, dict):
        raise PipelineError(
            "NAM_NOT_JSON",
            "This file is not a capture: it does not begin with an object.",
            detail=f"top level is {show(parsed)}",
        )
    return parsed


def _refuse_cost(data: bytes) -> None:
    if len(data) > MAX_FILE_BYTES:
        megabytes = MAX_FILE_BYTES // (1024 * 1024)
        raise PipelineError(
            "NAM_TOO_LARGE",
            f"This capture is larger than {megabytes} MB; real ones take about one.",
            detail=f"more than {MAX_FILE_BYTES} bytes",
        )
    for what, count, limit in (
        ("lists and objects", data.count(b"[") + data.count(b"{"), MAX_CONTAINERS),
        ("quotation marks", data.count(b'"'), MAX_QUOTES),
        ("commas", data.count(b","), MAX_COMMAS),
    ):
        if count > limit:
            raise PipelineError(
                "NAM_TOO_LARGE",
                "This file is built in a way no capture is: far too many parts.",
                detail=f"{count} {what}, at most {limit}",
            )
    depth = _depth(data)
    if depth > MAX_DEPTH:
        raise PipelineError(
            "NAM_NOT_JSON",
            "This file is not a capture: it is nested too deeply.",
            detail=f"{depth} lists or objects within each other, at most {MAX_DEPTH}",
        )


def _depth(data: bytes) -> int:
    """Of lists and objects within each other, up to where the text is no JSON any more."""
    depth = deepest = 0
    for match in _STRING_OR_BRACKET.finditer(data.translate(None, _NUMBERS_AND_SPACE)):
        found = match[0]
        if found in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif found in b"]}":
            depth -= 1
    return deepest


def _refuse_constant(name: str) -> NoReturn:
    raise PipelineError(
        "NAM_INVALID", "This capture is damaged: it holds numbers that are not finite.", detail=name
    )


def _object_of(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Readers differ in which of two values they take: one file would sound in two ways."""
    values: dict[str, object] = {}
    for key, value in pairs:
        if key in values:
            raise PipelineError(
                "NAM_INVALID",
                f"This capture is damaged: it says “{printable(key)}” twice.",
                detail=f"in an object of {len(pairs)} keys",
            )
        values[key] = value
    return values
