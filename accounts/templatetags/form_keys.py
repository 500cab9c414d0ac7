"""``{% form_key %}``: beside the CSRF token of each form that makes something."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.idempotency import FORM_KEY_FIELD, new_form_key

register = template.Library()


@register.simple_tag
def form_key() -> SafeString:
    return format_html('<input type="hidden" name="{}" value="{}">', FORM_KEY_FIELD, new_form_key())
