"""A color for every contender.

Contender colors share lightness and chroma in OKLCH (Björn Ottosson, "A perceptual color space
for image processing", 2020), so none looks like the favorite; the hue goes on by the golden
angle, which keeps neighbors far apart however many there are.
"""

from __future__ import annotations

import math

from jobs.pipeline.vocabulary.video import THEMES, ThemeName

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
