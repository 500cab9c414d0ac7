"""Requests and responses as the parts of the fake server see them: plain data, no server.

Also the few pages that a person sees of it, and its pictures.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final
from urllib.parse import parse_qsl

from tools.tone3000_server.catalog import FakeTone

_STYLE: Final = """
body{font:17px/1.5 system-ui,sans-serif;max-width:44rem;margin:0 auto;padding:1.5rem;
background:#10151c;color:#e8edf3}
h1{font-size:1.5rem;margin:.2rem 0 1rem}
p.who{color:#9fb0c3;font-size:.85rem}
form{display:grid;gap:.6rem}
button{font:inherit;text-align:left;padding:.7rem 1rem;border:1px solid #41536a;border-radius:6px;
background:#1b2430;color:inherit;cursor:pointer}
button:hover{border-color:#7fb4ff}
small{color:#9fb0c3}
a{color:#7fb4ff}
"""


@dataclass(frozen=True, slots=True)
class Request:
    """``headers``: names in lower case. ``path``: decoded, with the slashes it came with."""

    method: str
    path: str
    query_string: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """Of a form body; empty when it is none."""
        if self.content_type != "application/x-www-form-urlencoded":
            return {}
        return dict(parse_qsl(self.body.decode("latin-1"), keep_blank_values=True))

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def bearer(self) -> str:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def cookie(self, name: str) -> str:
        for part in self.headers.get("cookie", "").split(";"):
            key, _, value = part.strip().partition("=")
            if key == name:
                return value
        return ""


@dataclass(slots=True)
class Response:
    """``num_bytes_sent`` below the length of the body: the connection breaks there.

    ``duration_s``: over how long the body is spread.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    num_bytes_sent: int | None = None
    duration_s: float = 0.0


def json_response(status: int, document: Any, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(
        status,
        json.dumps(document).encode(),
        {"content-type": "application/json; charset=utf-8", **named},
    )


def error(status: int, code: str, description: str = "", **headers: str) -> Response:
    document = {"error": code}
    if description:
        document["error_description"] = description
    return json_response(status, document, **headers)


def html_response(status: int, html: str) -> Response:
    return Response(status, html.encode(), {"content-type": "text/html; charset=utf-8"})


def redirect(address: str, status: int = 302, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, b"", {"location": address, **named})


def document(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f'<p class="who">Fake Tone 3000. Nothing here is real.</p>{body}</body></html>'
    )


def sign_in_page(users: Iterable[str], *, has_menu: bool) -> str:
    """Who do you want to be? And the ways out."""
    buttons = [_button(f"approve:{user}", f"Continue as {user}") for user in users]
    buttons.append(_button("deny", "Deny"))
    if has_menu:
        buttons.append(_button("close", "Close (not signed in)"))
        buttons += [_button(f"close:{user}", f"Close (signed in as {user})") for user in users]
    return document("Sign in", f"<h1>Sign in</h1><form method=post>{''.join(buttons)}</form>")


def choose_page(user: str, tones: Sequence[FakeTone], *, is_replacing: bool, has_menu: bool) -> str:
    buttons = [
        _button(
            f"pick:{tone.id}",
            tone.title,
            f"{tone.gear} · {tone.format}{'' if tone.is_public else ' · private'}",
        )
        for tone in tones
    ]
    ways_out = [_button("close:", "Close (signed in)")] if has_menu else []
    ways_out.append(_button("deny", "Deny"))
    title = "That tone is not available: choose another" if is_replacing else "Choose a tone"
    return document(
        title,
        f"<h1>{title}</h1><p>Signed in as {escape(user)}. "
        f'<a href="/sign-out">Be someone else</a></p>'
        f"<form method=post>{''.join([*ways_out, *buttons])}</form>",
    )


def front_page(user: str) -> str:
    who = (
        f'You are signed in as {escape(user)}. <a href="/sign-out">Sign out</a>'
        if user
        else "You are not signed in."
    )
    return document("Fake Tone 3000", f"<h1>Fake Tone 3000</h1><p>{who}</p>")


def tone_page(tone: FakeTone) -> str:
    models = "".join(f"<li>{escape(model.name)}</li>" for model in tone.models)
    return document(
        tone.title, f"<h1>{escape(tone.title)}</h1><p>by {escape(tone.owner)}</p><ul>{models}</ul>"
    )


def refusal_page() -> str:
    return document("Bad request", "<h1>This request cannot be served.</h1>")


def picture(number: int, *, is_person: bool = False) -> str:
    """An SVG: a speaker grille with knobs in a color of its own, or a face without one."""
    hue = number * 47 % 360
    if is_person:
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">'
            f'<rect width="64" height="64" fill="hsl({hue} 40% 30%)"/>'
            '<circle cx="32" cy="25" r="11" fill="#fff" fill-opacity=".85"/>'
            '<path d="M10 64c2-16 12-22 22-22s20 6 22 22z" fill="#fff" fill-opacity=".85"/></svg>'
        )
    knobs = "".join(
        f'<circle cx="{24 + 22 * i}" cy="30" r="7" fill="#111"/>'
        f'<path d="M{24 + 22 * i} 30v-6" stroke="#eee" stroke-width="2" '
        f'transform="rotate({(number * 31 + 67 * i) % 270 - 135} {24 + 22 * i} 30)"/>'
        for i in range(6)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 120"><defs>'
        '<pattern id="g" width="4" height="4" patternUnits="userSpaceOnUse">'
        '<circle cx="2" cy="2" r="1" fill="#000" fill-opacity=".55"/></pattern></defs>'
        f'<rect width="160" height="120" fill="hsl({hue} 32% 26%)"/>'
        f'<rect x="8" y="14" width="144" height="32" fill="hsl({hue} 45% 72%)"/>{knobs}'
        f'<rect x="8" y="54" width="144" height="58" fill="hsl({hue} 16% 42%)"/>'
        '<rect x="8" y="54" width="144" height="58" fill="url(#g)"/></svg>'
    )


def _button(decision: str, text: str, note: str = "") -> str:
    small = f"<br><small>{escape(note)}</small>" if note else ""
    return (
        f'<button name="decision" value="{escape(decision)}"><span>{escape(text)}</span>'
        f"{small}</button>"
    )
