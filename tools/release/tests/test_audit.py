"""When `make audit` has to ask, when it may go on without, and that it says which."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from gts.tests.processes import ROOT
from tools.release import audit
from tools.release.audit import Decision, Found, Reach, decide, is_ci, look


class _Advisories(BaseHTTPRequestHandler):
    status: ClassVar = 200
    body: ClassVar = b""

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with HTTPServer(("127.0.0.1", 0), _Advisories) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/pypi/Django/5.2/json"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("mode", "reach", "on_ci", "elsewhere"),
    [
        ("auto", Reach.THERE, Decision.ASK, Decision.ASK),
        ("auto", Reach.BROKEN, Decision.FAIL, Decision.SKIP),
        ("auto", Reach.AWAY, Decision.SKIP, Decision.SKIP),
        ("required", Reach.THERE, Decision.ASK, Decision.ASK),
        ("required", Reach.BROKEN, Decision.FAIL, Decision.FAIL),
        ("required", Reach.AWAY, Decision.FAIL, Decision.FAIL),
        ("skip", Reach.THERE, Decision.SKIP, Decision.SKIP),
    ],
)
def test_what_is_decided(mode: str, reach: Reach, on_ci: Decision, elsewhere: Decision) -> None:
    assert decide(mode, reach, is_ci=True) is on_ci
    assert decide(mode, reach, is_ci=False) is elsewhere


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b'{"info": {}, "vulnerabilities": []}', Reach.THERE),
        (200, b'{"info": {}}', Reach.BROKEN),
        (200, b"<html>welcome to this network", Reach.BROKEN),
        (429, b"", Reach.BROKEN),
        (503, b"", Reach.BROKEN),
        (404, b"no advisories in this mirror", Reach.AWAY),
        (403, b"", Reach.AWAY),
    ],
)
def test_what_an_answer_tells(
    url: str, status: int, body: bytes, expected: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Advisories, "status", status)
    monkeypatch.setattr(_Advisories, "body", body)
    found = look(url)
    assert found.reach is expected
    assert (url in found.reason) is (expected is not Reach.THERE)


def test_no_connection_is_no_outage() -> None:
    with HTTPServer(("127.0.0.1", 0), _Advisories) as server:
        url = f"http://127.0.0.1:{server.server_port}/"
    found = look(url)
    assert found.reach is Reach.AWAY
    assert "does not answer" in found.reason


def test_who_is_ci() -> None:
    assert is_ci({"CI": "true"})
    assert is_ci({"CI": "1"})
    assert not is_ci({"CI": "false"})
    assert not is_ci({})


def test_it_says_that_it_was_skipped_and_what_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "look", lambda _: Found(Reach.AWAY, "it answers 404"))
    monkeypatch.setenv("CI", "true")
    monkeypatch.delenv("GTS_AUDIT", raising=False)
    audit.main()
    assert "SKIPPED, nothing was audited: it answers 404" in capsys.readouterr().out
    monkeypatch.setenv("GTS_AUDIT", "required")
    with pytest.raises(SystemExit, match="FAILED, nothing was audited: it answers 404"):
        audit.main()


@pytest.mark.parametrize("status", [0, 1])
def test_where_it_can_ask_the_answer_of_pip_audit_counts(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "look", lambda _: Found(Reach.THERE))
    command = (sys.executable, "-S", "-c", f"raise SystemExit({status})")
    monkeypatch.setattr(audit, "_PIP_AUDIT", command)
    monkeypatch.delenv("GTS_AUDIT", raising=False)
    with pytest.raises(SystemExit) as end:
        audit.main()
    assert end.value.code == status


def test_a_word_that_it_does_not_know_is_refused() -> None:
    env = {**os.environ, "GTS_AUDIT": "perhaps"}
    command = [sys.executable, "-m", "tools.release.audit"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "GTS_AUDIT must be required, skip or auto" in done.stderr


def test_make_and_ci_come_here() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert "$(BIN)/python -m tools.release.audit" in makefile
    assert "$(MAKE) --no-print-directory audit" in makefile
