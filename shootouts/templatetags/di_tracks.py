"""What pages say about DI tracks beside their plain fields."""

from __future__ import annotations

from django import template

from shootouts.rendering import current_report

register = template.Library()

register.filter("report", current_report)
