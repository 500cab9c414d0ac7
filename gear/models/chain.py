"""Signal chains: ordered blocks owned by a user, independent of shootouts."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.models import PublicModel, RevisedModel
from gear.models.item import Capture
from gear.querysets import SignalChainQuerySet


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


class Slot(models.TextChoices):
    """The places of the grammar: DI → pre* → amp → loop* → cab? → post* → out."""

    PRE = "pre", "Before the amp"
    AMP = "amp", "Amp"
    LOOP = "loop", "Effects loop"
    CAB = "cab", "Cabinet"
    POST = "post", "After the cabinet"


class Block(models.Model):
    """One position in a chain: a capture, or a built-in processor with parameters."""

    chain = models.ForeignKey(SignalChain, on_delete=models.CASCADE, related_name="blocks")
    position = models.PositiveSmallIntegerField()
    slot = models.CharField(max_length=8, choices=Slot)
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
