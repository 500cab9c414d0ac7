"""The signal chain of a contender as a row of cards joined by a cable."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.pipeline.video.canvas import (
    NO_BREAK_SPACE,
    Box,
    Canvas,
    FittedText,
    Typefaces,
    Values,
    clean_text,
    fit_text,
    stacked,
)
from jobs.pipeline.video.scene import SceneGear
from jobs.pipeline.vocabulary.gear import GearKind


class ChainCards:
    """Lays out the cards of one canvas."""

    def __init__(self, canvas: Canvas, type_: Typefaces) -> None:
        self.canvas = canvas
        self.type = type_

    def cards(self, gear: Sequence[SceneGear]) -> list[Values]:
        """The chain as cards joined by a cable, in one row or (many) two; stacked in portrait."""
        box = self.canvas.chain
        count = max(len(gear), 1)
        if self.canvas.is_portrait:
            columns = 1 if count <= 4 else 2 if count <= 8 else 3
        else:
            columns = count if count <= self.canvas.max_columns else -(-count // 2)
        rows = -(-count // columns)
        gap_x = 48 if columns <= 5 else 24
        gap_y = 24 if rows <= 4 else 12
        # A chain of one (a full rig) does not become a banner.
        shown_columns = columns if self.canvas.is_portrait else max(columns, 2)
        width = (box.width - gap_x * (shown_columns - 1)) // shown_columns
        height = (box.height - gap_y * (rows - 1)) // rows
        if self.canvas.is_portrait:
            height = min(height, 246)
        cards = []
        for index, item in enumerate(gear):
            row, column = divmod(index, columns)
            place = Box(
                box.x + column * (width + gap_x), box.y + row * (height + gap_y), width, height
            )
            card = self._card(item, place)
            card["cable"] = _cable(place, index, count, columns, gap_x, gap_y)
            cards.append(card)
        return cards

    def _card(self, gear: SceneGear, box: Box) -> Values:
        """Kind, name, make, settings; creator and licence at the foot.

        Falls away when there is no room: first the make, then settings. Never creator or licence.
        """
        is_small = box.height < 180
        is_tiny = box.height < 110  # the icon stands for the kind
        is_narrow = box.width < 320
        pad = 12 if is_tiny else 18 if is_small or is_narrow else 30
        room = box.width - 2 * pad
        kind_size, foot_size = (20, 20) if is_small or is_narrow else (22, 22)
        kind = "" if is_tiny else clean_text(gear.kind).replace("_", " ").upper()
        kind_text = fit_text(
            kind, self.type.semi_bold, room - 48, (kind_size, 18, 16), letter_spacing=0.08
        )
        credit = self._credit(gear, room, foot_size, 1 if box.height < 220 else 2)
        foot_gap = round(foot_size * 1.2)
        foot = box.bottom - pad - foot_gap * (len(credit) - 1) + 4
        limit = (foot - foot_size if credit else box.bottom - pad) - 4

        y = box.y + pad + (0 if is_tiny else 14 if is_small else 22)
        name_room = room - 40 if is_tiny else room
        name = self._card_name(gear.name, name_room, limit - y, is_small=is_small)
        gap = round(name.size * 1.05)
        y += round(name.size * (0.9 if is_tiny else 1.16))
        name_lines = stacked(name.lines, y, gap)
        y += gap * (len(name.lines) - 1)

        make = fit_text(gear.make, self.type.regular, room, (22, 20) if is_small else (28, 26, 24))
        make_lines: list[dict[str, str]] = []
        if make.lines and y + make.size * 1.25 <= limit:
            y += round(make.size * 1.25)
            make_lines = stacked(make.lines, y, 0)
        settings = self._card_settings(gear, room, limit - y - 8, is_small=is_small)
        gap = round(settings.size * 1.3)
        return {
            "box": box.values(),
            "x": str(box.x + pad),
            "kind": {"text": "".join(kind_text.lines), "size": str(kind_text.size)},
            "kind_y": str(box.y + pad + (12 if is_small else 18)),
            "icon": _icon(gear.kind),
            "icon_size": "30" if is_small else "40",
            "icon_x": str(box.right - pad - (30 if is_small else 40)),
            "icon_y": str(box.y + pad - 8),
            "name": {"size": str(name.size), "lines": name_lines},
            "make": {"size": str(make.size), "lines": make_lines},
            "settings": {
                "size": str(settings.size),
                "lines": stacked(settings.lines, y + gap + 6, gap),
            },
            "credit": {"size": str(foot_size), "lines": stacked(credit, foot, foot_gap)},
        }

    def _card_name(self, name: str, room: float, height: float, *, is_small: bool) -> FittedText:
        """One line if it stays large, else two if there is room for them."""
        large = (30, 28, 26) if is_small else (46, 42, 38, 34)
        fitted = fit_text(name, self.type.semi_bold, room, large)
        if not fitted.is_cut:
            return fitted
        small = (24, 22, 20) if is_small else (34, 30, 28, 26, 24)
        num_lines = 2 if 2.2 * small[-1] <= height else 1
        return fit_text(
            name, self.type.semi_bold, room, small, num_lines, max_height=height, line_height=1.1
        )

    def _card_settings(
        self, gear: SceneGear, room: float, height: float, *, is_small: bool
    ) -> FittedText:
        """As large as they fit on up to three lines; each setting stays together."""
        spaced = (clean_text(setting) for setting in gear.settings)
        text = ", ".join(setting.replace(" ", NO_BREAK_SPACE) for setting in spaced if setting)
        sizes = (20, 18) if is_small else (28, 26, 24, 22, 20)
        num_lines = min(3, int(height / (sizes[-1] * 1.3)))
        if num_lines < 1:
            return FittedText((), sizes[-1])
        return fit_text(
            text, self.type.number, room, sizes, num_lines, max_height=height, line_height=1.3
        )

    def _credit(self, gear: SceneGear, room: float, size: int, max_lines: int) -> tuple[str, ...]:
        """Creator and licence: on one line if they fit, else a line each; the licence is kept."""
        creator, licence = clean_text(gear.creator), clean_text(gear.licence)
        by = f"by {creator}" if creator else ""
        both = " · ".join(text for text in (by, licence) if text)
        if not both:
            return ()
        if self.type.regular.width(both, size) <= room:
            return (both,)
        if max_lines > 1 and by and licence:
            return (*self._line(by, room, size), *self._line(licence, room, size))
        if not (by and licence):
            return self._line(both, room, size)
        rest = max(room - self.type.regular.width(f" · {licence}", size), 0.45 * room)
        by = "".join(self._line(by, rest, size))
        rest = room - self.type.regular.width(f"{by} · ", size)
        return (f"{by} · {''.join(self._line(licence, rest, size))}",)

    def _line(self, text: str, room: float, size: int) -> tuple[str, ...]:
        return fit_text(text, self.type.regular, room, (size,)).lines


def _icon(kind: str) -> str:
    return kind if kind in GearKind.values else "processor"


def _cable(
    box: Box, index: int, count: int, columns: int, gap_x: int, gap_y: int
) -> dict[str, str] | None:
    """From this card to the next: across, or down when the chain is stacked.

    Where a row ends the chain goes on at the start of the next one, as text does: no cable.
    """
    if index + 1 == count:
        return None
    if columns == 1:
        x = box.x + box.width // 2
        return {
            "x1": str(x),
            "y1": str(box.bottom),
            "x2": str(x),
            "y2": str(box.bottom + gap_y),
        }
    if (index + 1) % columns == 0:
        return None
    y = box.y + box.height // 2
    return {
        "x1": str(box.right),
        "y1": str(y),
        "x2": str(box.right + gap_x),
        "y2": str(y),
    }
