"""Who may ask for what: every route of GTS with every method it takes, and what each person gets.

A new route needs a row here; ``test_tenancy`` prints the one that is missing. What is Alice's does
not exist for strangers, and operators are strangers everywhere but in the admin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.conf import settings

LOGIN: Final = 302  # pages send who is no one to the login


@dataclass(frozen=True, slots=True)
class Row:
    """``route``: its name; ``args``: what stands in its address, words of ``tenancy_world``."""

    route: str
    method: str
    args: str
    owner: int
    stranger: int
    anonymous: int
    operator: int
    query: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)


def own(route: str, method: str, args: str, status: int, **more: Any) -> Row:
    """One thing of Alice's, over the API."""
    return Row(route, method, args, status, 404, 401, 404, **more)


def own_page(route: str, method: str, args: str, status: int, **more: Any) -> Row:
    return Row(route, method, args, status, 404, LOGIN, 404, **more)


def shown(route: str, method: str, args: str, status: int, **more: Any) -> Row:
    """One thing of Alice's where others may look once it is published: it is not."""
    return Row(route, method, args, status, 404, 404, 404, **more)


def each(route: str, method: str, status: int, *, args: str = "", **more: Any) -> Row:
    """Everybody's own, for who is logged in."""
    return Row(route, method, args, status, status, 401, status, **more)


def each_page(route: str, method: str, status: int, *, args: str = "", **more: Any) -> Row:
    return Row(route, method, args, status, status, LOGIN, status, **more)


def everybody(route: str, method: str, status: int, *, args: str = "", **more: Any) -> Row:
    return Row(route, method, args, status, status, status, status, **more)


WORDS: Final = {"text": "They differ in the attack."}
DRAFT: Final = {"document": {"schema_version": 1}}
NO_MODEL: Final = "=1 =2"  # a tone and a model of Tone 3000, which no one has asked for

API: Final = (
    # Accounts.
    Row("api-token", "post", "", 200, 200, 401, 200),  # with a session; see test_tenancy
    everybody("api-token-refresh", "post", 401, body={"refresh": "rubbish"}),
    everybody("api-token-revoke", "post", 204, body={"refresh": "rubbish"}),
    each("api-me", "get", 200),
    each("api-me", "patch", 200),
    each("api-me", "delete", 422),
    each("api-me-export", "get", 200),
    each("api-personal-token-list", "get", 200),
    each("api-personal-token-list", "post", 201, body={"name": "App", "scope": "read"}),
    own("api-personal-token", "get", "token", 200),
    own("api-personal-token", "delete", "token", 204),
    each("api-session-list", "get", 200),
    each("api-session-list", "delete", 204),
    own("api-session", "delete", "session", 204),
    # Gear.
    everybody("api-gear-list", "get", 200),
    each("api-gear-list", "post", 422),
    shown("api-gear", "get", "gear", 200),
    own("api-gear", "patch", "gear", 200, body={"name": "new"}),
    own("api-gear", "delete", "gear", 204),
    own("api-gear-tags", "put", "gear", 200, body={"tags": ["clean"]}),
    each("api-tag-list", "get", 200),
    each("api-tag-list", "post", 201, body={"name": "new"}),
    own("api-tag", "get", "tag", 200),
    own("api-tag", "patch", "tag", 200, body={"name": "new"}),
    own("api-tag", "delete", "tag", 204),
    each("api-preset-list", "get", 200),
    each("api-preset-list", "post", 422),
    own("api-preset", "get", "preset", 200),
    own("api-preset", "patch", "preset", 200),
    own("api-preset", "delete", "preset", 204),
    everybody("api-capture-list", "get", 200),
    everybody("api-capture-facets", "get", 200),
    shown("api-capture", "get", "capture", 200),
    own("api-capture-preview", "get", "cab", 200),
    each("api-library-list", "get", 200),
    each("api-library-list", "post", 422),
    own("api-library-entry", "get", "entry", 200),
    own("api-library-entry", "patch", "entry", 200),
    own("api-library-entry", "delete", "entry", 204),
    everybody("api-block-type-list", "get", 200),
    # Chains.
    each("api-chain-list", "get", 200),
    each("api-chain-list", "post", 422),
    each("api-chain-guidance", "post", 422),
    own("api-chain", "get", "chain", 200),
    own("api-chain", "patch", "chain", 200),
    own("api-chain", "delete", "chain", 204),
    own("api-chain-preview", "post", "chain", 422),
    each("api-preview-list", "post", 422),
    each("api-preview-readiness", "post", 204),
    own("api-preview", "get", "preview", 200),
    own("api-preview-audio", "get", "preview", 200),
    each("api-chain-group-list", "get", 200),
    each("api-chain-group-list", "post", 422),
    own("api-chain-group", "get", "group", 200),
    own("api-chain-group", "patch", "group", 200),
    own("api-chain-group", "delete", "group", 204),
    own("api-chain-group-permutations", "get", "group", 200),
    own("api-chain-group-permutations", "post", "group", 201),
    # Tone 3000; no one here is connected.
    each("api-tone3000-captures", "post", 422),
    each("api-tone3000-picks", "post", 201),
    own("api-tone3000-pick", "get", "pick", 200),
    each("api-tone3000-search", "get", 404),
    each("api-tone3000-tone", "get", 409, args="=1"),
    each("api-tone3000-list", "get", 409, args="=created"),
    # DI tracks.
    everybody("api-audio-interface-list", "get", 200),
    each("api-di-track-list", "get", 200),
    each("api-di-track-list", "post", 422),
    own("api-di-track", "get", "di", 200),
    own("api-di-track", "patch", "di", 200),
    own("api-di-track", "delete", "di", 204),
    own("api-di-track-audio", "get", "di", 200),
    own("api-di-track-preview", "get", "di", 200),
    own("api-di-track-waveform", "get", "di", 200),
    # Uploads in pieces; the protocol wants its version first.
    each("api-upload-list", "get", 200),
    each("api-upload-list", "post", 412),
    own("api-upload", "get", "upload", 200),
    own("api-upload", "patch", "upload", 200, body={"name": "new"}),
    own("api-upload", "delete", "upload", 204),
    own("api-upload-content", "patch", "upload", 412),
    own("api-upload-content", "delete", "upload", 204),
    # Shootouts.
    each("api-shootout-list", "get", 200),
    everybody("api-shootout-list", "get", 200, query="scope=public"),
    each("api-shootout-list", "post", 422),
    shown("api-shootout", "get", "shootout", 200),
    everybody("api-shootout", "get", 200, args="public"),
    own("api-shootout", "patch", "shootout", 200),
    own("api-shootout", "patch", "public", 200),
    own("api-shootout", "delete", "shootout", 204),
    own("api-shootout", "delete", "public", 204),
    own("api-shootout-render", "post", "shootout", 202),
    own("api-shootout-render", "post", "public", 202),
    own("api-shootout-retry", "post", "shootout", 409),
    own("api-shootout-retry", "post", "public", 409),
    own("api-shootout-cancel", "post", "shootout", 409),
    own("api-shootout-cancel", "post", "public", 409),
    shown("api-shootout-manifest", "get", "shootout", 200),
    everybody("api-shootout-manifest", "get", 200, args="public"),
    shown("api-shootout-metrics", "get", "shootout", 200),
    everybody("api-shootout-metrics", "get", 200, args="public"),
    shown("api-shootout-comparison", "get", "shootout", 202, query="a=0&b=1"),
    everybody("api-shootout-comparison", "get", 202, args="public", query="a=0&b=1"),
    shown("api-shootout-residual", "get", "shootout", 202, query="a=0&b=1"),
    everybody("api-shootout-residual", "get", 202, args="public", query="a=0&b=1"),
    shown("api-shootout-segments", "get", "shootout", 200),
    everybody("api-shootout-segments", "get", 200, args="public"),
    shown("api-shootout-video", "get", "shootout", 200),
    everybody("api-shootout-video", "get", 200, args="public"),
    shown("api-shootout-montage", "get", "shootout", 200),
    everybody("api-shootout-montage", "get", 200, args="public"),
    shown("api-shootout-chapters", "get", "shootout", 200),
    everybody("api-shootout-chapters", "get", 200, args="public"),
    own("api-shootout-renders", "get", "shootout", 200),
    own("api-shootout-renders", "get", "public", 200),
    own("api-shootout-render-manifest", "get", "shootout =1", 200),
    own("api-shootout-render-manifest", "get", "public =1", 200),
    everybody("api-manifest-schema", "get", 200, args="=1"),
    own("api-shootout-export", "get", "shootout", 200),
    own("api-shootout-export", "get", "public", 200),
    each("api-shootout-import", "post", 422),
    # Drafts of shootouts; hers is of her line-up, and complete.
    each("api-draft-list", "get", 200),
    each("api-draft-list", "post", 422),
    each("api-draft-expansion", "post", 422),
    own("api-draft", "get", "draft", 200),
    own("api-draft", "put", "draft", 200, body=DRAFT),
    own("api-draft", "patch", "draft", 200, body={"title": "New"}),
    own("api-draft", "delete", "draft", 204),
    own("api-draft-shootout", "post", "draft", 201),
    # Comments: Alice's, on what she has published. Operators may hide them.
    shown("api-shootout-comments", "get", "shootout", 200),
    everybody("api-shootout-comments", "get", 200, args="public"),
    own("api-shootout-comments", "post", "shootout", 409, body=WORDS),
    each("api-shootout-comments", "post", 201, args="public", body=WORDS),
    everybody("api-comment", "get", 200, args="comment"),
    Row("api-comment", "get", "hidden_comment", 200, 404, 404, 200),
    own("api-comment", "patch", "comment", 200, body=WORDS),
    own("api-comment", "delete", "comment", 204),
    Row("api-comment-hide", "post", "comment", 200, 404, 401, 200),
    Row("api-comment-unhide", "post", "hidden_comment", 200, 404, 401, 200),
    shown("media", "get", "file", 200),
    everybody("media", "get", 200, args="public_file"),
    # Jobs.
    each("api-job-list", "get", 200),
    own("api-job", "get", "job", 200),
    own("api-job-cancel", "post", "job", 409),
    own("api-job-retry", "post", "job", 409),
    each("api-notification-list", "get", 200),
    each("api-notification-read-all", "post", 200),
    own("api-notification", "get", "notification", 200),
    own("api-notification-read", "post", "notification", 200),
    # About the API.
    everybody("api-schema", "get", 200),
    everybody("api-websocket-schema", "get", 200),
    everybody("api-docs", "get", 200),
    everybody("api-not-found", "get", 404),
)

PAGES: Final = (
    # Coming and going.
    Row("login", "get", "", 302, 302, 200, 302),
    Row("login", "post", "", 302, 302, 200, 302),
    Row("login", "put", "", 302, 302, 200, 302),
    # The client of the tests is this machine, and has no token.
    everybody("login-local", "post", 302 if settings.IS_EMBEDDED else 404),
    everybody("login-link", "get", 302 if settings.IS_EMBEDDED else 404),
    everybody("login-tone3000", "post", 302),
    everybody("social:complete", "get", 302, args="=tone3000"),
    everybody("logout", "post", 302),
    each_page("account", "get", 200),
    each_page("tone3000-disconnect", "post", 302),
    each_page("account-delete", "post", 422),
    # None of them has a password, and the admin asks for no code here: no one has a second factor.
    everybody("login-code", "get", 302),
    everybody("login-code", "post", 302),
    each_page("two-factor", "get", 404),
    each_page("two-factor", "post", 404),
    each_page("two-factor-off", "post", 404),
    each_page("backup-codes", "post", 404),
    each_page("password-change", "get", 404),
    each_page("password-change", "post", 404),
    each_page("personal-token-new", "post", 422),
    own_page("personal-token-revoke", "post", "token", 302),
    own_page("session-end", "post", "session", 302),
    each_page("sessions-end-others", "post", 302),
    # Gear and chains.
    everybody("gear-list", "get", 200),
    each_page("gear-upload", "post", 422),
    shown("gear-item", "get", "gear", 200),
    everybody("gear-item", "get", 200, args="shared_gear"),
    own_page("gear-item", "post", "gear", 422),
    own_page("gear-item", "post", "shared_gear", 422),
    own_page("gear-note", "post", "gear", 302),
    each_page("gear-note", "post", 302, args="shared_gear"),
    own_page("gear-delete", "post", "gear", 302),
    own_page("capture-row", "get", "capture", 200),
    each_page("chain-list", "get", 200),
    each_page("chain-new", "get", 200),
    each_page("chain-new", "post", 422),
    each_page("chain-block", "get", 200, query="slot=pre&source=processor:gain"),
    each_page("chain-ir", "get", 200, query="block=b1"),
    each_page("chain-options", "get", 200, query="slot=amp&key=b1"),
    own_page("chain-detail", "get", "chain", 200),
    own_page("chain-detail", "post", "chain", 422),
    own_page("chain-duplicate", "post", "chain", 302),
    own_page("chain-delete", "post", "chain", 302),
    each_page("chain-group-list", "get", 200),
    own_page("chain-group-rename", "post", "group", 302, body={"name": "new"}),
    own_page("chain-group-delete", "post", "group", 302),
    each_page("preset-list", "get", 200),
    own_page("preset-rename", "post", "preset", 302, body={"name": "new"}),
    own_page("preset-delete", "post", "preset", 302),
    each_page("tag-list", "get", 200),
    own_page("tag-rename", "post", "tag", 302, body={"name": "new"}),
    own_page("tag-delete", "post", "tag", 302),
    own_page("uses", "get", "=gear gear", 200),
    own_page("uses", "get", "=chain chain", 200),
    own_page("uses", "get", "=chain-group group", 200),
    own_page("uses", "get", "=di di", 200),
    own_page("uses", "get", "=preset preset", 200),
    own_page("uses", "get", "=shootout shootout", 200),
    own_page("uses", "get", "=shootout public", 200),
    own_page("uses", "get", "=tag tag", 200),
    # Tone 3000.
    # Not connected: a page that says so. Of a pick or a fetch that is not theirs, people see what
    # they see of one that has not begun.
    each_page("tone3000", "get", 409),
    each_page("tone3000-search", "get", 404),
    each_page("tone3000-picked", "get", 400),
    own_page("tone3000-pick", "get", "pick", 302),
    each_page("tone3000-pick-state", "get", 200, args="pick"),
    each_page("tone3000-tone", "get", 409, args="=1"),
    each_page("tone3000-add", "post", 302, args=NO_MODEL),
    each_page("tone3000-adding", "get", 200, args=NO_MODEL),
    each_page("tone3000-tab", "get", 409, args="=created"),
    # Shootouts.
    everybody("home", "get", 200),
    everybody("shootout-public", "get", 200),
    each_page("shootout-mine", "get", 200),
    each_page("shootout-new", "get", 200),
    each_page("demo-material", "post", 404),
    shown("shootout-detail", "get", "shootout", 200),
    everybody("shootout-detail", "get", 200, args="public"),
    shown("shootout-part", "get", "shootout =result", 200),
    everybody("shootout-part", "get", 200, args="public =result"),
    Row("shootout-snapshot", "get", "shootout", 200, 404, 401, 404),
    everybody("shootout-snapshot", "get", 200, args="public"),
    own_page("shootout-render", "post", "shootout", 302),
    own_page("shootout-render", "post", "public", 302),
    own_page("shootout-retry", "post", "shootout", 302),
    own_page("shootout-retry", "post", "public", 302),
    own_page("shootout-cancel", "post", "shootout", 302),
    own_page("shootout-cancel", "post", "public", 302),
    own_page("shootout-edit", "get", "shootout", 200),
    own_page("shootout-edit", "get", "public", 200),
    own_page("shootout-edit", "post", "shootout", 422),
    own_page("shootout-edit", "post", "public", 422),
    own_page("shootout-settings", "post", "shootout", 422),
    own_page("shootout-settings", "post", "public", 422),
    own_page("shootout-delete", "post", "shootout", 302),
    own_page("shootout-delete", "post", "public", 302),
    own_page("shootout-export", "get", "shootout", 200),
    own_page("shootout-export", "get", "public", 200),
    each_page("shootout-import", "post", 302),
    shown("comment-list", "get", "shootout", 302),
    everybody("comment-list", "get", 302, args="public"),
    own_page("comment-list", "post", "shootout", 302, body=WORDS),
    each_page("comment-list", "post", 302, args="public", body=WORDS),
    own_page("comment-edit", "post", "comment", 302, body=WORDS),
    own_page("comment-delete", "post", "comment", 302),
    Row("comment-hide", "post", "comment", 302, 404, LOGIN, 302),
    Row("comment-unhide", "post", "hidden_comment", 302, 404, LOGIN, 302),
    each_page("di-list", "get", 200),
    each_page("di-record", "get", 200),
    each_page("di-upload", "post", 422),
    own_page("di-detail", "get", "di", 200),
    own_page("di-detail", "post", "di", 422),
    own_page("di-row", "get", "di", 200),
    own_page("di-delete", "post", "di", 302),
    # Jobs.
    each_page("job-list", "get", 200),
    own_page("job-row", "get", "job", 200),
    own_page("job-cancel", "post", "job", 302),
    own_page("job-retry", "post", "job", 302),
    each_page("notification-list", "get", 200),
    each_page("notification-bell", "get", 200),
    each_page("notification-read-all", "post", 302),
    own_page("notification-open", "post", "notification", 302),
    # Machines.
    everybody("favicon.ico", "get", 302),
    everybody("health-live", "get", 200),
    everybody("health-ready", "get", 200),
    # In production they ask for a token, which none of these people has.
    Row("metrics", "get", "", 404, 404, 404, 200 if settings.IS_EMBEDDED else 404),
)

TABLE: Final = API + PAGES

# Sockets: how they end for owner, stranger, anonymous and operator. None: they stay open.
SOCKETS: Final[Mapping[str, tuple[int | None, int | None, int | None, int | None]]] = {
    "ws/jobs/{job}/": (1000, 4004, 4001, 4004),  # the job has ended, so it is told and closed
    "ws/notifications/": (None, None, 4001, None),
}
