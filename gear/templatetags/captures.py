"""What pages say about captures beside their plain fields."""

from __future__ import annotations

from django import template

from gear.chains.describe import ChannelToHear, capture_warnings
from gear.chains.describe import channels_to_hear as channels_of
from gear.models import Capture
from gear.selectors import has_own_cab

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
