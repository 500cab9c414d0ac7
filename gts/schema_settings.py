"""How drf-spectacular writes the OpenAPI document: its title, its hooks, the names of enums."""

from __future__ import annotations

from typing import Any, Final

from jobs.pipeline.version import VERSION

SPECTACULAR_SETTINGS: Final[dict[str, Any]] = {
    "TITLE": "Guitar Tone Shootout",
    "DESCRIPTION": "Compare guitar tones fairly: captures, chains, shootouts, jobs and media.",
    "VERSION": VERSION,
    # In 3.0 a reference cannot be null, strictly read: much of what is answered would be wrong.
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "gts.schema.document_errors",
        "gts.schema.close_inputs",
        "gts.schema.say_null",
        "gts.schema.add_examples",
    ],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "LoginKind": "accounts.logins.LoginKind",
        "JobState": "jobs.states.JobState",
        "PreviewState": "shootouts.models.preview.PreviewState",
        "ShootoutState": "shootouts.models.shootout.ShootoutState",
        "SegmentState": "shootouts.models.shootout.SegmentState",
        "FileStatus": "gear.models.item.FileStatus",
        "GearKind": "gear.models.item.GearKind",
        "GearSource": "gear.models.item.GearSource",
        "CaptureFormat": "gear.models.item.CaptureFormat",
        "IRChannelRule": "gear.models.item.IRChannelRule",
        "BlockSlot": "gear.models.chain.Slot",
        "PickOutcome": "gear.tone3000.picking.Outcome",
        "PlaybackOrder": "shootouts.models.shootout.Order",
        "ChannelChoice": "shootouts.models.di_track.ChannelRuleChoice",
        "FindingSeverity": "shootouts.models.di_track.FindingSeverity",
        "InputMode": "shootouts.models.shootout.InputModeChoice",
        "Theme": "shootouts.models.shootout.Theme",
        "TokenScope": "accounts.models.TokenScope",
        "Visibility": "shootouts.models.shootout.Visibility",
        "RenderedFileKind": "shootouts.models.media.RenderedFileKind",
        "NotificationOutcome": "jobs.models.Outcome",
        "SelfTestOutcome": ["passed", "failed", "not_stated", "not_run"],
        "PickChoice": ["nam", "nam-a2", "ir"],
    },
}
