"""The notice that a server without doors shows on every page (``GTS_OPEN``)."""

from __future__ import annotations

from django import template

from accounts.login.local import is_open

register = template.Library()


@register.inclusion_tag("partials/open_notice.html")
def open_notice() -> dict[str, bool]:
    return {"is_open": is_open()}
