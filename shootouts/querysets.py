"""Questions about shootouts and their media, by their names.

``ShootoutQuerySet.visible_to`` is the one answer to "who may see this" for pages, API, media,
sitemap and feeds alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from accounts.models import User

if TYPE_CHECKING:
    from shootouts.models import DITrack, RenderedFile, Segment, Shootout

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

    def for_lists(self) -> ShootoutQuerySet:
        """What a row of a list shows, in a number of queries that does not grow with it."""
        return self.select_related("owner", "latest_render__job").prefetch_related(
            "dis__di_track", "contenders__chain"
        )


class SegmentQuerySet(models.QuerySet["Segment"]):
    def completed(self) -> SegmentQuerySet:
        return self.filter(state="completed")

    def reusable_for(self, segment: Segment) -> SegmentQuerySet:
        """Finished segments of the same owner with the same samples, the newest first."""
        return (
            self.completed()
            .filter(
                render_key=segment.render_key,
                render__shootout__owner=segment.render.shootout.owner_id,
            )
            .exclude(pre_gain_file="")
            .exclude(pk=segment.pk)
            .order_by("-id")
        )


class RenderedFileQuerySet(models.QuerySet["RenderedFile"]):
    def visible_to(self, user: User | AnonymousUser) -> RenderedFileQuerySet:
        """One's own; for others, the files of a manifest of a published shootout."""
        published = Q(
            render__manifest__isnull=False,
            render__shootout__published_at__isnull=False,
            render__shootout__visibility__in=["unlisted", "public"],
        )
        if isinstance(user, AnonymousUser):
            return self.filter(published)
        return self.filter(published | Q(render__shootout__owner=user))
