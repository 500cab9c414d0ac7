"""From SVG text to the planes that an encoder takes.

Video is 8-bit YCbCr 4:2:0, BT.709, limited range (ITU-R BT.709-6, item 3.2 and 3.4). The conversion
is done here rather than by swscale, whose default matrix is that of BT.601.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
import resvg_py
from numpy.typing import NDArray

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.vocabulary.video import Size

ByteArray: TypeAlias = NDArray[np.uint8]
_Floats: TypeAlias = NDArray[np.float32]

_KR, _KB = 0.2126, 0.0722
_KG = 1.0 - _KR - _KB
# Rows of the picture converted at a time: bounds the memory for 4K.
_ROWS = 128


@dataclass(frozen=True, slots=True)
class Planes:
    """Y ``(height, width)``, U and V ``(height/2, width/2)``, uint8; height and width are even."""

    y: ByteArray
    u: ByteArray
    v: ByteArray

    @property
    def num_bytes(self) -> int:
        return self.y.nbytes + self.u.nbytes + self.v.nbytes

    def copy(self) -> Planes:
        return Planes(self.y.copy(), self.u.copy(), self.v.copy())

    def part(self, x: int, y: int, width: int, height: int) -> Planes:
        """A view of a rectangle; all four numbers even."""
        chroma = (slice(y // 2, (y + height) // 2), slice(x // 2, (x + width) // 2))
        return Planes(self.y[y : y + height, x : x + width], self.u[chroma], self.v[chroma])

    def paste(self, other: Planes, x: int, y: int) -> None:
        """Put ``other`` at ``(x, y)``, both even."""
        here = self.part(x, y, other.y.shape[1], other.y.shape[0])
        here.y[...], here.u[...], here.v[...] = other.y, other.u, other.v


@dataclass(frozen=True, slots=True)
class Sprite:
    """A small picture with opacity, laid over the planes.

    ``alpha`` and ``alpha_chroma`` are 0..256; ``y``, ``u``, ``v`` are already multiplied by them.
    """

    alpha: NDArray[np.uint16]
    alpha_chroma: NDArray[np.uint16]
    y: NDArray[np.uint16]
    u: NDArray[np.uint16]
    v: NDArray[np.uint16]

    def draw(self, planes: Planes) -> None:
        """Blend onto ``planes``, which have the sprite's size."""
        planes.y[...] = (planes.y * (256 - self.alpha) + self.y + 128) >> 8
        planes.u[...] = (planes.u * (256 - self.alpha_chroma) + self.u + 128) >> 8
        planes.v[...] = (planes.v * (256 - self.alpha_chroma) + self.v + 128) >> 8


def render_png(svg: str, size: Size, fonts: Sequence[Path], *, use_system_fonts: bool) -> bytes:
    """Rasterize ``svg`` to a PNG of ``size`` pixels."""
    try:
        return bytes(
            resvg_py.svg_to_bytes(
                svg_string=svg,
                width=size[0],
                height=size[1],
                font_files=[str(path) for path in fonts],
                skip_system_fonts=not use_system_fonts,
            )
        )
    except ValueError as error:
        raise PipelineError(
            "VIDEO_PICTURE_INVALID", "A picture of the video cannot be drawn.", detail=str(error)
        ) from error


def render_rgba(
    svg: str, size: Size, fonts: Sequence[Path], *, use_system_fonts: bool
) -> ByteArray:
    """Rasterize ``svg``: ``(height, width, 4)``, sRGB with straight alpha."""
    png = render_png(svg, size, fonts, use_system_fonts=use_system_fonts)
    frame = av.CodecContext.create("png", "r").decode(av.Packet(png))[0]
    rgba = np.asarray(frame.to_ndarray(format="rgba"), dtype=np.uint8)
    if rgba.shape[:2] != (size[1], size[0]):
        raise PipelineError(
            "VIDEO_PICTURE_INVALID",
            "A picture of the video cannot be drawn.",
            detail=f"{rgba.shape} instead of {size}",
        )
    return rgba


def to_planes(rgba: ByteArray) -> Planes:
    """RGB (alpha is ignored) to BT.709 4:2:0, chroma sited left as H.264 assumes by default."""
    height, width = rgba.shape[:2]
    planes = Planes(
        np.empty((height, width), np.uint8),
        np.empty((height // 2, width // 2), np.uint8),
        np.empty((height // 2, width // 2), np.uint8),
    )
    for top in range(0, height, _ROWS):
        rows = slice(top, min(top + _ROWS, height))
        half = slice(top // 2, rows.stop // 2)
        luma, blue, red = _ycbcr(rgba[rows])
        planes.y[rows] = _to_byte(luma)
        planes.u[half] = _to_byte(_halve(blue))
        planes.v[half] = _to_byte(_halve(red))
    return planes


def to_sprite(rgba: ByteArray) -> Sprite:
    """A picture with alpha, to be blended in YCbCr."""
    luma, blue, red = _ycbcr(rgba)
    alpha = rgba[:, :, 3].astype(np.float32) * np.float32(1 / 255)
    alpha_chroma = _halve(alpha)
    # Color is averaged together with its weight, so that transparent neighbors do not tint it.
    weight = np.maximum(alpha_chroma, np.float32(1e-6))
    half_blue, half_red = _halve(blue * alpha) / weight, _halve(red * alpha) / weight
    scaled = np.rint(alpha * 256).astype(np.uint16)
    scaled_chroma = np.rint(alpha_chroma * 256).astype(np.uint16)
    return Sprite(
        alpha=scaled,
        alpha_chroma=scaled_chroma,
        y=np.rint(luma * scaled).astype(np.uint16),
        u=np.rint(half_blue * scaled_chroma).astype(np.uint16),
        v=np.rint(half_red * scaled_chroma).astype(np.uint16),
    )


def _ycbcr(rgba: ByteArray) -> tuple[_Floats, _Floats, _Floats]:
    red, green, blue = (
        rgba[:, :, channel].astype(np.float32) * np.float32(1 / 255) for channel in range(3)
    )
    luma = np.float32(_KR) * red + np.float32(_KG) * green + np.float32(_KB) * blue
    return (
        16 + 219 * luma,
        128 + 224 * (blue - luma) * np.float32(1 / (2 * (1 - _KB))),
        128 + 224 * (red - luma) * np.float32(1 / (2 * (1 - _KR))),
    )


def _halve(plane: _Floats) -> _Floats:
    """Half the resolution: rows averaged in pairs, columns by ¼ ½ ¼ around every even one."""
    pairs = (plane[0::2] + plane[1::2]) * np.float32(0.5)
    even, odd = pairs[:, 0::2], pairs[:, 1::2]
    before = np.concatenate([even[:, :1], odd[:, :-1]], axis=1)
    halved: _Floats = even * np.float32(0.5) + (before + odd) * np.float32(0.25)
    return halved


def _to_byte(plane: _Floats) -> ByteArray:
    return np.rint(plane).astype(np.uint8)
