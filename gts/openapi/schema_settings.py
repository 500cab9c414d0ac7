"""How drf-spectacular writes the OpenAPI document: its title, its hooks, the names of enums."""

from __future__ import annotations

from typing import Any, Final

from jobs.pipeline.version import VERSION
from jobs.pipeline.vocabulary.gear import GearKind, Slot
from jobs.pipeline.vocabulary.options import SHOOTOUT_OPTIONS, ChoiceOption

SPECTACULAR_SETTINGS: Final[dict[str, Any]] = {
    "TITLE": "Guitar Tone Shootout",
    "DESCRIPTION": "Compare guitar tones fairly: captures, chains, shootouts, jobs and media.",
    "VERSION": VERSION,
    # Relative to where the document is read: it does not know by which name it is asked for.
    "SERVERS": [{"url": "/", "description": "This server"}],
    "TAGS": [
        {"name": name, "description": description}
        for name, description in (
            ("accounts", "Who asks: profile, tokens, sessions, export and erasure."),
            ("di-tracks", "Recordings straight from the guitar, which are played through chains."),
            ("gear", "Captures and impulse responses: shared, one's own, with tags."),
            ("library", "The captures one keeps, with nicknames."),
            ("tone3000", "Tones of Tone 3000: to look at, to pick, to add."),
            ("chains", "Signal chains, presets of processors, groups of chains, previews."),
            ("shootouts", "Chains compared over DI tracks: make, render, read what was published."),
            ("comments", "What people say about shootouts."),
            ("media", "Rendered sound, video and texts by their ids."),
            ("jobs", "Work that is under way: look, cancel, retry."),
            ("notifications", "What became of one's jobs, and what others did."),
        )
    ],
    # In 3.0 a reference cannot be null, strictly read: much of what is answered would be wrong.
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "gts.openapi.schema.document_errors",
        "gts.openapi.headers.document_headers",
        "gts.openapi.schema.close_inputs",
        "gts.openapi.schema.say_null",
        "gts.openapi.defaults.add_defaults",
        "gts.openapi.schema.add_examples",
    ],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "LoginKind": "accounts.sessions.logins.LoginKind",
        "JobState": "jobs.states.JobState",
        "PreviewState": "shootouts.models.preview.PreviewState",
        "ShootoutState": "shootouts.models.shootout.ShootoutState",
        "SegmentState": "shootouts.models.shootout.SegmentState",
        "FileState": "gear.models.item.FileState",
        "GearKind": GearKind.choices,
        "GearSource": "gear.models.item.GearSource",
        "CaptureFormat": "gear.models.item.CaptureFormat",
        "IRChannelRule": "gear.models.item.IRChannelRule",
        "BlockSlot": Slot.choices,
        "PickState": "gear.tone3000.picking.PickState",
        "ChannelChoice": "shootouts.models.di_track.ChannelRuleChoice",
        "FindingSeverity": "shootouts.models.di_track.FindingSeverity",
        "TokenScope": "accounts.models.TokenScope",
        "Visibility": "shootouts.models.shootout.Visibility",
        "RenderedFileKind": "shootouts.models.media.RenderedFileKind",
        "NotificationState": "jobs.models.NotificationState",
        "SelfTestOutcome": ["passed", "failed", "not_stated", "not_run"],
        "PickChoice": ["nam", "nam-a2", "ir"],
        # "playback_order" is PlaybackOrder.
        **{
            option.name.title().replace("_", ""): [*option.choices.items()]
            for option in SHOOTOUT_OPTIONS
            if isinstance(option, ChoiceOption)
        },
    },
}
