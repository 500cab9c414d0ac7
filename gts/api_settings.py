"""Settings of the API: the framework, and its tokens."""

from __future__ import annotations

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
    "DEFAULT_SCHEMA_CLASS": "gts.openapi.operation_names.AutoSchema",
    "EXCEPTION_HANDLER": "gts.api.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,  # ?format= is a filter of ours, but for json
}
