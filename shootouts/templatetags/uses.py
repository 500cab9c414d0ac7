"""Where things are used, and forms that delete them, on the pages of every app."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import template
from django.template import RequestContext
from django.urls import reverse

from accounts.models import User
from gear.models import GearItem, SignalChain
from shootouts.models import DITrack
from shootouts.uses import (
    MAX_SHOWN,
    Uses,
    deletion_text,
    uses_of_chain,
    uses_of_di_track,
    uses_of_gear,
)

register = template.Library()

# Of each kind: the form's address, the address in the API, the list that it stands in.
_ROUTES = {
    "gear": ("gear-delete", "api-gear", "gear-list"),
    "chain": ("chain-delete", "api-chain", "chain-list"),
    "chain-group": ("chain-group-delete", "api-chain-group", "chain-group-list"),
    "di": ("di-delete", "api-di-track", "di-list"),
    "preset": ("preset-delete", "api-preset", "preset-list"),
    "shootout": ("shootout-delete", "api-shootout", "shootout-mine"),
    "tag": ("tag-delete", "api-tag", "tag-list"),
}


@register.inclusion_tag("partials/delete_form.html")
def delete_form(kind: str, uuid: UUID, name: object, label: str = "") -> dict[str, Any]:
    """Deletes one thing of one's own. In a list an icon; with ``label`` a button on its own page,
    which leads to the list."""
    action, api, listed = _ROUTES[kind]
    return {
        "action": reverse(action, args=[uuid]),
        "api_url": reverse(api, args=[uuid]),
        "uses_url": reverse("uses", args=[kind, uuid]),
        "list_url": reverse(listed),
        "name": str(name),
        "label": label,
    }


@register.simple_tag(takes_context=True)
def deletion_note(context: RequestContext, kind: str, uuid: UUID) -> str:
    return deletion_text(_user(context), kind, uuid)


@register.inclusion_tag("partials/uses.html", takes_context=True)
def used_in(context: RequestContext, thing: GearItem | SignalChain | DITrack) -> dict[str, Any]:
    """Chains, groups and shootouts of who asks."""
    match thing:
        case GearItem():
            uses: Uses = uses_of_gear(_user(context), thing)
        case SignalChain():
            uses = uses_of_chain(thing)
        case DITrack():
            uses = uses_of_di_track(thing)
    return {"uses": uses, "max_shown": MAX_SHOWN}


def _user(context: RequestContext) -> User:
    user = context["request"].user
    assert isinstance(user, User)  # only where who is logged in is shown it
    return user
