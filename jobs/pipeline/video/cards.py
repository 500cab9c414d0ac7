"""The cards: opening, one before every further DI, closing; and the thumbnail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from jobs.pipeline.formats.timeline import Timeline, TimelineCard, TimelineEntry
from jobs.pipeline.video.canvas import (
    BAR_PITCH,
    Box,
    FittedText,
    Values,
    clean_text,
    fit_text,
    signed,
    stacked,
)
from jobs.pipeline.video.layout import Layout, bar_path, di_details
from jobs.pipeline.video.scene import SegmentKey, Waveform

_TITLE_SIZES = (200, 184, 168, 152, 140, 128, 116, 104, 96, 88, 80, 72)
_CAP_HEIGHT_EM = 0.7
_DESCENT_EM = 0.2


class Cards:
    """Fills the templates of the cards of one scene."""

    def __init__(
        self, layout: Layout, timeline: Timeline, waveforms: Mapping[SegmentKey, Waveform]
    ) -> None:
        self.layout = layout
        self.scene = layout.scene
        self.canvas = layout.canvas
        self.type = layout.type
        self.timeline = timeline
        self.waveforms = waveforms

    def card(self, card: TimelineCard) -> Values:
        """Values of ``video/card.svg``."""
        if card.kind == "opening":
            return self._opening()
        if card.kind == "di":
            return self._di(card.di_index or 0)
        return self._closing()

    def thumbnail(self) -> Values:
        """Values of ``video/thumbnail.svg``: the title, and a tile for every contender."""
        canvas = self.canvas
        tiles_height = 300 if len(self.scene.contenders) <= 6 else 252
        tiles = Box(
            canvas.margin,
            canvas.height - canvas.margin - tiles_height,
            canvas.inner_width,
            tiles_height,
        )
        area = Box(canvas.margin, 108, canvas.inner_width, tiles.y - 108 - 60)
        sizes = (280, 256, 232, *_TITLE_SIZES)
        return {
            **self.layout.common(),
            "title": self._display(self.scene.title, area, sizes, 4),
            "tiles": self._tiles(tiles),
            "stripes": self._stripes(24),
        }

    def _opening(self) -> Values:
        rows = self._listing()
        top = self._listing_top(len(self.scene.contenders))
        return {
            **self.layout.common(),
            **self._frame("Tone shootout", self._counts()),
            "title": self._display(self.scene.title, self._title_area(top), _TITLE_SIZES, 3),
            "lines": self._under_title(self.scene.description, top),
            "rows": rows,
            "bars": self._montage_bars(),
        }

    def _closing(self) -> Values:
        top = self._listing_top(len(self.scene.contenders))
        return {
            **self.layout.common(),
            **self._frame(self.scene.title, self._counts()),
            "title": self._display(
                "Which one would you play?", self._title_area(top), _TITLE_SIZES[2:], 2
            ),
            "lines": self._under_title(self._fairness(), top),
            "rows": self._listing(),
            "bars": self._montage_bars(),
            "credits": self._credits(),
        }

    def _di(self, di_index: int) -> Values:
        di, canvas = self.scene.dis[di_index], self.canvas
        bottom = canvas.listing.bottom - 60
        # Set from the bottom up: details, then the name on as many lines as it takes.
        details = fit_text(
            di_details(di), self.type.regular, canvas.inner_width, (52, 48, 44), canvas.text_lines
        )
        details_top = bottom - 60 * (len(details.lines) - 1) - (72 if details.lines else 0)
        area = self._title_area(details_top + 90)
        title = self._display(di.name, area, _TITLE_SIZES, 3)
        drop = details_top - self._title_bottom
        for line in cast(list[dict[str, str]], title["lines"]):
            line["y"] = str(int(line["y"]) + drop)
        return {
            **self.layout.common(),
            **self._frame(self.scene.title, f"DI {di_index + 1} / {len(self.scene.dis)}"),
            "title": title,
            "lines": {
                "size": str(details.size),
                "lines": stacked(details.lines, bottom - 60 * (len(details.lines) - 1), 60),
            },
            "rows": [],
            "bars": self._montage_bars(only_di=di_index),
        }

    def _frame(self, left: str, right: str) -> Values:
        """The header, the stripes of all colors, and the place of the montage."""
        canvas = self.canvas
        room = canvas.inner_width - self.type.number.width(right, 28) - 60
        head = fit_text(left, self.type.semi_bold, room, (34, 32, 30, 28))
        return {
            "stripes": self._stripes(12),
            "head": {"text": "".join(head.lines), "size": str(head.size)},
            "head_right": right,
            "header_y": str(canvas.header_y),
            "panel_y": str(canvas.strip.y - 36),
            "credits": [],
        }

    def _counts(self) -> str:
        contenders, dis = len(self.scene.contenders), len(self.scene.dis)
        tones = f"{contenders} tone{'s' if contenders != 1 else ''}"
        return f"{tones} × {dis} DIs" if dis > 1 else tones

    def _fairness(self) -> str:
        level = "Level-matched"
        if self.scene.target_lufs is not None:
            level += f" to {signed(self.scene.target_lufs)} LUFS"
        each = "tone and DI" if len(self.scene.dis) > 1 else "tone"
        return f"{level}: one constant gain per {each}, nothing else."

    def _title_area(self, bottom: int) -> Box:
        top = self.canvas.header_y + (72 if not self.canvas.is_portrait else 96)
        return Box(self.canvas.margin, top, self.canvas.inner_width, bottom - top - 130)

    def _display(self, text: str, area: Box, sizes: Sequence[int], max_lines: int) -> Values:
        """A heading as large as its area allows, hung from the top of it."""
        fitted = fit_text(
            text,
            self.type.extra_bold,
            area.width,
            sizes,
            max_lines + (1 if self.canvas.is_portrait else 0),
            max_height=area.height,
            line_height=0.98,
        )
        gap = round(fitted.size * 0.98)
        first = area.y + round(fitted.size * _CAP_HEIGHT_EM)
        self._title_bottom = (
            first + gap * (len(fitted.lines) - 1) + round(_DESCENT_EM * fitted.size)
        )
        return {"size": str(fitted.size), "lines": stacked(fitted.lines, first, gap)}

    def _under_title(self, text: str, bottom: int, size: int = 44) -> Values:
        """A few lines between the title and what follows; as many as there is room for."""
        gap = round(size * 1.25)
        room = bottom - self._title_bottom - 68
        num_lines = min(self.canvas.text_lines, room // gap)
        fitted = FittedText((), size)
        if num_lines > 0:
            sizes = (size, size - 6, size - 12)
            fitted = fit_text(text, self.type.regular, self.canvas.inner_width, sizes, num_lines)
        first = self._title_bottom + 28 + round(_CAP_HEIGHT_EM * size)
        return {"size": str(fitted.size), "lines": stacked(fitted.lines, first, gap)}

    def _columns(self, count: int) -> int:
        if self.canvas.is_portrait:
            return 1 if count <= 9 else 2
        return 1 if count <= 4 else 2 if count <= 10 else 3

    def _row_height(self, count: int) -> int:
        rows = -(-count // self._columns(count))
        return min(84, self.canvas.listing.height // rows)

    def _listing_top(self, count: int) -> int:
        rows = -(-count // self._columns(count))
        return self.canvas.listing.bottom - rows * self._row_height(count)

    def _listing(self) -> list[Values]:
        """All contenders, column by column, in their colors."""
        count, box = len(self.scene.contenders), self.canvas.listing
        columns, height = self._columns(count), self._row_height(count)
        rows, top = -(-count // columns), self._listing_top(count)
        gap = 48
        width = (box.width - gap * (columns - 1)) // columns
        badge = round(height * 0.74)
        size = round(height * 0.56)
        listed: list[Values] = []
        for index, contender in enumerate(self.scene.contenders):
            column, row = divmod(index, rows)
            x, y = box.x + column * (width + gap), top + row * height
            sizes = tuple(dict.fromkeys((size, round(size * 0.9), round(size * 0.8))))
            room = width - round(badge * 1.2) - round(height * 0.3)
            label = fit_text(contender.label, self.type.semi_bold, room, sizes)
            listed.append(
                {
                    "x": str(x),
                    "y": str(y),
                    "badge_width": str(round(badge * 1.2)),
                    "badge_height": str(badge),
                    "radius": str(round(badge * 0.2)),
                    "number": str(index + 1),
                    "number_x": str(x + round(badge * 0.6)),
                    "number_y": str(y + round(badge * 0.72)),
                    "number_size": str(round(badge * 0.6)),
                    "label": "".join(label.lines),
                    "label_x": str(x + round(badge * 1.2) + round(height * 0.3)),
                    "label_y": str(y + round(badge * 0.5 + label.size * _CAP_HEIGHT_EM / 2)),
                    "label_size": str(label.size),
                    "color": self.layout.color(index),
                }
            )
        return listed

    def _stripes(self, height: int) -> list[dict[str, str]]:
        """All colors side by side across the top."""
        count = len(self.scene.contenders)
        width = self.canvas.width / count
        return [
            {
                "x": f"{index * width:.2f}",
                "width": f"{width + 0.5:.2f}",
                "height": str(height),
                "color": self.layout.color(index),
            }
            for index in range(count)
        ]

    def _montage_bars(self, only_di: int | None = None) -> list[dict[str, str]]:
        """The waveform of the whole montage, in the colors of who plays."""
        strip = self.canvas.strip
        count = strip.width // BAR_PITCH
        first = self.timeline.entries[0].start_frame
        frames = self.timeline.entries[-1].end_frame - first
        loudest = max(float(waveform.rms.max()) for waveform in self.waveforms.values())
        heights: dict[str, NDArray[np.float32]] = defaultdict(
            lambda: np.full(count, np.nan, np.float32)
        )
        for index in range(count):
            middle = first + (2 * index + 1) * frames // (2 * count)
            what = self.timeline.what_sounds_at(middle)
            color, height = self.layout.theme.unplayed, 0.0
            if isinstance(what, TimelineEntry):
                waveform = self.waveforms[what.contender_index, what.di_index]
                at = middle - what.start_frame + what.source_start_frame
                height = float(waveform.rms[at * len(waveform.rms) // waveform.num_frames])
                if only_di is None or only_di == what.di_index:
                    color = self.layout.color(what.contender_index)
            heights[color][index] = height / max(loudest, 1e-6) * (strip.height / 2 - 4)
        middle_y = strip.y + strip.height / 2
        return [
            {"color": color, "path": bar_path(values, strip.x, middle_y)}
            for color, values in heights.items()
        ]

    def _credits(self) -> list[dict[str, str]]:
        """Creator and licence of all captures, each pair once."""
        pairs = dict.fromkeys(
            (clean_text(gear.creator), clean_text(gear.licence))
            for contender in self.scene.contenders
            for gear in contender.gear
            if gear.creator or gear.licence
        )
        if not pairs:
            return []
        names = [
            f"{creator} ({licence})" if creator and licence else creator or licence
            for creator, licence in pairs
        ]
        text = "Captures: " + ", ".join(names)
        strip = self.canvas.strip
        sizes, num_lines = (28, 26, 24, 22, 20), 4 if not self.canvas.is_portrait else 7
        fitted = fit_text(text, self.type.regular, strip.width, sizes, num_lines)
        gap = round(fitted.size * 1.3)
        block = gap * (len(fitted.lines) - 1) + _CAP_HEIGHT_EM * fitted.size
        first = round(strip.y + (strip.height - block) / 2 + _CAP_HEIGHT_EM * fitted.size)
        return [{**line, "size": str(fitted.size)} for line in stacked(fitted.lines, first, gap)]

    def _tiles(self, box: Box) -> list[Values]:
        """Large enough to be read as a thumbnail: with names up to six, else numbers only."""
        count = len(self.scene.contenders)
        with_names = count <= 6
        rows = 1 if count <= 9 else 2 if count <= 18 else 3
        columns = -(-count // rows)
        gap = 24 if count <= 9 else 15
        width = (box.width - gap * (columns - 1)) / columns
        height = (box.height - gap * (rows - 1)) / rows
        tiles: list[Values] = []
        for index, contender in enumerate(self.scene.contenders):
            row, column = divmod(index, columns)
            x, y = box.x + column * (width + gap), box.y + row * (height + gap)
            tile: Values = {
                "x": f"{x:.1f}",
                "y": f"{y:.1f}",
                "width": f"{width:.1f}",
                "height": f"{height:.1f}",
                "color": self.layout.color(index),
                "lines": [],
            }
            if with_names:
                sizes = (88, 80, 72, 64, 58, 52, 46, 40)
                name = fit_text(
                    contender.label,
                    self.type.extra_bold,
                    width - 64,
                    sizes,
                    4,
                    max_height=height - 56,
                )
                gap_y = int(name.size)
                block = gap_y * (len(name.lines) - 1) + name.size * _CAP_HEIGHT_EM
                first = round(y + (height - block) / 2 + name.size * _CAP_HEIGHT_EM)
                tile["lines"] = stacked(name.lines, first, gap_y)
                tile["size"] = str(name.size)
                tile["text_x"] = f"{x + 32:.1f}"
                tile["anchor"] = "start"
            else:
                size = round(min(height * 0.62, width * 0.5))
                y_text = round(y + height / 2 + size * _CAP_HEIGHT_EM / 2)
                tile["lines"] = stacked((str(index + 1),), y_text, 0)
                tile["size"] = str(size)
                tile["text_x"] = f"{x + width / 2:.1f}"
                tile["anchor"] = "middle"
            tiles.append(tile)
        return tiles
