"""Questions about shootouts and their media, by their names.

``ShootoutQuerySet.visible_to`` is the one answer to "who may see this" for pages, API, media,
sitemap and feeds alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.models import User

if TYPE_CHECKING:
    from shootouts.models import DITrack, RenderedFile, Shootout

# With a manifest and not private. The names are repeated because models import this module.
_PUBLISHED = Q(published_at__isnull=False, visibility__in=["unlisted", "public"])


class DITrackQuerySet(models.QuerySet["DITrack"]):
    def owned_by(self, user: User | AnonymousUser) -> DITrackQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)

    def usable(self) -> DITrackQuerySet:
        """Inspected, and fit to render."""
        return self.filter(status="ready")


class ShootoutQuerySet(models.QuerySet["Shootout"]):
    def owned_by(self, user: User | AnonymousUser) -> ShootoutQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)

    def published(self) -> ShootoutQuerySet:
        return self.filter(_PUBLISHED)

    def listed(self) -> ShootoutQuerySet:
        """Published for everybody to find: what public lists, feeds and sitemaps show."""
        return self.filter(published_at__isnull=False, visibility="public")

    def visible_to(self, user: User | AnonymousUser) -> ShootoutQuerySet:
        """One's own, and what is published."""
        if isinstance(user, AnonymousUser):
            return self.published()
        return self.filter(_PUBLISHED | Q(owner=user))


class RenderedFileQuerySet(models.QuerySet["RenderedFile"]):
    def visible_to(self, user: User | AnonymousUser) -> RenderedFileQuerySet:
        """One's own; for others, what a manifest of a published shootout stands for."""
        of_a_manifest = Exists(
            apps.get_model("shootouts", "Manifest").objects.filter(
                shootout=OuterRef("shootout"), render_version=OuterRef("render_version")
            )
        )
        published = (
            Q(shootout__published_at__isnull=False)
            & Q(shootout__visibility__in=["unlisted", "public"])
            & Q(of_a_manifest)
        )
        if isinstance(user, AnonymousUser):
            return self.filter(published)
        return self.filter(published | Q(shootout__owner=user))
