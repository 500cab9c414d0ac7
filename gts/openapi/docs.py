"""The pages that explain the API: the OpenAPI document and Swagger UI, and the AsyncAPI document.

The latter is written here: what WebSockets send, and why one is closed. The tests hold every
message that any of them receives to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from gts.openapi import error_codes
from jobs.models import JobState, NotificationState
from jobs.pipeline.versions import VERSION

_MAX_AGE_S: Final = 3600
_ID: Final = {"type": "string", "format": "uuid"}
_PERCENT: Final = {"type": "number", "minimum": 0, "maximum": 100}
_TEXT: Final = {"type": "string"}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _told(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "description": text}


_JOB: Final = {
    "job_id": _ID,
    "kind": _TEXT,
    "label": _told("what it works on, for people", _TEXT),
    "state": {"type": "string", "enum": list(JobState.values)},
    "state_label": _told("state, for people", _TEXT),
    "progress": _told("percent; of what runs it never goes backwards", _PERCENT),
    "message": _told("what is being done, for people", _TEXT),
    "error": {
        **_object({"code": _ref("ErrorCode"), "message": _TEXT}),
        "type": ["object", "null"],
        "description": "after a failure",
    },
}
_NOTIFICATION: Final = {
    "id": _ID,
    "job_id": _told("null: it is about no job", {"type": ["string", "null"], "format": "uuid"}),
    "kind": _told("of the job, or shootouts.comment", _TEXT),
    "label": _TEXT,
    "state": _told(
        "how the job ended; news: it is about no job",
        {"type": "string", "enum": list(NotificationState.values)},
    ),
    "message": _TEXT,
    "path": _told("the page it leads to, on this site; may be empty", _TEXT),
    "created_at": {"type": "string", "format": "date-time"},
}
_STAMP: Final = {
    "sequence": _told("counts the messages of a connection", {"type": "integer", "minimum": 1}),
    "timestamp": {"type": "string", "format": "date-time"},
}
_NUM_UNREAD: Final = {"type": "integer", "minimum": 0}


def _type(name: str) -> dict[str, Any]:
    return {"type": {"const": name}}


# A job that is watched has a summary; one below it has none.
_PROGRESS: Final = _object({**_type("progress"), **_JOB, **_STAMP})
_SCHEMAS: Final[dict[str, Any]] = {
    "ErrorCode": error_codes.schema(),
    "Job": _object(_JOB),
    "Summary": _object(
        {
            "headline": _told("for people", _TEXT),
            "part": _told("what is being worked on: of a render Audio, then Video", _TEXT),
            "progress": _told("percent of that part", _PERCENT),
            "remaining_s": _told("null: not known", {"type": ["integer", "null"], "minimum": 0}),
            "time_left": _told("for people; empty while it is not known", _TEXT),
        }
    ),
    "JobSnapshot": _object(
        {
            **_type("snapshot"),
            **_JOB,
            "summary": _ref("Summary"),
            "children": {"type": "array", "items": _ref("Job")},
            **_STAMP,
        }
    ),
    "JobProgress": {
        **_PROGRESS,
        "properties": {**_PROGRESS["properties"], "summary": _ref("Summary")},
    },
    "Notification": _object(_NOTIFICATION),
    "NotificationSnapshot": _object(
        {
            **_type("snapshot"),
            "num_unread": _NUM_UNREAD,
            "notifications": _told(
                "the newest ten that are unread",
                {"type": "array", "items": _ref("Notification"), "maxItems": 10},
            ),
            **_STAMP,
        }
    ),
    "NotificationCreated": _object(
        {**_type("notification"), "num_unread": _NUM_UNREAD, **_NOTIFICATION, **_STAMP}
    ),
}
_MESSAGES: Final = {
    "JobSnapshot": "All there is to know at this moment; it may come again.",
    "JobProgress": "News of the job that is watched, or of one below it.",
    "NotificationSnapshot": "What is unread; it may come again.",
    "NotificationCreated": "One more.",
}
_CLOSE_CODES: Final = (
    "Closed with 1000 when the job has ended and all was told, 1011 when something went wrong here "
    "and 1012 when the server restarts (connect again), 4001 not authenticated (any more), 4004 no "
    "such job, or not yours, 4029 too many sockets of this user."
)


def asyncapi_document() -> dict[str, Any]:
    """AsyncAPI 3.0."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Guitar Tone Shootout: WebSockets",
            "version": VERSION,
            "description": "Live progress of jobs, and notifications. The server speaks; what a "
            f"client sends is ignored. {_CLOSE_CODES}",
        },
        "defaultContentType": "application/json",
        "channels": {
            "job": {
                "address": "/ws/jobs/{job_id}/",
                "description": "One job and all below it, to its end.",
                "parameters": {"job_id": {"description": "of one of my jobs"}},
                "messages": _messages("JobSnapshot", "JobProgress"),
            },
            "notifications": {
                "address": "/ws/notifications/",
                "description": "What became of my jobs, as long as the socket is open.",
                "messages": _messages("NotificationSnapshot", "NotificationCreated"),
            },
        },
        "operations": {
            f"{channel}_receive": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{channel}"},
                "summary": summary,
                "security": [
                    {"$ref": f"#/components/securitySchemes/{scheme}"}
                    for scheme in ("token", "session")
                ],
            }
            for channel, summary in (("job", "Watch a job"), ("notifications", "Be told of news"))
        },
        "components": {
            "schemas": _SCHEMAS,
            "messages": {
                name: {"name": name, "summary": summary, "payload": _ref(name)}
                for name, summary in _MESSAGES.items()
            },
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A personal access token or an access token, in Authorization "
                    "or as the second of the subprotocols gts.jwt and itself.",
                },
                "session": {"type": "httpApiKey", "name": "sessionid", "in": "cookie"},
            },
        },
    }


def _messages(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


@require_safe
def websocket_schema(request: HttpRequest) -> JsonResponse:
    return JsonResponse(
        asyncapi_document(), headers={"Cache-Control": f"public, max-age={_MAX_AGE_S}"}
    )


class FormatNegotiation(DefaultContentNegotiation):
    """``?format=json`` or ``yaml`` before the header ``Accept``."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        wanted = format_suffix or request.query_params.get("format")
        found: tuple[BaseRenderer, str] = super().select_renderer(request, renderers, wanted)
        return found


class SchemaView(SpectacularAPIView):
    """The OpenAPI document."""

    content_negotiation_class = FormatNegotiation


class ApiDocsView(SpectacularSwaggerSplitView):
    """Swagger UI from our own files: its script is an address of its own, nothing is inline."""

    url_name = "api-schema"
    template_name = "gts/api_docs.html"
