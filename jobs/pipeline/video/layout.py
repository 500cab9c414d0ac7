"""What the templates of a contender are filled with: header, name, chain, facts, waveform, color.

Contender colors share lightness and chroma in OKLCH (Björn Ottosson, "A perceptual color space for
image processing", 2020), so none looks like the favorite; the hue goes on by the golden angle,
which keeps neighbors far apart however many there are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.pipeline.video.canvas import (
    BAR_PITCH,
    BAR_WIDTH,
    NO_BREAK_SPACE,
    NUMBER_FAMILY,
    TEXT_FAMILY,
    Box,
    Font,
    FontBook,
    Typefaces,
    Values,
    canvas_for,
    clean_text,
    fit_text,
    signed,
    stacked,
)
from jobs.pipeline.video.chain import ChainCards
from jobs.pipeline.video.scene import SceneDI, SceneSegment, VideoScene, Waveform
from jobs.pipeline.vocabulary.options import THEMES, Size, ThemeName

HEADER_GAP = 20
CLOCK_ROOM = 330
CLOCK_SIZE = 38
WAVE_PAD = 24

_FIRST_HUE_DEG = 68.0
_GOLDEN_ANGLE_DEG = 137.50776
_MAX_CHROMA = 0.17


def contender_color(index: int, theme: ThemeName = "dark") -> str:
    """The color of the contender at ``index`` (from 0), as ``#rrggbb``."""
    hue = math.radians((_FIRST_HUE_DEG + index * _GOLDEN_ANGLE_DEG) % 360.0)
    return oklch_to_hex(THEMES[theme].accent_lightness, _MAX_CHROMA, hue)


def oklch_to_hex(lightness: float, chroma: float, hue: float) -> str:
    """OKLCH (hue in radians) to ``#rrggbb``; chroma is lowered until the color is in sRGB."""
    while True:
        red_green_blue = _oklab_to_linear(lightness, chroma * math.cos(hue), chroma * math.sin(hue))
        if chroma <= 0.0 or all(-1e-4 <= value <= 1.0 + 1e-4 for value in red_green_blue):
            break
        chroma = max(0.0, chroma - 0.004)
    return "#" + "".join(f"{round(255 * _encode(value)):02x}" for value in red_green_blue)


def _oklab_to_linear(lightness: float, a: float, b: float) -> tuple[float, float, float]:
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _encode(linear: float) -> float:
    """The transfer function of sRGB."""
    linear = min(max(linear, 0.0), 1.0)
    if linear <= 0.0031308:
        return 12.92 * linear
    return float(1.055 * linear ** (1 / 2.4) - 0.055)


@dataclass(frozen=True, slots=True)
class Part:
    """A text on a line of several. ``role``: ink, soft, muted or accent."""

    text: str
    font: Font
    size: float
    role: str

    @property
    def width(self) -> float:
        return self.font.width(self.text, self.size)


class Layout:
    """Fills templates for one scene on one canvas."""

    PLAYHEAD_MARGIN = 12
    DIGIT_WIDTH = 24

    def __init__(self, scene: VideoScene, fonts: FontBook, size: Size) -> None:
        self.scene = scene
        self.size = size
        self.canvas = canvas_for(size)
        self.theme = THEMES[scene.theme]
        self.type = Typefaces.from_book(fonts)
        self.chain = ChainCards(self.canvas, self.type)

    def common(self) -> Values:
        """What every template needs: canvas, colors, families."""
        return {
            "canvas": {
                "width": str(self.canvas.width),
                "height": str(self.canvas.height),
                "margin": str(self.canvas.margin),
                "right": str(self.canvas.width - self.canvas.margin),
            },
            "theme": {key: str(value) for key, value in asdict(self.theme).items()},
            "text_family": TEXT_FAMILY,
            "number_family": NUMBER_FAMILY,
        }

    def color(self, contender_index: int) -> str:
        return contender_color(contender_index, self.theme.name)

    def contender(self, contender_index: int, di_index: int) -> Values:
        """Values of ``video/contender.svg``."""
        canvas, contender = self.canvas, self.scene.contenders[contender_index]
        label = fit_text(
            contender.label,
            self.type.extra_bold,
            canvas.label.width,
            canvas.label_sizes,
            canvas.label_lines,
            max_height=canvas.label.height + 24,
        )
        gap = round(label.size * 0.98)
        # Capitals are 0.7 em high: centered beside the badge, but hung from the top in portrait.
        block = round(gap * (len(label.lines) - 1) + label.size * 0.7)
        top = canvas.label.y
        if not canvas.is_portrait:
            top += (canvas.label.height - block) // 2
        first = top + round(label.size * 0.7)
        return {
            **self.common(),
            **self._header(di_index),
            "accent": self.color(contender_index),
            "badge": canvas.badge.values(),
            "number": str(contender_index + 1),
            "number_size": "104" if contender_index < 9 else "92",
            "total": str(len(self.scene.contenders)),
            "label": {
                "x": str(canvas.label.x),
                "size": str(label.size),
                "lines": stacked(label.lines, first, gap),
            },
            "cards": self.chain.cards(contender.gear),
            "panel": canvas.panel.values(),
            "wave": canvas.wave.values(),
            "clock": canvas.clock.values(),
            "facts": self._facts(self.scene.segment(contender_index, di_index)),
            "pips": self._pips(contender_index),
        }

    @property
    def wave_area(self) -> Box:
        """Where the waveform is drawn, with room for the playhead at both ends."""
        wave, margin = self.canvas.wave, self.PLAYHEAD_MARGIN
        return Box(wave.x - margin, wave.y, wave.width + 2 * margin, wave.height)

    def waveform(
        self, waveform: Waveform, loudest: float, contender_index: int, *, is_played: bool
    ) -> Values:
        """Values of ``video/waveform.svg``: peak behind, RMS in front, as bars."""
        area = self.wave_area
        scale = (area.height / 2 - WAVE_PAD) / max(loudest, 1e-6)
        left = self.PLAYHEAD_MARGIN
        color = self.color(contender_index) if is_played else self.theme.unplayed
        return {
            **self.common(),
            "width": str(area.width),
            "height": str(area.height),
            "color": color,
            "bar_width": str(BAR_WIDTH),
            "peaks": bar_path(waveform.peaks * scale, left, area.height / 2),
            "rms": bar_path(waveform.rms * scale, left, area.height / 2),
        }

    def playhead(self) -> Values:
        """Values of ``video/playhead.svg``."""
        return {
            **self.common(),
            "width": str(2 * self.PLAYHEAD_MARGIN),
            "height": str(self.canvas.wave.height),
        }

    def digits(self, characters: str) -> Values:
        """Values of ``video/digits.svg``: one cell per character, side by side."""
        return {
            **self.common(),
            "width": str(self.DIGIT_WIDTH * len(characters)),
            "height": str(self.canvas.clock.height),
            "baseline": str(self.canvas.clock.height - 9),
            "size": str(CLOCK_SIZE),
            "cells": [
                {"x": str(self.DIGIT_WIDTH * index + self.DIGIT_WIDTH // 2), "text": character}
                for index, character in enumerate(characters)
            ],
        }

    def _header(self, di_index: int) -> Values:
        """The title at the left; number, name and details of the DI at the right (or below)."""
        canvas, di = self.canvas, self.scene.dis[di_index]
        title_room = canvas.inner_width * (1.0 if canvas.is_portrait else 0.5)
        title = fit_text(self.scene.title, self.type.semi_bold, title_room, (32, 30, 28))
        room: float = canvas.inner_width
        if not canvas.is_portrait:
            room -= self.type.semi_bold.width("".join(title.lines), title.size) + 80
        number = f"DI {di_index + 1} / {len(self.scene.dis)}" if len(self.scene.dis) > 1 else "DI"
        parts = [Part(number, self.type.number, 26, "accent")]
        room -= parts[0].width + HEADER_GAP
        name = fit_text(di.name, self.type.semi_bold, room, (32, 30, 28))
        parts.append(Part("".join(name.lines), self.type.semi_bold, name.size, "ink"))
        room -= parts[1].width + HEADER_GAP
        if room > 120:
            details = fit_text(di_details(di), self.type.regular, room, (28, 26))
            parts.append(Part("".join(details.lines), self.type.regular, details.size, "muted"))
        y = canvas.header_y + (58 if canvas.is_portrait else 0)
        return {
            "title": {"text": "".join(title.lines), "size": str(title.size)},
            "title_y": str(canvas.header_y),
            "di_parts": self._in_a_row(parts, HEADER_GAP, y, is_right=not canvas.is_portrait),
        }

    def _in_a_row(
        self, parts: Sequence[Part], gap: int, y: int, *, is_right: bool
    ) -> list[dict[str, str]]:
        """Texts one after the other on one line, from the left margin or up to the right one."""
        parts = [part for part in parts if part.text]
        x: float = self.canvas.margin
        if is_right:
            x = self.canvas.width - self.canvas.margin
            x -= sum(part.width for part in parts) + gap * (len(parts) - 1)
        placed = []
        for part in parts:
            placed.append(
                {
                    "x": f"{x:.1f}",
                    "y": str(y),
                    "text": part.text,
                    "size": str(part.size),
                    "family": part.font.family,
                    "weight": str(part.font.weight),
                    "role": part.role,
                }
            )
            x += part.width + gap
        return placed

    def _facts(self, segment: SceneSegment) -> list[dict[str, str]]:
        """The line above the waveform: the input gain, how loud it is played."""
        level = "Level-matched"
        if segment.loudness_lufs is not None:
            level += f" to {signed(segment.loudness_lufs)} LUFS"
        parts = [Part(level, self.type.semi_bold, 28, "soft")]
        room = self.canvas.inner_width - CLOCK_ROOM - parts[0].width - 2 * HEADER_GAP
        note = fit_text(segment.note, self.type.regular, room, (28, 26))
        parts.insert(0, Part("".join(note.lines), self.type.regular, note.size, "muted"))
        return self._in_a_row(parts, HEADER_GAP, self.canvas.clock.bottom - 9, is_right=True)

    def _pips(self, current: int) -> list[dict[str, str]]:
        """One mark per contender, all across the bottom."""
        count = len(self.scene.contenders)
        gap = 12 if count <= 12 else 6
        width = (self.canvas.inner_width - gap * (count - 1)) / count
        return [
            {
                "x": f"{self.canvas.margin + index * (width + gap):.2f}",
                "y": str(self.canvas.pips_y),
                "width": f"{width:.2f}",
                "color": self.color(index) if index <= current else self.theme.line,
                "opacity": "1" if index == current else ("0.4" if index < current else "1"),
            }
            for index in range(count)
        ]


def bar_path(heights: NDArray[np.float32], left: float, middle: float) -> str:
    """An SVG path of upright strokes around ``middle``; the least is a dot, NaN is no bar."""
    return "".join(
        f"M{left + BAR_PITCH * index + BAR_WIDTH / 2:.1f} {middle - height:.1f}v{2 * height:.1f}"
        for index, height in enumerate(np.maximum(heights, 0.05).tolist())
        if height == height
    )


def di_details(di: SceneDI) -> str:
    """The details of a DI on one line; a line never breaks before a dot."""
    return f"{NO_BREAK_SPACE}· ".join(text for text in map(clean_text, di.details) if text)
