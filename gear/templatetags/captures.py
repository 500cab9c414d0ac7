"""What pages say about captures beside their plain fields."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.http import HttpRequest

from accounts.models import User
from accounts.selectors import tone3000_connection_get
from gear.chains.describe import ChannelToHear, capture_warnings
from gear.chains.describe import channels_to_hear as channels_of
from gear.models import Capture
from gear.models.item import GearKind
from gear.selectors import has_own_cab
from gear.tone3000.library import Tab

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
