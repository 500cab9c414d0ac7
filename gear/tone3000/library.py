"""What pages and API show of Tone 3000: a user's own lists, the feeds, and one tone with all of it.

Every question goes to Tone 3000 when it is asked. Nothing of their catalog is kept here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from accounts.models import User
from gear.models import Capture
from gear.tone3000.access import UserTokens
from gear.tone3000.client import PAGE_SIZE, Tone3000Client
from gear.tone3000.schemas import Model, Page, Tone
from gear.tone3000.services import FETCH_KIND
from gear.tone3000.transport import shared_pool
from gts.web.database import in_database
from gts.web.errors import NotFoundError
from jobs.models import Job
from jobs.states import ACTIVE


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
        raise NotFoundError("There is no such list.") from None


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
    """One page of a tab. Raises the errors of ``gear.tone3000.errors`` and ``gts.web.errors``."""
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
