"""The video frames: still pictures drawn once, on which only the playhead and the clock move.

A contender's picture is rasterized when its turn comes, with its waveform in two colors. From one
video frame to the next only the columns that the playhead has crossed are copied, in Y, U and V.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from jobs.pipeline.formats.timeline import Timeline, TimelineCard, TimelineEntry, TimelineSpan
from jobs.pipeline.signal.samples import OUTPUT_SAMPLE_RATE_HZ
from jobs.pipeline.video.canvas import Box
from jobs.pipeline.video.cards import Cards
from jobs.pipeline.video.layout import Layout
from jobs.pipeline.video.raster import Planes, render_rgba, to_planes, to_sprite
from jobs.pipeline.video.scene import SvgRenderer, VideoScene
from jobs.pipeline.video.text import FontBook
from jobs.pipeline.video.waveform import SegmentKey, Waveform
from jobs.pipeline.vocabulary.video import Size

# Alternating order comes back to the same pictures: keep as many as fit in here.
_CACHE_BYTES = 96 * 2**20
_CLOCK_CHARACTERS = "0123456789: "

_Frame: TypeAlias = NDArray[np.uint8]


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
        self._buffer: _Frame = np.empty((height * 3 // 2, width), np.uint8)
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

    def frames(self) -> Iterator[_Frame]:
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

    def _entry_frames(self, span: TimelineSpan, entry: TimelineEntry) -> Iterator[_Frame]:
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

    def _draw(self, template: str, values: Mapping[str, object], size: Size) -> _Frame:
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
