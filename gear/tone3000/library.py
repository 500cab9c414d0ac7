"""What pages and API show of Tone 3000: a user's own lists, the feeds, and one tone with all of it.

Every question goes to Tone 3000 when it is asked. Nothing of their catalog is kept here. Pages show
tones as cards: creator, gear, format, licence, picture and the way back there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from accounts.models import User
from gear.models import Capture
from gear.models.item import GearKind
from gear.tone3000.access import UserTokens
from gear.tone3000.client import PAGE_SIZE, Tone3000Client
from gear.tone3000.rate_limit import shared_pool
from gear.tone3000.schemas import Model, Page, Tone
from gear.tone3000.services import (
    FETCH_KIND,
    architecture_label,
    format_label,
    gear_label,
    kind_of,
    kinds_for,
    licence_label,
    unsupported_reason,
)
from gts.web.database import in_database
from gts.web.errors import NotFoundError
from jobs.models import ACTIVE, Job


class Tab(StrEnum):
    """Their words in addresses; ``label`` is for people."""

    CREATED = "created"
    FAVORITED = "favorited"
    DOWNLOADED = "downloaded"
    TRENDING = "trending"
    LATEST = "latest"

    @property
    def label(self) -> str:
        return _LABELS[self]

    @property
    def is_feed(self) -> bool:
        """The same for everybody, at most ten, without pages."""
        return self in (Tab.TRENDING, Tab.LATEST)


_LABELS: Final = {
    Tab.CREATED: "Created",
    Tab.FAVORITED: "Favorites",
    Tab.DOWNLOADED: "Downloaded",
    Tab.TRENDING: "Trending",
    Tab.LATEST: "Latest",
}


def tab_named(name: str) -> Tab:
    """Raises ``NotFoundError`` for one there is not."""
    try:
        return Tab(name)
    except ValueError:
        raise NotFoundError("List not found.") from None


@dataclass(frozen=True, slots=True)
class ToneDetail:
    """``captures``: what the user has of it, by the model's id."""

    tone: Tone
    models: list[Model]
    captures: Mapping[str, Capture]


def client_for(user: User) -> Tone3000Client:
    """For views: over the pool of the server's event loop."""
    return Tone3000Client(shared_pool(), UserTokens(user))


async def tab_get(user: User, tab: Tab, *, page: int = 1, page_size: int = PAGE_SIZE) -> Page[Tone]:
    """One page of a tab. Raises the errors of ``gear.tone3000.access`` and ``gts.web.errors``."""
    client = client_for(user)
    if not tab.is_feed:
        return await client.library(tab, page=page, page_size=page_size)
    tones = await client.feed(tab)
    return Page(rows=tones, page=1, page_size=len(tones), total=len(tones), total_pages=1)


async def tone_get(user: User, tone_id: str) -> ToneDetail:
    """A tone with all of its models, of every architecture and every page."""
    client = client_for(user)
    tone = await client.tone(tone_id)
    models = await client.models(tone)
    return ToneDetail(tone, models, await in_database(captures_of_tone, user, tone.id))


def captures_of_tone(user: User, tone_id: str) -> dict[str, Capture]:
    """What ``user`` has of a tone, by the model's id. One query."""
    captures = Capture.objects.owned_by(user).of_tone(tone_id).select_related("gear")
    return {capture.tone3000_id: capture for capture in captures}


def fetches_of_tone(user: User, tone_id: str) -> dict[str, Job]:
    """What ``user`` is having fetched of a tone just now, by the model's id. One query."""
    jobs = Job.objects.filter(
        owner=user, kind=FETCH_KIND, state__in=ACTIVE, payload__tone_id=tone_id
    )
    return {job.payload["model_id"]: job for job in jobs}


@dataclass(frozen=True, slots=True)
class ToneCard:
    tone: Tone
    gear: str
    format: str
    licence: str
    counts: list[tuple[str, int]]
    image_url: str | None
    avatar_url: str | None


@dataclass(frozen=True, slots=True)
class ModelRow:
    """``capture``: it is here already. ``job``: it is on its way."""

    model: Model
    architecture: str
    capture: Capture | None
    job: Job | None


@dataclass(frozen=True, slots=True)
class TonePage:
    card: ToneCard
    groups: list[tuple[str, list[ModelRow]]]
    unsupported_reason: str
    kind: GearKind | None
    kinds: list[tuple[str, str]]


def tone_card(tone: Tone) -> ToneCard:
    counts = [
        (architecture_label("1"), tone.a1_models_count),
        (architecture_label("2"), tone.a2_models_count),
        (architecture_label("custom"), tone.custom_models_count),
        ("IRs", tone.irs_count),
    ]
    return ToneCard(
        tone=tone,
        gear=gear_label(tone.gear),
        format=format_label(tone.format),
        licence=licence_label(tone.licence),
        counts=[(label, count) for label, count in counts if count],
        image_url=next(filter(may_show, tone.images), None),
        avatar_url=_avatar(tone),
    )


def tone_cards(tones: Iterable[Tone]) -> list[ToneCard]:
    return [tone_card(tone) for tone in tones]


def tone_page(detail: ToneDetail, jobs: Mapping[str, Job]) -> TonePage:
    """Models in groups of one architecture; ``jobs``: those under way, by the model's id."""
    rows = [
        ModelRow(
            model=model,
            architecture=architecture_label(model.architecture),
            capture=detail.captures.get(model.id),
            job=jobs.get(model.id),
        )
        for model in detail.models
    ]
    groups = [
        (label, list(group)) for label, group in groupby(rows, key=lambda row: row.architecture)
    ]
    kinds = kinds_for(detail.tone)
    return TonePage(
        card=tone_card(detail.tone),
        groups=groups,
        unsupported_reason=unsupported_reason(detail.tone),
        kind=kind_of(detail.tone),
        kinds=[(kind.value, kind.label) for kind in kinds],
    )


def may_show(url: str) -> bool:
    """Whether the content security policy lets a picture of this address through."""
    theirs = urlsplit(settings.GTS_TONE3000_AUTHORIZE_URL)
    parts = urlsplit(url)
    if theirs.scheme != "https":  # a fake server on this machine
        return (parts.scheme, parts.netloc) == (theirs.scheme, theirs.netloc)
    site = theirs.netloc.removeprefix("www.")
    is_theirs = parts.netloc == site or parts.netloc.endswith(f".{site}")
    return parts.scheme == "https" and is_theirs


def _avatar(tone: Tone) -> str | None:
    url = tone.creator.avatar_url if tone.creator else None
    return url if url and may_show(url) else None
