"""From text that anybody may have written to a TOML document, in bounded time.

``tomllib`` takes time with the square of the parts of a key (``a.a.a.a = 1``), and raises what is
no ``TOMLDecodeError`` for integers of thousands of digits and for deep nesting. What a text can
cost is counted before it is parsed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any, Final

MAX_TOML_BYTES: Final = 64 * 1024
# Of one key, or of one number: ``a.b.c`` has two. Files of GTS have one at most.
MAX_DOTS: Final = 8
# Of a bare key or a number. Python's own limit for integers is 4,300.
MAX_WORD_CHARS: Final = 100
# Arrays and inline tables within each other. Files of GTS have two.
MAX_DEPTH: Final = 16

# Each alternative is possessive, so that the whole text is looked at once, whatever is in it. Where
# tomllib finds a string or a comment this finds the same one, and nothing that it does not.
_TOKEN: Final = re.compile(
    r"""
      (?P<string> "{3} (?: [^"\\] | \\. | "{1,2}+ (?!") )*+ "{3,5}+
                | \'{3} (?: [^'] | '{1,2}+ (?!') )*+ \'{3,5}+ )
    | (?P<part> " (?: [^"\\\n] | \\. )*+ " | ' [^'\n]*+ ' )
    | (?P<comment> \# [^\n]*+ )
    | (?P<word> [A-Za-z0-9_+-]++ )
    | (?P<dot> \. )
    | (?P<open> [\[{] )
    | (?P<close> [\]}] )
    | (?P<blank> [ \t]++ )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_LONG_QUOTES: Final = ('"""', "'''")


class TomlError(ValueError):
    """What is wrong with a text, in words for people."""


def read_toml(data: bytes) -> dict[str, Any]:
    """The document that ``data`` is, in UTF-8. Raises ``TomlError``."""
    if len(data) > MAX_TOML_BYTES:
        raise TomlError(f"It is larger than {MAX_TOML_BYTES // 1024} KiB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TomlError("It is not UTF-8.") from error
    _refuse_cost(text)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise TomlError(str(error)) from error


def _refuse_cost(text: str) -> None:
    num_dots = depth = 0
    for kind, length in _tokens(text):
        if kind == "dot":
            num_dots += 1
        elif kind not in ("part", "word", "blank"):
            num_dots = 0
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
        if num_dots > MAX_DOTS:
            raise TomlError(f"A key has more than {MAX_DOTS + 1} parts.")
        if kind == "word" and length > MAX_WORD_CHARS:
            raise TomlError(f"A key or a number has more than {MAX_WORD_CHARS} characters.")
        if depth > MAX_DEPTH:
            raise TomlError("It is nested too deeply.")


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    """The kind of each token, and its length. Raises ``TomlError`` where a string does not end: to
    look on behind it could take long."""
    for match in _TOKEN.finditer(text):
        start, kind = match.start(), match.lastgroup or ""
        is_long = text.startswith(_LONG_QUOTES, start)
        if (is_long and kind == "part") or (kind == "other" and text[start] in "\"'"):
            line = text.count("\n", 0, start) + 1
            raise TomlError(f"A string does not end (at line {line}).")
        yield kind, match.end() - start
