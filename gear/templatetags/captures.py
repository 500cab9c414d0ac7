"""What pages say about captures beside their plain fields."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.models import User
from accounts.selectors import tone3000_connection_get
from gear.chains.describe import ChannelToHear, capture_warnings
from gear.chains.describe import channels_to_hear as channels_of
from gear.models import Capture
from gear.models.item import GearKind
from gear.selectors import has_own_cab
from gear.tone3000.library import Tab
from jobs.pipeline.render.ir_facts import RESPONSE_HZ

register = template.Library()

register.filter("has_own_cab", has_own_cab)


@register.filter
def channels_to_hear(capture: Capture) -> list[ChannelToHear]:
    return list(channels_of(capture))


@register.filter
def network_name(label: str) -> str:
    """ "A2 Full" of "A2 Full (8 channels)"."""
    return label.partition(" (")[0]


@register.filter
def warnings(capture: Capture) -> list[str]:
    return capture_warnings(capture)


@register.inclusion_tag("gear/_capture_picker.html", takes_context=True)
def capture_picker(context: dict[str, Any]) -> dict[str, Any]:
    """The side panel of ``static/js/picker``, once on a page that chooses captures."""
    request: HttpRequest = context["request"]
    has_tone3000 = False
    if settings.GTS_TONE3000_KEY and isinstance(request.user, User):
        has_tone3000 = tone3000_connection_get(request.user).is_usable
    return {
        "kinds": GearKind.choices,
        "has_tone3000": has_tone3000,
        "tone_tabs": [(tab.value, tab.label) for tab in Tab],
    }


_CURVE_WIDTH, _CURVE_HEIGHT = 600.0, 200.0
_CURVE_FLOOR_DB = -48.0
_CURVE_LINES_HZ = {100.0: "100", 1_000.0: "1k", 10_000.0: "10k"}
_CURVE_LINES_DB = (-12.0, -24.0, -36.0)


@register.simple_tag
def response_curve(capture: Capture) -> SafeString | str:
    """An SVG of what an impulse response does to each tone: 50 Hz to 16 kHz, in dB below its
    loudest. Nothing for a model, or where an earlier version has looked into the file."""
    levels_db = capture.info.get("response_db") or ()
    if len(levels_db) != len(RESPONSE_HZ):
        return ""
    points = [
        f"{_curve_x(hz):.1f} {_curve_y(level):.1f}"
        for hz, level in zip(RESPONSE_HZ, levels_db, strict=True)
    ]
    grid = [f"M{_curve_x(hz):.1f} 0V{_CURVE_HEIGHT:g}" for hz in _CURVE_LINES_HZ]
    grid += [f"M0 {_curve_y(db):.1f}H{_CURVE_WIDTH:g}" for db in _CURVE_LINES_DB]
    at_tones = [
        (f"{_curve_x(hz) + 4.0:.1f}", f"{_CURVE_HEIGHT - 5.0:g}", "start", name)
        for hz, name in _CURVE_LINES_HZ.items()
    ]
    at_levels = [
        (f"{_CURVE_WIDTH - 4.0:g}", f"{_curve_y(db) - 4.0:.1f}", "end", f"−{-db:g} dB")
        for db in _CURVE_LINES_DB
    ]
    text = '<text x="{}" y="{}" text-anchor="{}">{}</text>'
    texts = format_html_join("", text, [*at_tones, *at_levels])
    return format_html(
        '<svg class="curve" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<path class="curve__grid" d="{}"/>{}<path class="curve__line" d="M{}"/></svg>',
        f"{_CURVE_WIDTH:g}",
        f"{_CURVE_HEIGHT:g}",
        f"Frequency response of {capture.title}: {_curve_in_words(levels_db)}",
        "".join(grid),
        texts,
        "L".join(points),
    )


def _curve_x(frequency_hz: float) -> float:
    low, high = RESPONSE_HZ[0], RESPONSE_HZ[-1]
    return _CURVE_WIDTH * math.log(frequency_hz / low) / math.log(high / low)


def _curve_y(level_db: float) -> float:
    """What lies below the floor is drawn outside, where it is not seen."""
    return 4.0 + (_CURVE_HEIGHT - 4.0) * level_db / _CURVE_FLOOR_DB


def _curve_in_words(levels_db: Sequence[float]) -> str:
    """Where it is loudest, and between which tones it stays within 12 dB of that."""
    heard = [hz for hz, db in zip(RESPONSE_HZ, levels_db, strict=True) if db >= -12.0]
    loudest = RESPONSE_HZ[max(range(len(levels_db)), key=lambda index: levels_db[index])]
    return (
        f"loudest around {loudest:.0f} Hz, within 12 dB of that "
        f"from {heard[0]:.0f} to {heard[-1]:.0f} Hz"
    )
