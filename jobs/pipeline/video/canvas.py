"""The two canvases that pictures are laid out on, the typefaces, and making text fit.

1920×1080 for every landscape size and 1080×1920 for portrait; resvg scales them to the pixels of
the video. Places that are redrawn from one video frame to the next are whole even numbers of pixels
at every size.

SVG neither wraps nor shrinks text, so lines are broken here, before the template is filled in. How
wide a text will be is read from the font files. Kerning is left out: it makes text a little
narrower than measured, never wider by much.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fontTools.ttLib import TTFont

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.vocabulary.options import Size

ELLIPSIS = "…"
NO_BREAK_SPACE = "\u00a0"

# A character that no bundled font has (CJK, emoji) comes from a font of the system: assume a full
# em, which is right for CJK and safe for the rest.
_UNKNOWN_ADVANCE_EM = 1.0

TEXT_FAMILY = "Sofia Sans Semi Condensed"
NUMBER_FAMILY = "JetBrains Mono"

BAR_PITCH = 9
BAR_WIDTH = 5

# What a template is filled with. Numbers are handed over as text, so that no template engine
# formats them in the manner of a language.
Values = dict[str, object]


class Font:
    """Advance widths of one font file. ``advances_em``: character → width in em."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with TTFont(path, lazy=True) as tables:
                units_per_em: int = tables["head"].unitsPerEm
                metrics: dict[str, tuple[int, int]] = tables["hmtx"].metrics
                glyphs: dict[int, str] = tables["cmap"].getBestCmap()
                self.weight: int = tables["OS/2"].usWeightClass
                self.family: str = tables["name"].getBestFamilyName()
            self.advances_em = {
                chr(code): metrics[glyph][0] / units_per_em for code, glyph in glyphs.items()
            }
        except Exception as error:  # fontTools raises whatever it meets in a damaged table
            raise PipelineError(
                "FONT_UNREADABLE", "A bundled font cannot be read.", detail=f"{path.name}: {error}"
            ) from error

    def width(self, text: str, size: float, letter_spacing: float = 0.0) -> float:
        """Width of one line in the unit of ``size``."""
        em: float = sum(self.advances_em.get(character, _UNKNOWN_ADVANCE_EM) for character in text)
        return em * size + letter_spacing * len(text)

    def covers(self, text: str) -> bool:
        """True when every character of ``text`` has a glyph here."""
        return all(character in self.advances_em for character in text)


class FontBook:
    """The fonts a video is drawn with, found by family and weight."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self.fonts = [Font(path) for path in paths]
        if not self.fonts:
            raise PipelineError("FONT_UNREADABLE", "The fonts of the video are missing.")

    def find(self, family: str, weight: int) -> Font:
        """The nearest weight of ``family``; the first font when the family is not there."""
        same = [font for font in self.fonts if font.family == family] or self.fonts[:1]
        return min(same, key=lambda font: abs(font.weight - weight))

    def covers(self, text: str) -> bool:
        """True when no other font is needed for ``text`` (white space counts as covered)."""
        return all(font.covers("".join(text.split())) for font in self.fonts)


@dataclass(frozen=True, slots=True)
class FittedText:
    """Lines of a text at the size at which they fit."""

    lines: tuple[str, ...]
    size: float
    is_cut: bool = False


def clean_text(text: str) -> str:
    """One line without control characters (they are not allowed in XML) and doubled spaces.

    A no-break space stays one.
    """
    plain = "".join(
        " " if character.isspace() and character != NO_BREAK_SPACE else character
        for character in unicodedata.normalize("NFC", text)
        if character.isspace() or unicodedata.category(character) not in ("Cc", "Cs", "Cn", "Co")
    )
    return re.sub(r" +", " ", plain).strip()


def without_brackets(text: str) -> str:
    """With ‹ › for < >, which YouTube refuses and players take for tags."""
    return text.replace("<", "‹").replace(">", "›")


def fit_text(
    text: str,
    font: Font,
    max_width: float,
    sizes: Sequence[float],
    max_lines: int = 1,
    *,
    letter_spacing: float = 0.0,
    max_height: float = math.inf,
    line_height: float = 1.0,
) -> FittedText:
    """The largest of ``sizes`` (descending) at which ``text`` fits in ``max_lines`` lines.

    ``max_height`` bounds the lines together, each ``line_height`` em high. Text that does not fit
    at the smallest size is cut and ends with an ellipsis. ``letter_spacing`` is in em.
    """
    text = clean_text(text)
    if not text:
        return FittedText((), sizes[-1])
    for size in sizes:
        lines = _wrap(text, font, max_width, size, letter_spacing * size, may_split=False)
        if lines is None or len(lines) > max_lines:
            continue
        if len(lines) * size * line_height <= max_height:
            return FittedText(
                _balanced(lines, text, font, max_width, size, letter_spacing * size), size
            )
    size = sizes[-1]
    lines = _wrap(text, font, max_width, size, letter_spacing * size, may_split=True) or []
    if len(lines) <= max_lines:
        return FittedText(tuple(lines), size)
    last = lines[max_lines - 1] + (" " + lines[max_lines] if len(lines) > max_lines else "")
    kept = lines[: max_lines - 1]
    return FittedText(
        (*kept, _shorten(last, font, max_width, size, letter_spacing * size)), size, is_cut=True
    )


def _balanced(
    lines: list[str], text: str, font: Font, max_width: float, size: float, spacing: float
) -> tuple[str, ...]:
    """As many lines as ``lines``, but of similar length: no lone word at the end."""
    narrow = max_width
    while len(lines) > 1 and narrow > 0.4 * max_width:
        narrow -= 0.02 * max_width
        tighter = _wrap(text, font, narrow, size, spacing, may_split=False)
        if tighter is None or len(tighter) > len(lines):
            break
        lines = tighter
    return tuple(lines)


def _wrap(
    text: str, font: Font, max_width: float, size: float, spacing: float, *, may_split: bool
) -> list[str] | None:
    """Greedy lines; None when one word alone is too wide and must not be split."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if font.width(longer, size, spacing) <= max_width:
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while font.width(line, size, spacing) > max_width:
            if not may_split:
                return None
            length = _fitting_length(line, font, max_width, size, spacing)
            lines.append(line[:length])
            line = line[length:]
    return [*lines, line] if line else lines


def _fitting_length(text: str, font: Font, max_width: float, size: float, spacing: float) -> int:
    length = 1
    while length < len(text) and font.width(text[: length + 1], size, spacing) <= max_width:
        length += 1
    return length


def _shorten(text: str, font: Font, max_width: float, size: float, spacing: float) -> str:
    while text and font.width(text + ELLIPSIS, size, spacing) > max_width:
        text = text[:-1].rstrip(" ,.;:·-–—/+")
    return text + ELLIPSIS


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the canvas. Scaled to pixels by ``scaled``."""

    x: int
    y: int
    width: int
    height: int

    def scaled(self, factor: float) -> Box:
        """In pixels, on even positions: chroma has half the resolution."""

        def even(value: float) -> int:
            return 2 * round(value / 2)

        return Box(*(even(factor * value) for value in (self.x, self.y, self.width, self.height)))

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    def values(self) -> dict[str, str]:
        return {
            "x": str(self.x),
            "y": str(self.y),
            "width": str(self.width),
            "height": str(self.height),
            "right": str(self.right),
            "bottom": str(self.bottom),
            "middle": str(self.x + self.width // 2),
        }


@dataclass(frozen=True, slots=True)
class Canvas:
    """The fixed places of one orientation."""

    width: int
    height: int
    margin: int
    header_y: int
    badge: Box
    label: Box
    label_sizes: tuple[int, ...]
    label_lines: int
    chain: Box
    panel: Box
    wave: Box
    clock: Box
    pips_y: int
    max_columns: int
    listing: Box
    strip: Box

    @property
    def inner_width(self) -> int:
        return self.width - 2 * self.margin

    @property
    def num_bars(self) -> int:
        """Into how many bars a waveform is cut."""
        return self.wave.width // BAR_PITCH

    @property
    def text_lines(self) -> int:
        """How many lines a text under a title may take."""
        return 4 if self.is_portrait else 2

    @property
    def is_portrait(self) -> bool:
        return self.height > self.width


LANDSCAPE = Canvas(
    width=1920,
    height=1080,
    margin=96,
    header_y=96,
    badge=Box(96, 150, 168, 168),
    label=Box(300, 150, 1524, 168),
    label_sizes=(124, 116, 108, 100, 92, 84, 76, 68, 60),
    label_lines=2,
    chain=Box(96, 354, 1728, 306),
    panel=Box(0, 696, 1920, 384),
    wave=Box(96, 786, 1728, 216),
    clock=Box(96, 726, 120, 42),
    pips_y=1026,
    max_columns=5,
    listing=Box(96, 516, 1728, 360),
    strip=Box(96, 912, 1728, 144),
)
PORTRAIT = Canvas(
    width=1080,
    height=1920,
    margin=72,
    header_y=126,
    badge=Box(72, 240, 168, 168),
    label=Box(72, 438, 936, 264),
    label_sizes=(112, 104, 96, 88, 80, 72, 66, 60),
    label_lines=3,
    chain=Box(72, 726, 936, 618),
    panel=Box(0, 1392, 1080, 528),
    wave=Box(72, 1500, 936, 264),
    clock=Box(72, 1434, 120, 42),
    pips_y=1812,
    max_columns=1,
    listing=Box(72, 780, 936, 756),
    strip=Box(72, 1608, 936, 216),
)


def canvas_for(size: Size) -> Canvas:
    """The canvas whose shape is that of ``size``."""
    return PORTRAIT if size[1] > size[0] else LANDSCAPE


@dataclass(frozen=True, slots=True)
class Typefaces:
    """The four cuts that everything is set in."""

    regular: Font
    semi_bold: Font
    extra_bold: Font
    number: Font

    @classmethod
    def from_book(cls, fonts: FontBook) -> Typefaces:
        return cls(
            fonts.find(TEXT_FAMILY, 400),
            fonts.find(TEXT_FAMILY, 600),
            fonts.find(TEXT_FAMILY, 800),
            fonts.find(NUMBER_FAMILY, 500),
        )


def stacked(lines: Sequence[str], first_y: int, gap: int) -> list[dict[str, str]]:
    """Lines of text under each other, as templates take them."""
    return [{"y": str(first_y + index * gap), "text": line} for index, line in enumerate(lines)]


def signed(value: float) -> str:
    """One decimal, with a real minus sign."""
    return f"{value:.1f}".replace("-", "−")
