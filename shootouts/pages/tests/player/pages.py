"""The player on a page of its own: the product's templates, styles and scripts, and tones.

No server and no database: the browser's requests are answered here. Each contender is one steady
tone, so a script can tell by ear which one sounds, and whether it sounds twice.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np
import soundfile
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.staticfiles import finders
from django.template import engines
from django.test import RequestFactory
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, Route

from jobs.pipeline.formats.manifest import read_manifest
from jobs.pipeline.tests.kept_manifests import kept_manifest
from shootouts.published.player import Lane

ADDRESS: Final = "http://player.test/"
TONES_HZ: Final = (400, 600, 900)
PEAK: Final = 0.25
DI_DURATIONS_S: Final = (8.0, 5.0)
RATE_HZ: Final = 48_000

_PAGE: Final = """{% extends "base.html" %}{% load static %}
{% block styles %}<link rel="stylesheet" href="{% static 'css/player.css' %}">{% endblock %}
{% block scripts %}
<script type="module" src="{% static 'js/player/main.js' %}"></script>
{% endblock %}
{% block content %}
<h1>Tones</h1>
{% include "shootouts/_player.html" %}
<video controls data-video src="/media/0-0"></video>
<audio controls src="/media/0-1"></audio>
<div style="height: 3000px"></div>
{% endblock %}"""


def player_page() -> str:
    """Two DI tracks by three contenders."""
    labels = [f"Amp {number + 1}" for number in range(len(TONES_HZ))]
    segments = [
        {
            "di": di,
            "contender": contender,
            "url": f"/media/{di}-{contender}",
            "duration_s": _duration_s(di, contender),
            "num_channels": 1,
            "waveform": [0.2, 0.9, 0.5] * 50,
        }
        for di in range(len(DI_DURATIONS_S))
        for contender in range(len(labels))
    ]
    data = {
        "title": "Tones",
        "dis": [{"name": f"Riff {di + 1}"} for di in range(len(DI_DURATIONS_S))],
        "contenders": [{"label": label} for label in labels],
        "segments": segments,
    }
    segment = read_manifest(kept_manifest("2026-11-30-space")).segments[0]
    unchanged = replace(segment, gain_db=0.0)
    di_tracks = [
        {
            "position": di,
            "di": {"name": f"Riff {di + 1}"},
            "lanes": [Lane(index, label, [], unchanged, "") for index, label in enumerate(labels)],
        }
        for di in range(len(DI_DURATIONS_S))
    ]
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    context = {"data": data, "player_data": data, "di_tracks": di_tracks}
    return str(engines["django"].from_string(_PAGE).render(context, request))


def _duration_s(di: int, contender: int) -> float:
    """Contenders ring on for different times after the same DI track."""
    return DI_DURATIONS_S[di] - 0.01 * contender


def tone(di: int, contender: int) -> bytes:
    time_s = np.arange(round(_duration_s(di, contender) * RATE_HZ)) / RATE_HZ
    samples = PEAK * np.sin(2 * np.pi * TONES_HZ[contender] * time_s)
    file = io.BytesIO()
    soundfile.write(file, samples, RATE_HZ, format="WAV", subtype="PCM_16")
    return file.getvalue()


class Site:
    """Answers what the browser asks for; ``lost`` are media that are not there."""

    def __init__(self) -> None:
        self.page = player_page()
        self.media = {
            f"{di}-{contender}": tone(di, contender)
            for di in range(len(DI_DURATIONS_S))
            for contender in range(len(TONES_HZ))
        }
        self.lost: set[str] = set()
        self.held: list[tuple[Route, bytes]] = []
        self.holds: set[str] = set()

    def answer(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path == "/":
            route.fulfill(body=self.page, content_type="text/html")
        elif path.startswith("/media/"):
            self._answer_media(route, path.removeprefix("/media/"))
        else:
            _answer_file(route, path)

    def release(self) -> None:
        """Answer what was held back."""
        for route, body in self.held:
            route.fulfill(body=body, content_type="audio/wav")
        self.held.clear()
        self.holds.clear()

    def _answer_media(self, route: Route, name: str) -> None:
        if name in self.lost:
            route.fulfill(status=404)
        elif name in self.holds:
            self.held.append((route, self.media[name]))
        else:
            route.fulfill(body=self.media[name], content_type="audio/wav")


def _answer_file(route: Route, path: str) -> None:
    """A static file of the product, or a script of these tests."""
    if path.startswith("/static/"):
        found = finders.find(path.removeprefix("/static/"))
        file = Path(str(found)) if found else None
    else:
        file = Path(settings.BASE_DIR) / path.removeprefix("/")
    if file is None or not file.is_file():
        route.fulfill(status=404)
        return
    kinds = {".mjs": "text/javascript", ".js": "text/javascript", ".css": "text/css"}
    route.fulfill(path=file, content_type=kinds.get(file.suffix))


class PlayerPage:
    """One open page with the player, what it complained about, and what is heard of it."""

    def __init__(self, browser: Browser, site: Site, *, query: str = "", **context: Any) -> None:
        self.site = site
        self.complaints: list[str] = []
        self.context = browser.new_context(**context)
        self.page: Page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.route(f"{ADDRESS}**", site.answer)
        self.page.add_init_script(_COUNT_FRAMES)
        self.url = ADDRESS + query

    def open(self) -> PlayerPage:
        self.page.goto(self.url, wait_until="domcontentloaded")
        self.page.wait_for_function("document.querySelector('[data-player]').player")
        return self

    def engine(self, expression: str) -> Any:
        """``expression`` is a property of the player's engine."""
        return self.page.evaluate(f"document.querySelector('[data-player]').player.{expression}")

    @property
    def position_s(self) -> float:
        return float(self.engine("engine.position"))

    @property
    def shown(self) -> str | None:
        """The contender that the page shows as sounding, by its label; None while paused."""
        if self.page.locator("[data-play]").get_attribute("aria-pressed") != "true":
            return None
        return self.page.locator("[data-on-air]").inner_text()

    @property
    def heard(self) -> str | None:
        """The contender that is heard, by its tone; None for silence, a word for what cannot be."""
        found = self.page.evaluate(_LISTEN)
        if found["peak"] < PEAK / 100:
            return None
        if found["peak"] > 1.2 * PEAK:
            return f"more than one: peak {found['peak']}"
        differences = [abs(found["hz"] - hz) for hz in TONES_HZ]
        nearest = int(np.argmin(differences))
        if differences[nearest] > 30:
            return f"something else: {found['hz']} Hz"
        return f"Amp {nearest + 1}"

    def wait_until_heard(self, expected: str | None, *, within_s: float = 5.0) -> None:
        for _ in range(round(within_s / 0.05)):
            if self.heard == expected:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{expected} was not heard, but {self.heard}")

    def assert_shown_is_heard(self) -> None:
        """Once what was done before has had time to be heard; a slow machine may need longer."""
        for _ in range(40):
            self.page.wait_for_timeout(100)
            if self.shown == self.heard:
                break
        assert self.heard == self.shown


_COUNT_FRAMES: Final = """
window.numFrames = 0;
const request = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (what) => {
  window.numFrames += 1;
  return request(what);
};
"""

_LISTEN: Final = """() => {
  const { analyser } = document.querySelector("[data-player]").player.engine;
  if (!analyser || analyser.context.state !== "running") return { peak: 0, hz: 0 };
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  const peak = Math.max(...samples.map(Math.abs));
  const rising = [];
  for (let n = 1; n < samples.length; n += 1)
    if (samples[n - 1] < 0 && samples[n] >= 0) rising.push(n);
  const periods = rising.length - 1;
  const hz = periods > 0 ? (48000 * periods) / (rising.at(-1) - rising[0]) : 0;
  return { peak, hz };
}"""
