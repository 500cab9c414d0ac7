"""The video frames: still pictures drawn once, on which only the playhead and the clock move.

A contender's picture is rasterized when its turn comes, with its waveform in two colors. From one
video frame to the next only the columns that the playhead has crossed are copied, in Y, U and V.

From SVG text it goes to the planes that an encoder takes. Video is 8-bit YCbCr 4:2:0, BT.709,
limited range (ITU-R BT.709-6, item 3.2 and 3.4). The conversion is done here rather than by
swscale, whose default matrix is that of BT.601.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
import resvg_py
from numpy.typing import NDArray

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.formats.timeline import Timeline, TimelineCard, TimelineEntry, TimelineSpan
from jobs.pipeline.signal.samples import OUTPUT_SAMPLE_RATE_HZ
from jobs.pipeline.video.canvas import Box, FontBook
from jobs.pipeline.video.cards import Cards
from jobs.pipeline.video.layout import Layout
from jobs.pipeline.video.scene import SegmentKey, SvgRenderer, VideoScene, Waveform
from jobs.pipeline.vocabulary.options import Size

ByteArray: TypeAlias = NDArray[np.uint8]
_Floats: TypeAlias = NDArray[np.float32]

_KR, _KB = 0.2126, 0.0722
_KG = 1.0 - _KR - _KB
# Rows of the picture converted at a time: bounds the memory for 4K.
_ROWS = 128

# Alternating order comes back to the same pictures: keep as many as fit in here.
_CACHE_BYTES = 96 * 2**20
_CLOCK_CHARACTERS = "0123456789: "


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


@dataclass(frozen=True, slots=True)
class _Picture:
    """``still``: the whole canvas, nothing played yet. ``played``: the waveform, all played."""

    still: Planes
    played: Planes
    num_frames: int


class Composer:
    """Draws the video frames of one scene along one timeline."""

    def __init__(
        self,
        scene: VideoScene,
        timeline: Timeline,
        waveforms: Mapping[SegmentKey, Waveform],
        *,
        render_svg: SvgRenderer,
        fonts: Sequence[Path],
        size: Size,
    ) -> None:
        self.font_book = FontBook(fonts)
        self._layout = Layout(scene, self.font_book, size)
        self._timeline = timeline
        self._waveforms = waveforms
        self._render_svg = render_svg
        self._fonts = tuple(fonts)
        self.use_system_fonts = not self.font_book.covers(scene.texts())
        self._size = size
        width, height = size
        self._buffer: ByteArray = np.empty((height * 3 // 2, width), np.uint8)
        chroma = self._buffer[height:].reshape(2, height // 2, width // 2)
        self._planes = Planes(self._buffer[:height], chroma[0], chroma[1])
        factor = width / self._layout.canvas.width
        self._wave = self._layout.wave_area.scaled(factor)
        self._clock = self._layout.canvas.clock.scaled(factor)
        self._margin = self._layout.PLAYHEAD_MARGIN * factor
        self._playhead = to_sprite(
            self._draw("video/playhead.svg", self._layout.playhead(), self._playhead_box(factor))
        )
        self._digits = self._draw_digits(factor)
        self._cache: OrderedDict[SegmentKey, _Picture] = OrderedDict()

    def frames(self) -> Iterator[ByteArray]:
        """Every video frame in turn, ``(height · 3/2, width)``: Y, then U, then V.

        It is always the same array: use it up before asking for the next.
        """
        for span in self._timeline.video_spans():
            if isinstance(span.what, TimelineCard):
                self._planes.paste(self._card(span.what), 0, 0)
                for _ in range(span.start_frame, span.end_frame):
                    yield self._buffer
            else:
                yield from self._entry_frames(span, span.what)

    def _entry_frames(self, span: TimelineSpan, entry: TimelineEntry) -> Iterator[ByteArray]:
        picture = self._picture((entry.contender_index, entry.di_index))
        self._planes.paste(picture.still, 0, 0)
        step = self._timeline.frames_per_video_frame
        width = self._wave.width - 2 * self._margin
        sprite_width = self._playhead.y.shape[1]
        drawn_left, drawn_second = 0, -1
        for video_frame in range(span.start_frame, span.end_frame):
            # What sounds in the middle of this video frame.
            frame = video_frame * step + step // 2 - entry.start_frame + entry.source_start_frame
            frame = min(max(frame, 0), picture.num_frames - 1)
            left = 2 * round(width * frame / picture.num_frames / 2)
            if video_frame == span.start_frame:
                drawn_left = 0
            first = min(left, drawn_left)
            last = min(max(left, drawn_left) + sprite_width, self._wave.width)
            self._restore(picture, first, last, left + sprite_width // 4 * 2)
            self._playhead.draw(self._part(left, sprite_width))
            drawn_left = left
            second = frame // OUTPUT_SAMPLE_RATE_HZ
            if second != drawn_second:
                self._draw_clock(second, picture.num_frames)
                drawn_second = second
            yield self._buffer

    def _part(self, left: int, width: int) -> Planes:
        return self._planes.part(self._wave.x + left, self._wave.y, width, self._wave.height)

    def _restore(self, picture: _Picture, first: int, last: int, split: int) -> None:
        """Redraw columns ``first`` to ``last`` of the waveform: played before ``split``."""
        split = min(max(split, first), last)
        height = self._wave.height
        if split > first:
            played = picture.played.part(first, 0, split - first, height)
            self._planes.paste(played, self._wave.x + first, self._wave.y)
        if last > split:
            still = picture.still.part(self._wave.x + split, self._wave.y, last - split, height)
            self._planes.paste(still, self._wave.x + split, self._wave.y)

    def _draw_clock(self, second: int, num_frames: int) -> None:
        for index, character in enumerate(clock_text(second, num_frames)):
            digit = self._digits[character]
            self._planes.paste(digit, self._clock.x + index * digit.y.shape[1], self._clock.y)

    def _card(self, card: TimelineCard) -> Planes:
        values = Cards(self._layout, self._timeline, self._waveforms).card(card)
        return to_planes(self._draw("video/card.svg", values, self._size))

    def _picture(self, key: SegmentKey) -> _Picture:
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        waveform = self._waveforms[key]
        values = self._layout.contender(*key)
        values["duration"] = clock_text(
            waveform.num_frames // OUTPUT_SAMPLE_RATE_HZ, waveform.num_frames
        )
        values["duration_x"] = str(
            self._layout.canvas.clock.x
            + len(clock_text(0, waveform.num_frames)) * self._layout.DIGIT_WIDTH
            + 8
        )
        still = to_planes(self._draw("video/contender.svg", values, self._size))
        wave_size = (self._wave.width, self._wave.height)
        unplayed, played = (
            to_planes(
                self._draw(
                    "video/waveform.svg",
                    self._layout.waveform(waveform, self._loudest(), key[0], is_played=is_played),
                    wave_size,
                )
            )
            for is_played in (False, True)
        )
        still.paste(unplayed, self._wave.x, self._wave.y)
        picture = _Picture(still, played, waveform.num_frames)
        self._cache[key] = picture
        per_picture = still.num_bytes + played.num_bytes
        while len(self._cache) > max(1, _CACHE_BYTES // per_picture):
            self._cache.popitem(last=False)
        return picture

    def _loudest(self) -> float:
        """One scale for all waveforms, so that equal loudness looks equal."""
        return max(float(waveform.peaks.max()) for waveform in self._waveforms.values())

    def _playhead_box(self, factor: float) -> Size:
        box = Box(0, 0, 2 * self._layout.PLAYHEAD_MARGIN, self._layout.canvas.wave.height)
        scaled = box.scaled(factor)
        return scaled.width, scaled.height

    def _draw_digits(self, factor: float) -> dict[str, Planes]:
        cell = Box(0, 0, self._layout.DIGIT_WIDTH, self._layout.canvas.clock.height).scaled(factor)
        values = self._layout.digits(_CLOCK_CHARACTERS)
        size = (cell.width * len(_CLOCK_CHARACTERS), cell.height)
        planes = to_planes(self._draw("video/digits.svg", values, size))
        return {
            character: planes.part(index * cell.width, 0, cell.width, cell.height).copy()
            for index, character in enumerate(_CLOCK_CHARACTERS)
        }

    def _draw(self, template: str, values: Mapping[str, object], size: Size) -> ByteArray:
        return render_rgba(
            self._render_svg(template, values),
            size,
            self._fonts,
            use_system_fonts=self.use_system_fonts,
        )


def clock_text(second: int, num_frames: int) -> str:
    """``m:ss``, padded to the length that the whole segment will need."""
    longest = f"{num_frames // OUTPUT_SAMPLE_RATE_HZ // 60}:00"
    return f"{second // 60}:{second % 60:02d}".rjust(len(longest))
