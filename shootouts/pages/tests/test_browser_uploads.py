"""Bring your own, at once, in a real browser against a real server: many files, folders, a zip, and
a connection that is cut."""

from __future__ import annotations

import hashlib
import io
import json
import socket
import threading
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from accounts.tests.browser import WATCH_POLICY
from accounts.tests.needs import needs_chromium
from shootouts.pages.tests.embedded_server import EmbeddedServer
from shootouts.tests.factories import linear_nam_bytes, plucked, wav_bytes

DEMO = Path(settings.BASE_DIR, "shootouts", "demo")
LONG_MS = 120_000

pytestmark = [pytest.mark.processes, needs_chromium, pytest.mark.timeout(480)]


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(tmp_path_factory.mktemp("server")) as embedded:
        yield embedded


class CuttingProxy:
    """Before the server; ``cuts``: after so many bytes of bodies each a connection is reset."""

    def __init__(self, target: tuple[str, int], cuts: list[int]) -> None:
        self._target, self._cuts = target, cuts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._num_bytes = 0
        self.num_cut = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            for source, sink, counts in ((client, server, True), (server, client, False)):
                threading.Thread(
                    target=self._pump, args=(source, sink, counts), daemon=True
                ).start()

    def _pump(self, source: socket.socket, sink: socket.socket, counts: bool) -> None:
        try:
            while data := source.recv(65536):
                if counts and self._is_cut(len(data)):
                    break
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _is_cut(self, num_bytes: int) -> bool:
        with self._lock:
            self._num_bytes += num_bytes
            if self._cuts and self._num_bytes >= self._cuts[0]:
                self._cuts.pop(0)
                self.num_cut += 1
                return True
            return False


def open_page(browser: Browser, address: str, path: str) -> tuple[Page, list[str]]:
    """Logged in, and what the page complains about."""
    context = browser.new_context()
    context.add_init_script(WATCH_POLICY)
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    page.goto(address)
    page.goto(path)
    return page, complaints


def choose(page: Page, *files: Any) -> None:
    page.locator('input[type="file"][multiple]:not([webkitdirectory])').set_input_files(list(files))


def payload(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def decay(duration_s: float, t60_s: float, seed: int) -> bytes:
    """An impulse response: noise that dies away."""
    time_s = np.arange(round(duration_s * 48_000)) / 48_000
    tail = np.random.default_rng(seed).normal(0.0, 0.2, len(time_s))
    return wav_bytes(np.asarray(tail * np.exp(-6.9 * time_s / t60_s), dtype=np.float32))


def api(page: Page, path: str) -> Any:
    return page.request.get(f"{page.url.split('/', 3)[0]}//{page.url.split('/')[2]}{path}").json()


def test_a_large_file_arrives_whole_over_a_connection_that_is_cut_three_times(
    embedded: EmbeddedServer, browser: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "long take.wav"
    # 24 bits × 48 kHz × 10 min: 86 MB, of noise that a proxy cannot pack.
    samples = np.tile(plucked(duration_s=1.5), 400).astype(np.float32)
    samples += np.random.default_rng(5).normal(0, 1e-3, len(samples)).astype(np.float32)
    soundfile.write(path, samples[: 48_000 * 599], 48_000, subtype="PCM_24")
    assert path.stat().st_size > 86_000_000
    host, port = embedded.address.removeprefix("http://").split(":")
    proxy = CuttingProxy((host, int(port)), [18_000_000, 45_000_000, 66_000_000])
    near = f"http://127.0.0.1:{proxy.port}"
    link = embedded.owner_url("/tracks/").replace(embedded.address, near)
    page, _ = open_page(browser, link, f"{near}/tracks/")
    choose(page, path)
    row = page.locator(".upload")
    expect(row.locator(".upload__state")).to_have_text("Ready", timeout=240_000)
    assert proxy.num_cut == 3
    [track] = api(page, "/api/v1/di-tracks/?search=long")["results"]
    assert track["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    expect(page.locator("#track-list")).to_contain_text("long take")
    proxy.close()


def test_forty_files_in_one_drop_are_told_apart(embedded: EmbeddedServer, browser: Browser) -> None:
    page, complaints = open_page(browser, embedded.owner_url("/gear/"), f"{embedded.address}/gear/")
    di = [payload(f"part {n}.wav", wav_bytes(plucked(150.0 + 7 * n))) for n in range(12)]
    amps = [payload(f"amp {n}.nam", linear_nam_bytes((0.5, 0.01 * n))) for n in range(13)]
    cabs = [payload(f"mic {n}.wav", decay(0.1, 0.02, n)) for n in range(12)]
    rooms = [payload(f"far {n}.wav", decay(2.5, 2.0, 50 + n)) for n in range(2)]
    bad = [payload("broken.wav", b"RIFF\x24\x00\x00\x00WAVE and no more")]
    choose(page, *di, *amps, *cabs, *rooms, *bad, payload("notes.txt", b"no"))
    summary = page.locator(".uploads__summary")
    expect(summary).to_have_text(
        "39 of 40 files ready, 1 failed, 1 of other kinds left out.", timeout=LONG_MS
    )
    kinds = page.locator(".upload__kind").all_inner_texts()
    assert [kinds.count(each) for each in ("DI track", "Amp head", "Cabinet IR")] == [12, 13, 12]
    assert kinds.count("Space (reverb IR)") == 2
    failed = page.locator(".upload", has_text="broken.wav")
    expect(failed.locator(".upload__problem")).not_to_be_empty()
    expect(page.locator("#capture-list")).to_contain_text("amp 12")

    # One that was taken for a cabinet is a space: by keyboard alone.
    row = page.locator(".upload", has_text="mic 3.wav")
    row.get_by_role("button", name="Correct mic 3.wav").press("Enter")
    expect(row.get_by_label("Kind")).to_be_focused()
    row.get_by_label("Kind").select_option("di")
    row.get_by_label("Name").fill("Three")
    row.get_by_label("Name").press("Enter")
    expect(row.get_by_role("button", name="Correct mic 3.wav")).to_be_focused()
    expect(row).to_contain_text("shorter than", timeout=30_000)
    row.get_by_role("button", name="Correct mic 3.wav").press("Enter")
    row.get_by_label("Kind").select_option("cab")
    row.get_by_role("button", name="Save").press("Enter")
    expect(row.locator(".upload__state")).to_have_text("Ready", timeout=30_000)
    expect(row.locator(".upload__name")).to_have_text("Three")
    page.get_by_role("button", name="Clear the list").press("Enter")
    expect(page.locator(".upload")).to_have_count(0)
    expect(page.get_by_role("button", name="Choose files")).to_be_focused()
    assert complaints == []


def test_a_folder_of_two_hundred_captures(
    embedded: EmbeddedServer, browser: Browser, tmp_path: Path
) -> None:
    page, complaints = open_page(browser, embedded.owner_url("/gear/"), f"{embedded.address}/gear/")
    pack = tmp_path / "pack"
    for n in range(200):
        folder = pack / f"bank {n // 50}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"Folder {n:03d}.nam").write_bytes(linear_nam_bytes((0.3, 0.001 * n, 0.2)))
    page.locator('input[type="file"][webkitdirectory]').set_input_files(pack)
    expect(page.locator(".uploads__summary")).to_have_text(
        "200 of 200 files ready.", timeout=240_000
    )
    expect(page.locator(".upload__folder").first).to_have_text("pack/bank 0/")
    assert complaints == []


def test_a_zip_is_taken_apart_and_a_drop_anywhere_is_taken(
    embedded: EmbeddedServer, browser: Browser
) -> None:
    page, complaints = open_page(browser, embedded.owner_url("/gear/"), f"{embedded.address}/gear/")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("Pack/amps/Zip amp.nam", linear_nam_bytes((0.1, 0.9)))
        archive.writestr("Pack/IR/Zip cab.wav", decay(0.1, 0.03, 99))
        archive.writestr("Pack/readme.txt", "hello")
        archive.writestr("__MACOSX/Pack/._Zip amp.nam", b"x")
    drop = page.evaluate_handle(
        """bytes => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], "pack.zip"));
          return transfer;
        }""",
        list(file.getvalue()),
    )
    heading = page.locator("#captures-heading")
    for name in ("dragenter", "dragover", "drop"):
        heading.dispatch_event(name, {"dataTransfer": drop})
    expect(page.locator(".uploads__summary")).to_have_text("3 of 3 files ready.", timeout=LONG_MS)
    texts = page.locator(".upload .row__title").all_inner_texts()
    assert texts == ["pack.zip", "Pack/amps/Zip amp.nam", "Pack/IR/Zip cab.wav"]
    assert complaints == []
    assert json.loads(page.evaluate("JSON.stringify(Object.keys(localStorage))")) == []
