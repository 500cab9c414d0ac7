"""What may be said about how the file of an impulse response is read, by the kind of its gear."""

from __future__ import annotations

from dataclasses import fields
from typing import Final, TypedDict

from gear.models.item import GearKind, IRChannelRule
from gts.web.errors import ErrorDetail
from jobs.pipeline.recipe import IRSettings

# See ``Capture.ir_settings``.
IR_SETTINGS: Final = tuple(field.name for field in fields(IRSettings))

NOT_OF_A_SPACE: Final = "A space sounds with all of its channels: there is none to choose."


class IRSettingsChange(TypedDict, total=False):
    """Those of ``IR_SETTINGS`` that are to be others."""

    channel_rule: str
    tail_end_db: float | None
    is_lead_trimmed: bool


def space_problems(kind: str, ir_settings: IRSettingsChange) -> list[ErrorDetail]:
    """NOT_OF_A_SPACE where a channel is chosen for one."""
    rule = ir_settings.get("channel_rule", IRChannelRule.MIX)
    if kind != GearKind.SPACE or rule == IRChannelRule.MIX:
        return []
    return [ErrorDetail("/channel_rule", "NOT_OF_A_SPACE", NOT_OF_A_SPACE)]
