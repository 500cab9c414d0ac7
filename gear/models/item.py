"""Gear, and the files that capture it."""

from __future__ import annotations

from typing import cast

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Prefetch, Q, Sum, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, Left, NullIf, Upper

from accounts.models import User
from gear.search.index import GEAR_INDEX
from gear.search.text import finding, search
from gear.text import tag_key
from gts.web.models import PublicModel
from jobs.pipeline.recipe import MAX_TAIL_END_DB, MIN_TAIL_END_DB, ChannelRule, IRSettings
from jobs.pipeline.vocabulary.gear import GearKind as GearKind


class GearSource(models.TextChoices):
    UPLOAD = "upload", "Uploaded"
    DEMO = "demo", "Demo pack"
    TONE3000 = "tone3000", "Tone 3000"


class GearItemQuerySet(models.QuerySet["GearItem"]):
    def visible_to(self, user: User | AnonymousUser) -> GearItemQuerySet:
        """Gear shared with everybody, and one's own."""
        if isinstance(user, AnonymousUser):
            return self.filter(is_shared=True)
        return self.filter(Q(is_shared=True) | Q(owner=user))

    def owned_by(self, user: User | AnonymousUser) -> GearItemQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)

    def matching(self, text: str) -> GearItemQuerySet:
        """What the words find in names, makes, creators and descriptions, the best first.

        Narrow it by who may see it, and by all else, before.
        """
        return search(self, GEAR_INDEX, text)

    def having(self, text: str) -> GearItemQuerySet:
        """What ``matching`` finds, without a rank: to narrow what belongs to gear."""
        return finding(self, GEAR_INDEX, text)

    def from_source(self, source: str, user: User | AnonymousUser) -> GearItemQuerySet:
        """Of what ``user`` may see."""
        if source == GearSource.TONE3000:  # never shared, so look among one's own alone
            return self.owned_by(user).filter(source=source)
        return self.filter(source=source)

    def with_format(self, capture_format: str) -> GearItemQuerySet:
        """Has a capture of that format."""
        captures = apps.get_model("gear", "Capture").objects
        return self.filter(Exists(captures.filter(gear=OuterRef("pk"), format=capture_format)))

    def with_architecture(self, beginning: str) -> GearItemQuerySet:
        """Has a capture whose architecture, as ``describe.architecture_of`` says it, begins so:
        "A1" finds "A1 standard"."""
        captures = apps.get_model("gear", "Capture").objects
        found = captures.filter(gear=OuterRef("pk"), architecture_key__startswith=beginning.upper())
        return self.filter(Exists(found))

    def tagged(self, user: User | AnonymousUser, name: str) -> GearItemQuerySet:
        """With a tag of that name which ``user`` may see."""
        uses = apps.get_model("gear", "GearTag").objects
        found = uses.visible_to(user).filter(gear=OuterRef("pk"), tag__key=tag_key(name))
        return self.filter(Exists(found))

    def with_tags(self, user: User | AnonymousUser) -> GearItemQuerySet:
        """One query more: ``seen_tags`` of each item are those that ``user`` may see."""
        uses = apps.get_model("gear", "GearTag").objects.visible_to(user)
        seen = uses.select_related("tag").order_by("tag__key", "pk")
        return self.prefetch_related(Prefetch("gear_tags", queryset=seen, to_attr="seen_tags"))


class GearItem(PublicModel):
    """One piece of gear, whatever its source."""

    # Shared gear of the demo pack belongs to the demo user.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="gear_items"
    )
    kind = models.CharField(max_length=16, choices=GearKind.choices)
    name = models.CharField(max_length=200)
    # What was not chosen is taken from the file once a worker has looked inside.
    is_name_chosen = models.BooleanField(default=True, help_text="by a person, not by the file")
    is_kind_chosen = models.BooleanField(default=True, help_text="by a person, not by the file")
    make = models.CharField(max_length=100, blank=True)
    description = models.TextField(blank=True, max_length=4000)
    creator = models.CharField(max_length=200, blank=True)
    licence = models.CharField(max_length=100, blank=True)
    source = models.CharField(max_length=16, choices=GearSource, default=GearSource.UPLOAD)
    source_url = models.URLField(blank=True, max_length=500)
    is_shared = models.BooleanField(default=False, help_text="everybody may see and use it")
    tone3000_id = models.CharField(
        max_length=64, blank=True, help_text="of the tone at Tone 3000, opaque"
    )

    objects = GearItemQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="gear_gearitem_owner_newest"),
            # The list of what is shared and one's own, in each of its orders and by its filters.
            models.Index(fields=["-created_at", "-id"], name="gear_gearitem_newest"),
            models.Index(fields=["kind", "-created_at"], name="gear_gearitem_kind_newest"),
            models.Index(fields=["source", "-created_at"], name="gear_gearitem_source_newest"),
            models.Index(fields=["name", "id"], name="gear_gearitem_by_name"),
            models.Index(fields=["make", "id"], name="gear_gearitem_by_make"),
            models.Index(Upper("make"), F("created_at").desc(), name="gear_gearitem_make_newest"),
            models.Index(
                Upper("licence"), F("created_at").desc(), name="gear_gearitem_licence_newest"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "tone3000_id"],
                condition=~models.Q(tone3000_id=""),
                name="gear_gearitem_once_per_tone",
            ),
            # Its terms: who has fetched it may use it, and no one else.
            models.CheckConstraint(
                condition=~models.Q(source="tone3000", is_shared=True),
                name="gear_gearitem_tone3000_is_private",
                violation_error_message="What comes from Tone 3000 cannot be shared: "
                "only who has fetched it may use it.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.make} {self.name}".strip()


class CaptureFormat(models.TextChoices):
    NAM = "nam", "NAM model"
    IR = "ir", "Impulse response"
    OTHER = "other", "Another format"  # known by name only: there is no file


class FileState(models.TextChoices):
    """Uploads may be used only after a worker has looked inside."""

    PENDING = "pending", "Being checked"
    READY = "ready", "Ready"


class IRChannelRule(models.TextChoices):
    """What is heard of an impulse response whose channels differ."""

    MIX = "mix", "Both mixed"
    LEFT = "left", "Left"
    RIGHT = "right", "Right"


class CaptureQuerySet(models.QuerySet["Capture"]):
    def visible_to(self, user: User | AnonymousUser) -> CaptureQuerySet:
        if isinstance(user, AnonymousUser):
            return self.filter(gear__is_shared=True)
        return self.filter(Q(gear__is_shared=True) | Q(gear__owner=user))

    def owned_by(self, user: User | AnonymousUser) -> CaptureQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(gear__owner=user)

    def size_bytes(self) -> int:
        return self.aggregate(total=Sum("size_bytes"))["total"] or 0

    def shared(self) -> CaptureQuerySet:
        return self.filter(gear__is_shared=True)

    def with_file(self) -> CaptureQuerySet:
        """Not those that are known by name only."""
        return self.exclude(file="")

    def of_tone(self, tone_id: str) -> CaptureQuerySet:
        """Fetched from this tone of Tone 3000."""
        return self.filter(gear__tone3000_id=tone_id).exclude(tone3000_id="")

    def pending(self) -> CaptureQuerySet:
        """Uploaded, and not looked into yet."""
        return self.filter(state=FileState.PENDING)

    def usable(self) -> CaptureQuerySet:
        """Inspected and playable by the renderer."""
        return self.filter(state=FileState.READY, unsupported_reason="")

    def unusable(self) -> CaptureQuerySet:
        return self.exclude(state=FileState.READY, unsupported_reason="")

    def favorites_of(self, user: User | AnonymousUser) -> CaptureQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        entries = apps.get_model("gear", "LibraryEntry").objects
        favorites = entries.filter(user=user, is_favorite=True)
        return self.filter(pk__in=favorites.order_by().values("capture"))

    def with_architecture(self, beginning: str) -> CaptureQuerySet:
        """As of gear."""
        return self.filter(architecture_key__startswith=beginning.upper())

    def tagged(self, user: User | AnonymousUser, name: str) -> CaptureQuerySet:
        """As of gear."""
        uses = apps.get_model("gear", "GearTag").objects
        found = uses.visible_to(user).filter(gear=OuterRef("gear"), tag__key=tag_key(name))
        return self.filter(Exists(found))

    def matching(self, text: str) -> CaptureQuerySet:
        """Captures of the gear that the words find, the best first. As of gear."""
        return search(self, GEAR_INDEX, text, path="gear__")

    def matching_own(self, text: str, user: User | AnonymousUser) -> CaptureQuerySet:
        """As ``matching``; each word may also be in the name of the file, or in the nickname that
        ``user`` gave it. For lists that are someone's own: it reads them."""
        if isinstance(user, AnonymousUser):
            return self.matching(text)
        entries = apps.get_model("gear", "LibraryEntry").objects.filter(user=user).order_by()

        def also(word: str) -> Q:
            called = entries.filter(nickname__icontains=word).values("capture")
            return Q(name__icontains=word) | Q(pk__in=called)

        return search(self, GEAR_INDEX, text, path="gear__", also=also)

    def with_library(self, user: User | AnonymousUser) -> CaptureQuerySet:
        """Two queries more: ``own_entries`` of each capture, the one of ``user`` if there is one,
        and ``seen_tags`` of its gear, as of gear."""
        entries = apps.get_model("gear", "LibraryEntry").objects
        own = entries.none() if isinstance(user, AnonymousUser) else entries.filter(user=user)
        uses = apps.get_model("gear", "GearTag").objects.visible_to(user)
        seen = uses.select_related("tag").order_by("tag__key", "pk")
        return self.prefetch_related(
            Prefetch("library_entries", queryset=own, to_attr="own_entries"),
            Prefetch("gear__gear_tags", queryset=seen, to_attr="seen_tags"),
        )


class Capture(PublicModel):
    """One concrete file of a gear item, known by its SHA-256. The file goes when the row goes.

    What cannot be played here at all may be kept without a file, with the reason.
    """

    gear = models.ForeignKey(GearItem, on_delete=models.CASCADE, related_name="captures")
    format = models.CharField(max_length=8, choices=CaptureFormat)
    name = models.CharField(
        max_length=200, help_text="the name its file came with, or that its creator gave it"
    )
    file = models.FileField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, db_index=True, blank=True)
    size_bytes = models.PositiveBigIntegerField()
    state = models.CharField(max_length=8, choices=FileState, default=FileState.PENDING)
    unsupported_reason = models.CharField(max_length=300, blank=True)

    # Filled in by the inspection; null means unknown, never zero.
    architecture = models.CharField(max_length=32, blank=True)
    format_version = models.CharField(max_length=16, blank=True)
    sample_rate_hz = models.PositiveIntegerField(null=True, blank=True)
    duration_s = models.FloatField(null=True, blank=True)
    input_level_dbu = models.FloatField(null=True, blank=True)
    output_level_dbu = models.FloatField(null=True, blank=True)
    info = models.JSONField(default=dict, blank=True, help_text="what the inspection found")
    # What ``describe.architecture_of`` says, in upper case: lists are narrowed by how it begins.
    architecture_key = models.GeneratedField(
        expression=Upper(
            Left(
                Coalesce(
                    NullIf(KT("info__label"), Value("")),
                    F("architecture"),
                    output_field=models.CharField(),
                ),
                64,
            )
        ),
        output_field=models.CharField(max_length=100),
        db_persist=True,
        db_index=True,
    )
    # What its file says, 0 to 1: how much it compresses. Null: nothing.
    gain = models.GeneratedField(
        expression=Cast(KT("info__metadata__gain"), models.FloatField()),
        output_field=models.FloatField(null=True),
        db_persist=True,
        db_index=True,
    )

    # Of an impulse response: how its file is read, see ``jobs.pipeline.recipe.IRSettings``.
    channel_rule = models.CharField(max_length=8, choices=IRChannelRule, default=IRChannelRule.MIX)
    tail_end_db = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(MIN_TAIL_END_DB), MaxValueValidator(MAX_TAIL_END_DB)],
        help_text="below its peak; empty: −90, and −60 for one that is too long as it is",
    )
    is_lead_trimmed = models.BooleanField(default=False)

    # In the words of Tone 3000, whose lists grow; empty for captures from elsewhere.
    tone3000_id = models.CharField(
        max_length=64, blank=True, help_text="of the model at Tone 3000, opaque"
    )
    tone3000_architecture = models.CharField(max_length=40, blank=True)
    tone3000_size = models.CharField(max_length=40, blank=True)

    objects = CaptureQuerySet.as_manager()

    class Meta:
        ordering = ("gear_id", "id")
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="gear_capture_newest"),
            models.Index(fields=["gear", "architecture_key"], name="gear_capture_kinds_of_gear"),
            # Few among many: what is still being checked, and what cannot be played.
            models.Index(
                fields=["-created_at"],
                name="gear_capture_unusable_newest",
                condition=~models.Q(state="ready", unsupported_reason=""),
            ),
            models.Index(
                fields=["-created_at"],
                name="gear_capture_calibrated_newest",
                condition=models.Q(input_level_dbu__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["gear", "sha256"],
                condition=models.Q(tone3000_id="") & ~models.Q(sha256=""),
                name="gear_capture_once_per_gear",
            ),
            models.UniqueConstraint(
                fields=["gear", "tone3000_id"],
                condition=~models.Q(tone3000_id=""),
                name="gear_capture_once_per_model",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def ir_settings(self) -> IRSettings:
        return IRSettings(
            cast(ChannelRule, self.channel_rule), self.tail_end_db, self.is_lead_trimmed
        )

    @property
    def is_calibrated(self) -> bool:
        """Whether it is known at which level it was captured."""
        return self.input_level_dbu is not None

    @property
    def title(self) -> str:
        """What people choose it by. A tone of Tone 3000 has several models with names of their own.

        A query unless its gear has been loaded.
        """
        return self.gear.name if not self.tone3000_id else f"{self.gear.name}, {self.name}"[:200]
