"""Text that was made to hurt is refused before it is parsed; all other text is read as ever."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path
from tomllib import _parser  # type: ignore[attr-defined]  # a private module
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from jobs.pipeline.formats.toml_text import MAX_DOTS, MAX_TOML_BYTES, TomlError, read_toml

DEMO = Path(__file__).resolve().parents[4] / "shootouts" / "demo" / "shootout.toml"
MAX_CPU_S = 1.0

FULL = MAX_TOML_BYTES - 100


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a" + ".a" * (FULL // 2) + " = 1", "parts"),
        ("a" + " . a" * (FULL // 4) + " = 1", "parts"),
        ("'a'" + ".'a'" * (FULL // 4) + " = 1", "parts"),
        ("[" + "a." * (FULL // 2) + "a]", "parts"),
        ("x = {" + "a." * (FULL // 2) + "a = 1}", "parts"),
        ("a" + ".a" * 9 + " = 1", "parts"),
        ("x = " + "1" * 5000, "characters"),
        ("x = 0x" + "f" * 5000, "characters"),
        ("x = 0." + "1" * FULL, "characters"),
        ("x = " + "[" * FULL, "nested"),
        ("x = " + "[" * 17 + "]" * 17, "nested"),
        ("x = " + "{a = " * 17 + "1" + "}" * 17, "nested"),
        ('x = "' + '\\"' * (FULL // 2), "does not end"),
        ('x = """' + '\\"""' * (FULL // 4), "does not end"),
        ("x = '''" + "''a" * (FULL // 3), "does not end"),
        ("x = '" + "a\n'" * (FULL // 3), "does not end"),
        ("#" * (MAX_TOML_BYTES + 1), "64 KiB"),
        ("x = ", "end of document"),
        ("x = 99999-99-99", "at line 1"),
    ],
)
def test_text_made_to_hurt_is_refused_at_once(text: str, said: str) -> None:
    began_s = time.thread_time()
    with pytest.raises(TomlError, match=said):
        read_toml(text.encode())
    assert time.thread_time() - began_s < MAX_CPU_S


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(TomlError, match="UTF-8"):
        read_toml(b"\xff\xfe")


@pytest.mark.parametrize(
    "line",
    ["[[a]]\n", "a.b.c.d.e.f.g.h.k%d = 1\n", "[t%d.b.c.d.e.f.g.h.i]\n", "k%d = [[], {}]\n"],
)
def test_as_much_as_is_let_in_takes_little_time(line: str) -> None:
    text = ""
    while len(text) < MAX_TOML_BYTES - len(line) - 4:
        text += line.replace("%d", str(len(text)))
    began_s = time.thread_time()
    found = read_toml(text.encode())
    assert time.thread_time() - began_s < MAX_CPU_S
    assert found == tomllib.loads(text)


def test_true_files_are_read_as_ever() -> None:
    text = DEMO.read_bytes()
    assert read_toml(text) == read_toml(b"\xef\xbb\xbf" + text) == tomllib.loads(text.decode())
    prose = 'x = "e.g. a.b.c.d.e.f.g.h.i.j.k" # a.b.c.d.e.f.g.h.i.j.k\ny = [' + "1.5, " * 50 + "]"
    assert read_toml(prose.encode()) == tomllib.loads(prose)


PIECES = st.sampled_from(
    [
        *('"', '""', '"""', '""""', "'", "''", "'''", "''''", "\\", '\\"', "\\\\", "\n", "\r\n"),
        *("a", "b", " ", ".", "." * 3, "a.a.a.a.a", ".b" * 8, "=", " = ", "1", "1.5", "#", "\t"),
        *("[", "]", "[[", "]]", "{", "}", ",", "\x00", "é", "inf", "2024-01-01", "x = ", "\\u00e9"),
    ]
)


@given(pieces=st.lists(PIECES, max_size=40))
def test_no_long_key_gets_to_the_parser(pieces: list[str]) -> None:
    """However strings, comments and dots are mixed: what tomllib takes for a key is short."""
    text = "".join(pieces)
    longest = 0
    true_parse_key = _parser.parse_key

    def parse_key(*arguments: Any) -> Any:
        nonlocal longest
        position, key = true_parse_key(*arguments)
        longest = max(longest, len(key))
        return position, key

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_parser, "parse_key", parse_key)
        try:
            found = read_toml(text.encode())
        except TomlError:
            event("refused")
        else:
            event("read")
            assert found == tomllib.loads(text)
    assert longest <= MAX_DOTS + 1
