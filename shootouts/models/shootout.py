"""A shootout: 1–8 DI tracks × 2–27 chains, and what rendering it has made."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Case, Count, Q, When
from django.utils.functional import cached_property

from accounts.models import User
from gear.models import SignalChain
from gear.search.index import SHOOTOUT_INDEX
from gear.search.text import finding, search
from gts.web.models import PublicModel, RevisedModel
from jobs.models import Job
from jobs.pipeline.formats.manifest import Manifest as ManifestContent
from jobs.pipeline.formats.manifest import read_manifest
from jobs.pipeline.formats.shootout_info import ShootoutInfo, info_from_json
from shootouts.models.di_track import DITrack
from shootouts.models.options import OptionColumns


class ShootoutState(models.TextChoices):
    DRAFT = "draft"
    QUEUED = "queued"
    RENDERING = "rendering"
    COMPLETED = "completed"
    PARTIAL = "partial"  # some segments failed; the good ones are usable
    FAILED = "failed"
    CANCELLED = "cancelled"


class Visibility(models.TextChoices):
    PRIVATE = "private"
    UNLISTED = "unlisted"
    PUBLIC = "public"


def is_published(shootout: str = "") -> Q:
    """With a manifest and not private. ``shootout``: the way to it, such as ``shootout__``."""
    seen = [Visibility.UNLISTED, Visibility.PUBLIC]
    return Q(**{f"{shootout}published_at__isnull": False, f"{shootout}visibility__in": seen})


class ShootoutQuerySet(models.QuerySet["Shootout"]):
    """``visible_to`` is the one answer to "who may see this" for pages, API, media and feeds."""

    def owned_by(self, user: User | AnonymousUser) -> ShootoutQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)

    def published(self) -> ShootoutQuerySet:
        return self.filter(is_published())

    def listed(self) -> ShootoutQuerySet:
        """Published for everybody to find: what public lists, feeds and sitemaps show."""
        return self.filter(published_at__isnull=False, visibility=Visibility.PUBLIC)

    def visible_to(self, user: User | AnonymousUser) -> ShootoutQuerySet:
        """One's own, and what is published."""
        if isinstance(user, AnonymousUser):
            return self.published()
        return self.filter(is_published() | Q(owner=user))

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
        files = apps.get_model("shootouts", "RenderedFile").objects.filter(segment=None)
        published = models.Prefetch("published_render__files", queryset=files)
        found = self._with_prefetched("dis__di_track", "contenders__chain", published)
        return found.select_related("published_render")

    def for_pages(self) -> ShootoutQuerySet:
        """The same for the lists of pages, which show fewer things."""
        return self._with_prefetched("dis", "contenders")

    def _with_prefetched(self, *names: Any) -> ShootoutQuerySet:
        return self.select_related("owner", "latest_render__job").prefetch_related(*names)


class Shootout(OptionColumns, RevisedModel, PublicModel):
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="shootouts"
    )
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=4000)
    state = models.CharField(max_length=16, choices=ShootoutState, default=ShootoutState.DRAFT)
    visibility = models.CharField(
        max_length=16, choices=Visibility, default=Visibility.PRIVATE, db_index=True
    )

    latest_render = models.ForeignKey(
        "Render", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    published_render = models.ForeignKey(
        "Render",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="the newest run that has a manifest: what everybody sees",
    )
    published_at = models.DateTimeField(null=True, blank=True, help_text="of published_render")
    contender_labels = models.TextField(
        blank=True, editable=False, help_text="of its contenders, for the search"
    )

    objects = ShootoutQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="shootouts_shootout_newest"),
            models.Index(
                fields=["-published_at", "-id"],
                name="shootouts_shootout_public",
                condition=models.Q(visibility="public"),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_rendering(self) -> bool:
        return self.state in (ShootoutState.QUEUED, ShootoutState.RENDERING)

    @property
    def is_unfinished(self) -> bool:
        """The last render ended and left something undone, which can be retried alone."""
        return self.state in (
            ShootoutState.PARTIAL,
            ShootoutState.FAILED,
            ShootoutState.CANCELLED,
        )


class ShootoutDI(models.Model):
    """A DI track's place in a shootout. The track may be deleted; what it rendered stays."""

    shootout = models.ForeignKey(Shootout, on_delete=models.CASCADE, related_name="dis")
    di_track = models.ForeignKey(
        DITrack, on_delete=models.SET_NULL, null=True, blank=True, related_name="shootout_dis"
    )
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ("shootout_id", "position")
        constraints = [
            models.UniqueConstraint(
                fields=["shootout", "position"], name="shootouts_shootoutdi_position"
            ),
        ]

    def __str__(self) -> str:
        return f"DI {self.position + 1} of {self.shootout_id}"


class Contender(PublicModel):
    """One chain's place in a shootout. The chain may be deleted; what it rendered stays."""

    shootout = models.ForeignKey(Shootout, on_delete=models.CASCADE, related_name="contenders")
    chain = models.ForeignKey(
        SignalChain, on_delete=models.SET_NULL, null=True, blank=True, related_name="contenders"
    )
    position = models.PositiveSmallIntegerField()
    label = models.CharField(max_length=200)

    class Meta:
        ordering = ("shootout_id", "position")
        constraints = [
            models.UniqueConstraint(
                fields=["shootout", "position"], name="shootouts_contender_position"
            ),
        ]

    def __str__(self) -> str:
        return self.label


class RenderQuerySet(models.QuerySet["Render"]):
    def for_lists(self) -> RenderQuerySet:
        """With their jobs, and how many segments came to what. One query; no manifests are read."""
        failed = Q(segments__state__in=[SegmentState.FAILED, SegmentState.CANCELLED])
        return (
            self.select_related("job", "shootout", "manifest")
            .defer("info", "manifest__data")
            .annotate(
                num_segments=Count("segments"),
                num_completed=Count("segments", filter=Q(segments__state=SegmentState.COMPLETED)),
                num_failed=Count("segments", filter=failed),
                has_manifest=Case(
                    When(manifest__isnull=False, then=True),
                    default=False,
                    output_field=models.BooleanField(),
                ),
            )
        )


class Render(PublicModel):
    """One run of a shootout. A re-run is a new row; files of earlier runs are never touched."""

    shootout = models.ForeignKey(Shootout, on_delete=models.CASCADE, related_name="renders")
    version = models.PositiveIntegerField()
    job = models.ForeignKey(
        Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="renders"
    )
    # Frozen when it is queued, so that editing a chain or a title meanwhile changes nothing.
    info = models.JSONField(help_text="jobs.pipeline.shootout.ShootoutInfo")

    objects = RenderQuerySet.as_manager()

    class Meta:
        ordering = ("shootout_id", "-version")
        constraints = [
            models.UniqueConstraint(
                fields=["shootout", "version"], name="shootouts_render_version_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shootout} v{self.version}"

    @cached_property
    def content(self) -> ShootoutInfo:
        """What ``info`` says."""
        return info_from_json(self.info)

    @property
    def lacks_video(self) -> bool:
        """Its audio is published and all has ended; a video was wanted, and there is none."""
        is_over = self.job is None or self.job.is_finished
        return (
            is_over
            and self.content.options.has_video
            and hasattr(self, "manifest")
            and not self.files.filter(kind="video").exists()
        )


class SegmentState(models.TextChoices):
    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class SegmentQuerySet(models.QuerySet["Segment"]):
    def completed(self) -> SegmentQuerySet:
        return self.filter(state=SegmentState.COMPLETED)


class Segment(PublicModel):
    """One DI track through one contender, in one render.

    It names both by their index in ``Render.info``, so it outlives the rows it came from.
    """

    render = models.ForeignKey(Render, on_delete=models.CASCADE, related_name="segments")
    di_index = models.PositiveSmallIntegerField()
    contender_index = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=16, choices=SegmentState, default=SegmentState.PENDING)
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.TextField(blank=True, help_text="for people")

    recipe = models.JSONField(help_text="jobs.pipeline.recipe.SegmentRecipe")
    sources = models.JSONField(help_text="storage names of the recipe's inputs, by SHA-256")
    render_key = models.CharField(
        max_length=64, db_index=True, help_text="equal keys have equal samples"
    )
    objects = SegmentQuerySet.as_manager()

    class Meta:
        ordering = ("render_id", "di_index", "contender_index")
        constraints = [
            models.UniqueConstraint(
                fields=["render", "di_index", "contender_index"],
                name="shootouts_segment_once_per_render",
            ),
        ]

    def __str__(self) -> str:
        return f"segment {self.di_index + 1}/{self.contender_index + 1} of {self.render_id}"


class ManifestIsImmutableError(TypeError):
    """What was published is a record. A program that changes it has a mistake in it."""

    def __init__(self) -> None:
        super().__init__("A manifest never changes: render again, which makes a new one.")


class ManifestQuerySet(models.QuerySet["Manifest"]):
    """Written once: rows come and go, and never change."""

    def update(self, **changes: Any) -> int:
        raise ManifestIsImmutableError


class Manifest(PublicModel):
    """Written once when a render is complete: the only thing that published pages read."""

    render = models.OneToOneField(Render, on_delete=models.CASCADE, related_name="manifest")
    schema_version = models.PositiveSmallIntegerField()
    data = models.JSONField()

    objects = ManifestQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return f"manifest of {self.render_id}"

    @cached_property
    def content(self) -> ManifestContent:
        """What ``data`` says. Of what a newer version has added only ``data`` knows."""
        return read_manifest(self.data)

    def save(self, **options: Any) -> None:
        if not self._state.adding:
            raise ManifestIsImmutableError
        super().save(**options)
