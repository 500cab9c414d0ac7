"""Questions about gear and chains, by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from accounts.models import User

if TYPE_CHECKING:
    from gear.models import Capture, GearItem, SignalChain


class GearItemQuerySet(models.QuerySet["GearItem"]):
    def visible_to(self, user: User | AnonymousUser) -> GearItemQuerySet:
        """Gear shared with everybody, and one's own."""
        if isinstance(user, AnonymousUser):
            return self.filter(is_shared=True)
        return self.filter(Q(is_shared=True) | Q(owner=user))


class CaptureQuerySet(models.QuerySet["Capture"]):
    def visible_to(self, user: User | AnonymousUser) -> CaptureQuerySet:
        if isinstance(user, AnonymousUser):
            return self.filter(gear__is_shared=True)
        return self.filter(Q(gear__is_shared=True) | Q(gear__owner=user))

    def usable(self) -> CaptureQuerySet:
        """Inspected and playable by the renderer."""
        return self.filter(status="ready", unsupported_reason="")


class SignalChainQuerySet(models.QuerySet["SignalChain"]):
    def owned_by(self, user: User | AnonymousUser) -> SignalChainQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)

    def with_blocks(self) -> SignalChainQuerySet:
        """One query more for all blocks with their captures and gear, whatever the number."""
        return self.prefetch_related("blocks__capture__gear")
