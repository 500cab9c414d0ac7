"""Measured widths against what resvg draws, and texts that are made to fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.video.canvas import ELLIPSIS, TEXT_FAMILY, Font, FontBook, clean_text, fit_text
from jobs.pipeline.video.compose import render_rgba

from .conftest import ROOT

BOLD = Font(ROOT / "static/fonts/SofiaSansSemiCondensed-ExtraBold.ttf")
FONT_NAMES = sorted(path.name for path in (ROOT / "static/fonts").glob("*.ttf"))
SIZES = (80, 60, 40)

words = st.text(st.characters(codec="utf-8"), max_size=200)


def drawn_width(text: str, font: Font, size: int) -> int:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="1600" height="200">'
        f'<text x="100" y="120" font-family="{font.family}" font-weight="{font.weight}" '
        f'font-size="{size}">{text}</text></svg>'
    )
    picture = render_rgba(svg, (1600, 200), [font.path], use_system_fonts=False)
    columns = np.flatnonzero(picture[:, :, 3].any(axis=0))
    return int(columns[-1] - columns[0] + 1)


def test_fonts_are_told_apart_by_family_and_weight(fonts: list[Path]) -> None:
    book = FontBook(fonts)
    found = {(font.family, font.weight) for font in book.fonts}
    assert found == {
        (TEXT_FAMILY, 400),
        (TEXT_FAMILY, 600),
        (TEXT_FAMILY, 800),
        ("JetBrains Mono", 500),
    }
    assert book.find(TEXT_FAMILY, 700).weight in (600, 800)


@pytest.mark.parametrize("name", FONT_NAMES)
@pytest.mark.parametrize("text", ["Marshall JCM800 2203", "Усилитель 4×12 Žluťoučký", "−14.0"])
def test_measured_widths_are_those_that_are_drawn(name: str, text: str) -> None:
    font = Font(ROOT / "static/fonts" / name)
    # Side bearings, kerning and smoothing are the difference.
    assert drawn_width(text, font, 80) == pytest.approx(font.width(text, 80), abs=18)


def test_one_line_when_it_fits_and_the_largest_size() -> None:
    assert fit_text("JCM800", BOLD, 600, SIZES, 2).lines == ("JCM800",)
    assert fit_text("JCM800", BOLD, 600, SIZES, 2).size == 80


def test_lines_are_of_similar_length() -> None:
    lines = fit_text("Dual Rectifier Solo Head Rev F", BOLD, 900, (80,), 2).lines
    assert lines == ("Dual Rectifier", "Solo Head Rev F")


def test_what_cannot_fit_ends_with_an_ellipsis() -> None:
    fitted = fit_text("Mesa/Boogie " * 20, BOLD, 500, SIZES, 2)
    assert fitted.is_cut
    assert fitted.lines[-1].endswith(ELLIPSIS)


@given(words, st.floats(120, 1500), st.integers(1, 4))
def test_no_line_is_ever_wider_than_its_room(text: str, room: float, max_lines: int) -> None:
    fitted = fit_text(text, BOLD, room, SIZES, max_lines)
    assert len(fitted.lines) <= max_lines
    assert all(BOLD.width(line, fitted.size) <= room for line in fitted.lines)
    if not fitted.is_cut:
        kept = "".join(fitted.lines).replace(" ", "")
        assert kept == clean_text(text).replace(" ", "")


def test_control_characters_do_not_reach_xml() -> None:
    assert clean_text("a\x00b\x1b[31m\n\tc\ud800 d") == "ab[31m c d"


def test_a_broken_font_is_an_error_of_the_pipeline(tmp_path: Path) -> None:
    broken = tmp_path / "font.ttf"
    broken.write_bytes(BOLD.path.read_bytes()[:200])
    with pytest.raises(PipelineError, match="FONT_UNREADABLE"):
        Font(broken)
