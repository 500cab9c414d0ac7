"""A chain is heard on a page, from a real server to a real browser's sound."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from accounts.tests.needs import needs_chromium
from shootouts.pages.tests.embedded_server import EmbeddedServer

pytestmark = [pytest.mark.processes, needs_chromium]

DEMO: Final = settings.GTS_DEMO_DIR

# As the pages send it.
_CALL: Final = """async ([method, path, body]) => {
  const { writingHeaders } = await import("/static/js/dom.js");
  const headers = { ...writingHeaders(), "Content-Type": "application/json" };
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  return answer.json();
}"""
_UPLOAD: Final = """async ([path, name, bytes, fields]) => {
  const { writingHeaders } = await import("/static/js/dom.js");
  const form = new FormData();
  form.append("file", new File([Uint8Array.fromBase64(bytes)], name));
  for (const [key, value] of Object.entries(fields)) form.append(key, value);
  const answer = await fetch(path, { method: "POST", headers: writingHeaders(), body: form });
  return answer.json();
}"""
# What comes out of the speakers.
_LISTEN: Final = """() => {
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (to, ...more) {
    if (to instanceof AudioDestinationNode && !(to.context instanceof OfflineAudioContext)) {
      window.analyser = new AnalyserNode(to.context);
      connect.call(this, window.analyser);
    }
    return connect.call(this, to, ...more);
  };
  window.loudness = () => {
    if (!window.analyser) return 0;
    const samples = new Float32Array(2048);
    window.analyser.getFloatTimeDomainData(samples);
    return Math.max(...samples.map(Math.abs));
  };
}"""
_AUDITION: Final = """async () => {
  const { Audition } = await import("/static/js/audition/audition.js");
  window.states = [];
  window.audition = new Audition();
  window.audition.addEventListener("state", ({ detail }) => window.states.push(detail));
}"""


class Owner:
    """On a page of a server, with one DI track, an amp and two cabinets."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.di = self.upload("/api/v1/di-tracks/", next(DEMO.glob("di/undertow*")))["id"]
        self.amp = self._capture(next(DEMO.glob("captures/halyard*")), "amp")
        self.cabs = [self._capture(path, "cab") for path in sorted(DEMO.glob("irs/*.wav"))[:2]]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        return self.page.evaluate(_CALL, [method, path, body])

    def upload(self, path: str, file: Path, **fields: str) -> Any:
        content = base64.b64encode(file.read_bytes()).decode()
        made = self.page.evaluate(_UPLOAD, [path, file.name, content, fields])
        job = f"/api/v1/jobs/{made['job']['id']}/"
        while self.call("GET", job)["state"] != "completed":
            self.page.wait_for_timeout(50)
        return made

    def wait_until_heard(self, is_heard: bool) -> None:
        for _ in range(100):
            if (self.page.evaluate("loudness()") > 0.02) == is_heard:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("something is heard" if not is_heard else "nothing is heard")

    def blocks(self, cab: int, gain_db: float = 0.0) -> list[dict[str, Any]]:
        return [
            {"slot": "amp", "capture_id": self.amp},
            {"slot": "cab", "capture_id": self.cabs[cab]},
            {"slot": "post", "processor": "gain", "parameters": {"gain_db": gain_db}},
        ]

    def _capture(self, file: Path, kind: str) -> str:
        made = self.upload("/api/v1/gear/", file, kind=kind)
        return str(made["captures"][0]["id"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="module")
def owner(server: EmbeddedServer, browser: Browser) -> Owner:
    page = browser.new_context().new_page()
    page.add_init_script(f"({_LISTEN})()")
    page.goto(server.owner_url("/chains/"))
    return Owner(page)


def test_each_chain_of_the_list_is_heard_and_stopped(owner: Owner, server: EmbeddedServer) -> None:
    page = owner.page
    for name, cab in (("One", 0), ("Two", 1)):
        made = owner.call("POST", "/api/v1/chains/", {"name": name, "blocks": owner.blocks(cab)})
        assert made.get("name") == name, made
    page.goto(f"{server.address}/chains/")
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.get_by_role("button", name="Play One", exact=True).focus()
    page.keyboard.press("Enter")
    stop = page.get_by_role("button", name="Stop One", exact=True)
    expect(stop).to_be_focused()
    expect(page.get_by_text("Playing over undertow").first).to_be_visible()
    owner.wait_until_heard(True)
    page.get_by_role("button", name="Play Two", exact=True).click()
    expect(page.get_by_role("button", name="Stop Two", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Play One", exact=True)).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Playing over")).to_have_count(1)
    page.get_by_role("button", name="Stop Two", exact=True).click()
    owner.wait_until_heard(False)
    expect(page.get_by_text("Playing over undertow")).to_have_count(0)
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert complaints == []


def test_a_change_takes_over_and_the_last_wish_counts(owner: Owner, server: EmbeddedServer) -> None:
    page = owner.page
    page.goto(f"{server.address}/chains/")
    page.evaluate(_AUDITION)

    def request(key: str, cab: int = 0, gain_db: float = 0.0) -> dict[str, Any]:
        passage = {"di_track_id": owner.di, "start_s": 1.0, "duration_s": 2.0, "key": key}
        return {**passage, "blocks": owner.blocks(cab, gain_db)}

    def states() -> list[tuple[str, str]]:
        told = page.evaluate("states.splice(0)")
        return [(one["state"], one["key"]) for one in told]

    page.evaluate("(request) => audition.update(request)", request("early"))
    assert states() == []  # nothing sounds yet
    page.get_by_role("heading", name="Signal chains").click()  # browsers want a gesture
    page.evaluate("(request) => audition.play(request)", request("first"))
    told = page.evaluate("states.splice(0)")
    assert [one["state"] for one in told] == ["rendering", "playing"], told
    owner.wait_until_heard(True)
    page.evaluate(
        "(all) => Promise.all(all.map((one) => audition.update(one)))",
        [request("second", 1), request("third", 0, -1.5), request("fourth", 1, -1.5)],
    )
    told = states()
    assert told[-1] == ("playing", "fourth")
    assert [key for state, key in told if state == "playing"] == ["fourth"]
    assert page.evaluate("audition.position_s") <= 2.0
    page.evaluate("audition.swap()")
    page.evaluate("audition.swap()")
    assert states() == [("playing", "first"), ("playing", "fourth")]
    page.evaluate("(request) => audition.update(request)", {**request("broken"), "blocks": []})
    [_, failed] = page.evaluate("states.splice(0)")
    assert (failed["state"], failed["isSounding"]) == ("failed", True)
    assert "no amp" in failed["message"]
    page.evaluate("audition.stop()")
    assert states() == [("idle", "")]
    owner.wait_until_heard(False)
