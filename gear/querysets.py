"""Questions about gear and chains, by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.models import User

if TYPE_CHECKING:
    from gear.models import Capture, GearItem, SignalChain


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
        """Every word is somewhere in its name or its make."""
        found = self
        for word in text.split():
            found = found.filter(Q(name__icontains=word) | Q(make__icontains=word))
        return found

    def with_format(self, capture_format: str) -> GearItemQuerySet:
        """Has a capture of that format."""
        captures = apps.get_model("gear", "Capture").objects
        return self.filter(Exists(captures.filter(gear=OuterRef("pk"), format=capture_format)))


class CaptureQuerySet(models.QuerySet["Capture"]):
    def visible_to(self, user: User | AnonymousUser) -> CaptureQuerySet:
        if isinstance(user, AnonymousUser):
            return self.filter(gear__is_shared=True)
        return self.filter(Q(gear__is_shared=True) | Q(gear__owner=user))

    def owned_by(self, user: User) -> CaptureQuerySet:
        return self.filter(gear__owner=user)

    def pending(self) -> CaptureQuerySet:
        """Uploaded, and not looked into yet."""
        return self.filter(status="pending")

    def usable(self) -> CaptureQuerySet:
        """Inspected and playable by the renderer."""
        return self.filter(status="ready", unsupported_reason="")

    def unusable(self) -> CaptureQuerySet:
        return self.exclude(status="ready", unsupported_reason="")


class SignalChainQuerySet(models.QuerySet["SignalChain"]):
    def owned_by(self, user: User | AnonymousUser) -> SignalChainQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)

    def with_blocks(self) -> SignalChainQuerySet:
        """A few queries more for all blocks, captures and gear, whatever their number."""
        return self.prefetch_related("blocks__capture__gear", "blocks__extra_irs__capture__gear")
