"""The version of GTS, on pages."""

from __future__ import annotations

from django import template

from jobs.pipeline.versions import VERSION

register = template.Library()


@register.simple_tag
def version() -> str:
    return VERSION
