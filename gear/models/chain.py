"""Signal chains: ordered blocks owned by a user, independent of shootouts.

And what helps to build them: groups (slots with options, expanded into chains), and presets of
built-in processors.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models

from accounts.models import User
from gear.models.item import Capture
from gear.search.text import named
from gts.web.models import PublicModel, RevisedModel
from jobs.pipeline.vocabulary.gear import Slot as Slot


class SignalChainQuerySet(models.QuerySet["SignalChain"]):
    def owned_by(self, user: User | AnonymousUser) -> SignalChainQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)

    def named(self, text: str) -> SignalChainQuerySet:
        return named(self, text)

    def with_blocks(self) -> SignalChainQuerySet:
        """A few queries more for all blocks, captures and gear, whatever their number."""
        return self.prefetch_related("blocks__capture__gear", "blocks__extra_irs__capture__gear")


class SignalChain(RevisedModel, PublicModel):
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="signal_chains"
    )
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=4000)

    objects = SignalChainQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="gear_signalchain_owner_newest"),
        ]

    def __str__(self) -> str:
        return self.name


class Block(models.Model):
    """One position in a chain: a capture, or a built-in processor with parameters."""

    chain = models.ForeignKey(SignalChain, on_delete=models.CASCADE, related_name="blocks")
    position = models.PositiveSmallIntegerField()
    slot = models.CharField(max_length=8, choices=Slot.choices)
    # A capture may be deleted while chains name it: the block then says what is missing.
    capture = models.ForeignKey(
        Capture, on_delete=models.SET_NULL, null=True, blank=True, related_name="blocks"
    )
    processor = models.CharField(max_length=32, blank=True)
    parameters = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("chain_id", "position")
        constraints = [
            models.UniqueConstraint(
                fields=["chain", "position"], name="gear_block_one_per_position"
            ),
            models.CheckConstraint(
                condition=models.Q(capture__isnull=True) | models.Q(processor=""),
                name="gear_block_capture_or_processor",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.slot} {self.processor or self.capture}"


class BlockIR(models.Model):
    """One more impulse response of a cabinet, besides the block's own capture."""

    block = models.ForeignKey(Block, on_delete=models.CASCADE, related_name="extra_irs")
    position = models.PositiveSmallIntegerField()
    # As with a block: what is deleted is missing, and the block says so.
    capture = models.ForeignKey(
        Capture, on_delete=models.SET_NULL, null=True, blank=True, related_name="block_irs"
    )
    parameters = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("block_id", "position")
        constraints = [
            models.UniqueConstraint(
                fields=["block", "position"], name="gear_blockir_one_per_position"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.block_id} + {self.capture}"


class ChainGroupQuerySet(models.QuerySet["ChainGroup"]):
    def owned_by(self, user: User | AnonymousUser) -> ChainGroupQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)

    def named(self, text: str) -> ChainGroupQuerySet:
        return named(self, text)


class ChainGroup(PublicModel):
    """A base chain of which some slots have several options.

    ``slots`` names captures by UUID, beside the names they had: a capture may be deleted, and the
    group then says which one is missing. ``gear.services.group_slots`` reads and writes it.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="chain_groups"
    )
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=4000)
    slots = models.JSONField()

    objects = ChainGroupQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="gear_chaingroup_owner_newest"),
        ]

    def __str__(self) -> str:
        return self.name


class PresetQuerySet(models.QuerySet["Preset"]):
    def owned_by(self, user: User | AnonymousUser) -> PresetQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)


class Preset(PublicModel):
    """Named parameter values of a built-in processor. A chain that uses it copies them."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="presets"
    )
    processor = models.CharField(max_length=32)
    name = models.CharField(max_length=100)
    parameters = models.JSONField(default=dict, blank=True)

    objects = PresetQuerySet.as_manager()

    class Meta:
        ordering = ("processor", "name", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "processor", "name"], name="gear_preset_once_per_name"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.processor}: {self.name}"
