"""How numbers and sounds look on a page. A missing number is a dash, never a zero."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

_NONE = "–"
_MINUS = "\N{MINUS SIGN}"


@register.filter
def number(value: float | None, digits: int = 1) -> str:
    """``-3.21`` → ``−3.2``: a real minus sign, and no negative zero."""
    if value is None:
        return _NONE
    text = f"{value:.{digits}f}"
    if float(text) == 0.0:
        text = text.lstrip("-")
    return text.replace("-", _MINUS)


@register.filter
def signed(value: float | None, digits: int = 1) -> str:
    """As ``number``, with a plus sign where it belongs: for gains and differences."""
    text = number(value, digits)
    return f"+{text}" if value is not None and text[0] != _MINUS and float(text) > 0.0 else text


@register.filter
def clock(seconds: float | None) -> str:
    """``75.4`` → ``1:15``."""
    if seconds is None:
        return _NONE
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


@register.filter
def duration(seconds: float | None) -> str:
    """``12.34`` → ``12.3 s``; from a minute on as a clock."""
    if seconds is None:
        return _NONE
    return f"{seconds:.1f} s" if seconds < 60.0 else f"{clock(seconds)} min"


@register.filter
def kilohertz(hertz: float | None) -> str:
    return _NONE if hertz is None else f"{hertz / 1000:g} kHz"


@register.filter
def percent(share: float | None) -> str:
    """``0.314`` → ``31``."""
    return number(None if share is None else 100.0 * share, 0)


@register.filter
def finding_name(code: str) -> str:
    """``LEVEL_LOW`` → ``Level low``: the codes of the report on a DI are words."""
    return code.replace("_", " ").capitalize().replace("Dc ", "DC ")


@register.simple_tag
def band_differences(differences_db: Sequence[float | None]) -> SafeString:
    """An SVG of bars up and down from a line, one per band; 12 dB fill it, more is cut."""
    bars = []
    for band, difference_db in enumerate(differences_db):
        height = max(-12.0, min(12.0, difference_db or 0.0))
        if abs(height) >= 0.05:
            bars.append(f"M{band + 0.15:g} 0h.7v{-height:.1f}h-.7z")
    return format_html(
        '<svg class="bands" viewBox="0 -12 {} 24" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="bands__zero" d="M0 0H{}"/><path class="bands__bars" d="{}"/></svg>',
        len(differences_db),
        len(differences_db),
        "".join(bars),
    )


@register.simple_tag
def waveform(peaks: Sequence[float] | None, num_columns: int = 160) -> SafeString | str:
    """An SVG outline of magnitudes (1.0 is full scale), drawn to its own loudest point."""
    path = waveform_path(peaks or (), num_columns)
    if not path:
        return ""
    return format_html(
        '<svg class="waveform" viewBox="0 -50 {} 100" preserveAspectRatio="none" '
        'aria-hidden="true"><path d="{}"/></svg>',
        num_columns,
        path,
    )


def waveform_path(peaks: Sequence[float], num_columns: int) -> str:
    loudest = max(peaks, default=0.0)
    if loudest <= 0.0:
        return ""
    columns = []
    for column in range(num_columns):
        first = column * len(peaks) // num_columns
        last = max(first + 1, (column + 1) * len(peaks) // num_columns)
        half_height = max(1.0, 48.0 * max(peaks[first:last]) / loudest)
        columns.append(f"M{column} {-half_height:.0f}h.7V{half_height:.0f}h-.7z")
    return "".join(columns)
