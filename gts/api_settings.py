"""Settings of the API, of logins, and for pages of other sites; only ``gts.settings`` reads them.

The REST framework and its tokens, what a password must be, the steps of a login with Tone 3000,
CORS, and how drf-spectacular writes the OpenAPI document: its title, its hooks, the names of enums.
"""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

from gts.environment import env_list, env_origins
from jobs.pipeline.versions import VERSION
from jobs.pipeline.vocabulary.audio_interfaces import InterfaceInput
from jobs.pipeline.vocabulary.gear import GearKind, Slot
from jobs.pipeline.vocabulary.options import SHOOTOUT_OPTIONS, ChoiceOption

SIMPLE_JWT = {
    "USER_ID_FIELD": "uuid",
    "USER_ID_CLAIM": "user",
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "UPDATE_LAST_LOGIN": True,
    # A change of the password ends all that was issued before.
    "CHECK_REVOKE_TOKEN": True,
}

REST_FRAMEWORK = {
    # A bearer token first: its challenge makes an anonymous call a 401 and not a 403. JWT after
    # the other kind, because it refuses what it does not know.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "gts.api.PersonalTokenAuthentication",
        "gts.api.JWTAuthentication",
        "gts.api.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    # Views that take files say so themselves: gts.web.api.parsers.MultiPartParser.
    "DEFAULT_PARSER_CLASSES": ["gts.web.api.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "gts.web.api.paging.CursorPagination",
    "DEFAULT_FILTER_BACKENDS": ["gts.api.FilterBackend"],
    "DEFAULT_THROTTLE_CLASSES": [
        "gts.web.api.throttles.UserThrottle",
        "gts.web.api.throttles.UploadThrottle",
        "gts.web.api.throttles.AnonymousThrottle",
    ],
    "DEFAULT_SCHEMA_CLASS": "gts.openapi.schema.AutoSchema",
    "EXCEPTION_HANDLER": "gts.api.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,  # ?format= is a filter of ours, but for json
}


# What a password must be.
_PASSWORD_VALIDATORS: Final[dict[str, dict[str, Any]]] = {
    "UserAttributeSimilarityValidator": {},
    "MinimumLengthValidator": {"min_length": 12},
    "CommonPasswordValidator": {},
    "NumericPasswordValidator": {},
}
AUTH_PASSWORD_VALIDATORS: Final[list[dict[str, Any]]] = [
    *(
        {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
        for name, options in _PASSWORD_VALIDATORS.items()
    ),
    {"NAME": "accounts.login.passwords.ContextWordsValidator"},
]


# What happens, in this order, when Tone 3000 sends someone back who logs in there.
SOCIAL_AUTH_PIPELINE: Final = (
    "social_core.pipeline.social_auth.social_details",
    "social_core.pipeline.social_auth.social_uid",
    "social_core.pipeline.social_auth.social_user",
    "accounts.tone3000.login.check_user",
    "accounts.tone3000.login.create_user",
    "social_core.pipeline.social_auth.associate_user",
    "social_core.pipeline.social_auth.load_extra_data",
    "accounts.tone3000.login.store_tokens",
)

# What a script may read of an answer besides its body.
_EXPOSED_HEADERS: Final = (
    "Content-Disposition",
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "Preference-Applied",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-ID",
)
_ALLOWED_HEADERS: Final = (
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "prefer",
    "range",
    "x-request-id",
)


def cors_settings(
    installed_apps: MutableSequence[str], middleware: MutableSequence[str]
) -> dict[str, Any]:
    """The settings of django-cors-headers, and its app and middleware put where they belong.

    Pages of which other sites may ask the API: of none, unless ``GTS_CORS_ORIGINS`` names them.
    Cookies are never taken from other sites: who asks from there shows a token, so ``*`` gives
    nothing away that is not public.
    """
    named = env_list("GTS_CORS_ORIGINS")
    if not named:
        return {}
    is_everybody = named == ["*"]
    if "*" in named and not is_everybody:
        raise ImproperlyConfigured("GTS_CORS_ORIGINS is * or a list of addresses, not both.")
    installed_apps.append("corsheaders")
    # Outside of all that answers by itself, so that errors can be read too.
    middleware.insert(1, "corsheaders.middleware.CorsMiddleware")
    return {
        "CORS_ALLOW_ALL_ORIGINS": is_everybody,
        "CORS_ALLOWED_ORIGINS": [] if is_everybody else env_origins("GTS_CORS_ORIGINS"),
        "CORS_ALLOW_CREDENTIALS": False,
        "CORS_URLS_REGEX": r"^/api/",
        "CORS_ALLOW_HEADERS": _ALLOWED_HEADERS,
        "CORS_EXPOSE_HEADERS": _EXPOSED_HEADERS,
    }


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
            ("audio-interfaces", "Input levels of common audio interfaces, for DI tracks."),
            ("di-tracks", "Dry guitar, straight from the pickup, which is played through chains."),
            ("uploads", "Files that come in pieces, of any kind, and what becomes of them."),
            ("gear", "Captures and impulse responses: shared, one's own, with tags."),
            ("library", "The captures one keeps, with nicknames."),
            ("tone3000", "Tones of Tone 3000: to look at, to pick, to add."),
            ("chains", "Signal chains, presets of processors, groups of chains, previews."),
            ("drafts", "Shootouts that are being put together, and what becomes of them."),
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
        "gts.openapi.schema.document_headers",
        "gts.openapi.schema.close_inputs",
        "gts.openapi.schema.say_null",
        "gts.openapi.schema.add_defaults",
        "gts.openapi.schema.add_examples",
    ],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "LoginKind": "accounts.sessions.logins.LoginKind",
        "JobState": "jobs.models.JobState",
        "PreviewState": "shootouts.models.media.PreviewState",
        "DraftState": "shootouts.models.draft.DraftState",
        "EstimateBasis": ["measured", "typical"],
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
        "UploadState": "shootouts.models.upload.ShownState",
        "UploadKind": "shootouts.models.upload.KINDS_TO_CHOOSE",
        "InterfaceInput": InterfaceInput.choices,
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
