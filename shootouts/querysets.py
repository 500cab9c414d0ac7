"""Questions about shootouts and their media, by their names.

``ShootoutQuerySet.visible_to`` is the one answer to "who may see this" for pages, API, media,
sitemap and feeds alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Case, Count, Q, When

from accounts.models import User
from gear.search_index import COMMENT_INDEX, SHOOTOUT_INDEX
from gear.text_search import finding, named, search

if TYPE_CHECKING:
    from shootouts.models import (
        ChainPreview,
        Comment,
        DITrack,
        Manifest,
        Render,
        RenderedFile,
        Segment,
        Shootout,
    )

# With a manifest and not private. The names are repeated because models import this module.
_PUBLISHED = Q(published_at__isnull=False, visibility__in=["unlisted", "public"])


class DITrackQuerySet(models.QuerySet["DITrack"]):
    def owned_by(self, user: User | AnonymousUser) -> DITrackQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)

    def named(self, text: str) -> DITrackQuerySet:
        return named(self, text)

    def usable(self) -> DITrackQuerySet:
        """Inspected, and fit to render."""
        return self.filter(status="ready")

    def without_report(self) -> DITrackQuerySet:
        """Inspected by a version that made none."""
        return self.exclude(info__has_key="report")


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

    def matching(self, text: str) -> ShootoutQuerySet:
        """What the words find in titles, labels of contenders and descriptions, the best first.

        Narrow it by who may see it, and by all else, before.
        """
        return search(self, SHOOTOUT_INDEX, text)

    def having(self, text: str) -> ShootoutQuerySet:
        """What ``matching`` finds, without a rank: to narrow what belongs to shootouts."""
        return finding(self, SHOOTOUT_INDEX, text)

    def for_lists(self) -> ShootoutQuerySet:
        """What a row of a list shows, in a number of queries that does not grow with it."""
        return self.select_related("owner", "latest_render__job").prefetch_related(
            "dis__di_track", "contenders__chain"
        )


class CommentQuerySet(models.QuerySet["Comment"]):
    def visible_to(self, user: User | AnonymousUser) -> CommentQuerySet:
        """On shootouts that the user may see; what is hidden only for its author, the owner of the
        shootout, and operators."""
        published = Q(
            shootout__published_at__isnull=False, shootout__visibility__in=["unlisted", "public"]
        )
        if isinstance(user, AnonymousUser):
            return self.filter(published, hidden_by="")
        found = self.filter(published | Q(shootout__owner=user))
        if user.is_staff:
            return found
        return found.filter(Q(hidden_by="") | Q(author=user) | Q(shootout__owner=user))

    def having(self, text: str) -> CommentQuerySet:
        """With the words in what they say, or with typos where none has them. For operators."""
        return finding(self, COMMENT_INDEX, text)

    def written_by(self, user: User | AnonymousUser) -> CommentQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(author=user)

    def moderated_by(self, user: User | AnonymousUser) -> CommentQuerySet:
        """Whom the user may silence: on their own shootouts; operators everywhere."""
        if isinstance(user, AnonymousUser):
            return self.none()
        return self if user.is_staff else self.filter(shootout__owner=user)

    def for_lists(self) -> CommentQuerySet:
        return self.select_related("author", "shootout__owner")


class SegmentQuerySet(models.QuerySet["Segment"]):
    def completed(self) -> SegmentQuerySet:
        return self.filter(state="completed")


class RenderQuerySet(models.QuerySet["Render"]):
    def for_lists(self) -> RenderQuerySet:
        """With their jobs, and how many segments came to what. One query; no manifests are read."""
        failed = Q(segments__state__in=["failed", "cancelled"])
        return (
            self.select_related("job", "shootout", "manifest")
            .defer("info", "manifest__data")
            .annotate(
                num_segments=Count("segments"),
                num_completed=Count("segments", filter=Q(segments__state="completed")),
                num_failed=Count("segments", filter=failed),
                has_manifest=Case(
                    When(manifest__isnull=False, then=True),
                    default=False,
                    output_field=models.BooleanField(),
                ),
            )
        )


class ManifestQuerySet(models.QuerySet["Manifest"]):
    """Written once: rows come and go, and never change."""

    def update(self, **changes: Any) -> int:
        raise ManifestIsImmutableError


class ManifestIsImmutableError(TypeError):
    """What was published is a record. A program that changes it has a mistake in it."""

    def __init__(self) -> None:
        super().__init__("A manifest never changes: render again, which makes a new one.")


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


class ChainPreviewQuerySet(models.QuerySet["ChainPreview"]):
    def owned_by(self, user: User | AnonymousUser) -> ChainPreviewQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)
