"""The two canvases that pictures are laid out on, and the typefaces.

1920×1080 for every landscape size and 1080×1920 for portrait; resvg scales them to the pixels of
the video. Places that are redrawn from one video frame to the next are whole even numbers of pixels
at every size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.pipeline.video.text import Font, FontBook
from jobs.pipeline.vocabulary.video import Size

TEXT_FAMILY = "Sofia Sans Semi Condensed"
NUMBER_FAMILY = "JetBrains Mono"

BAR_PITCH = 9
BAR_WIDTH = 5

# What a template is filled with. Numbers are handed over as text, so that no template engine
# formats them in the manner of a language.
Values = dict[str, object]


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
