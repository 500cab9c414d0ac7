"""QR codes as the path of an SVG: drawn by the page itself, with nothing from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import segno

_BORDER: Final = 4  # modules of quiet around it, as ISO 18004 asks for


@dataclass(frozen=True, slots=True)
class QRCode:
    """``size``: modules of an edge, with the border. ``path``: one square for each dark module."""

    size: int
    path: str


def qr_code(text: str) -> QRCode:
    rows = list(segno.make_qr(text, error="m").matrix_iter(border=_BORDER))
    squares = (
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, is_dark in enumerate(row)
        if is_dark
    )
    return QRCode(len(rows), "".join(squares))
