"""What may be said about how the file of an impulse response is read, by the kind of its gear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from accounts.errors import ErrorDetail
from gear.models.item import GearKind, IRChannelRule
from jobs.pipeline.recipe import IRSettings

# See ``Capture.ir_settings``.
IR_SETTINGS: Final = tuple(field.name for field in fields(IRSettings))

NOT_OF_A_SPACE: Final = "A space sounds with all of its channels: there is none to choose."


def space_problems(kind: str, ir_settings: Mapping[str, Any]) -> list[ErrorDetail]:
    """NOT_OF_A_SPACE where a channel is chosen for one."""
    rule = ir_settings.get("channel_rule", IRChannelRule.MIX)
    if kind != GearKind.SPACE or rule == IRChannelRule.MIX:
        return []
    return [ErrorDetail("/channel_rule", "NOT_OF_A_SPACE", NOT_OF_A_SPACE)]
