"""Settings of the API: the framework, and its tokens."""

from __future__ import annotations

from typing import Any

SIMPLE_JWT = {
    "USER_ID_FIELD": "uuid",
    "USER_ID_CLAIM": "user",
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "UPDATE_LAST_LOGIN": True,
    # A change of the password ends all that was issued before.
    "CHECK_REVOKE_TOKEN": True,
}


def rest_framework_settings(*, num_proxies: int) -> dict[str, Any]:
    """``num_proxies``: of one's own before GTS, whose words about addresses are believed."""
    return {
        # A bearer token first: its challenge makes an anonymous call a 401 and not a 403. JWT after
        # the other kind, because it refuses what it does not know.
        "DEFAULT_AUTHENTICATION_CLASSES": [
            "gts.api.PersonalTokenAuthentication",
            "gts.api.JWTAuthentication",
            "gts.api.SessionAuthentication",
        ],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        # Views that take files say so themselves: accounts.api.parsers.MultiPartParser.
        "DEFAULT_PARSER_CLASSES": ["accounts.api.parsers.JSONParser"],
        "DEFAULT_PAGINATION_CLASS": "accounts.api.paging.PageNumberPagination",
        "DEFAULT_FILTER_BACKENDS": ["gts.api.FilterBackend"],
        "DEFAULT_THROTTLE_CLASSES": [
            "accounts.api.throttles.UserThrottle",
            "accounts.api.throttles.UploadThrottle",
            "accounts.api.throttles.AnonymousThrottle",
        ],
        "NUM_PROXIES": num_proxies,  # for throttles of the framework
        "DEFAULT_SCHEMA_CLASS": "gts.operation_names.AutoSchema",
        "EXCEPTION_HANDLER": "gts.api.exception_handler",
        "TEST_REQUEST_DEFAULT_FORMAT": "json",
        "URL_FORMAT_OVERRIDE": None,  # ?format= is a filter of ours
    }
