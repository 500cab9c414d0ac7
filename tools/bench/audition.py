"""Measures how soon a chain is heard that is still being built, over the API of an embedded server.

It starts that server itself, with the amps, cabinets and DI tracks of the demo in a folder of its
own. A try lasts from the request until the sound is decoded, as in a page; what a browser adds to
that (its audio clock, some hundredths of a second) is not in it.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import soundfile
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from jobs.pipeline.files import replacing

_DEMO: Final = settings.GTS_DEMO_DIR
_WAITING: Final = {"Prefer": "wait=3"}
_PATIENCE_S: Final = 90.0
_IDLE_S: Final = 20.0
_READING_S: Final = 4.0  # between opening a page and the first click
# p95 at most, in seconds, by what is measured; of the issue that asked for it.
GOALS_S: Final = {"amp_cached": 1.0, "amp_new": 2.0, "parameter": 0.7, "parameter_ahead": 2.0}
_IDLE_GOAL_PCT: Final = 1.0


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of the tries of one kind."""

    seconds: list[float]

    def at(self, share: float) -> float:
        """The time that this share of the tries kept within."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def as_json(self) -> dict[str, float]:
        return {
            "num": len(self.seconds),
            "p50_s": round(self.at(0.5), 3),
            "p95_s": round(self.at(0.95), 3),
            "max_s": round(max(self.seconds), 3),
            "mean_s": round(statistics.fmean(self.seconds), 3),
        }


class Server:
    """An embedded server in a folder of its own; its owner over HTTP."""

    def __init__(self, folder: Path) -> None:
        self._data_dir = folder / "var"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("GTS_", "DATABASE_URL", "REDIS_URL"))
        }
        with (folder / "server.log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", str(port), "--no-demo"],
                cwd=settings.BASE_DIR,
                env={
                    **kept,
                    "BROWSER": "0",
                    "GTS_ENV_FILE": os.devnull,
                    "GTS_DATA_DIR": str(self._data_dir),
                },
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)

    def stop(self) -> None:
        self._client.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def log_in(self) -> None:
        """Once it is ready."""
        deadline_s = time.monotonic() + _PATIENCE_S
        while not self._is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline_s:
                raise CommandError("The server did not start.")
            time.sleep(0.1)
        token = (self._data_dir / "secrets" / "owner_token").read_text()
        self._client.get("/login/link/", params={"token": token})
        self._client.get("/account/").raise_for_status()  # which sets the cookie for what comes
        self._client.headers["X-CSRFToken"] = self._client.cookies["csrftoken"]
        self._client.headers["Origin"] = str(self._client.base_url).rstrip("/")

    def _is_ready(self) -> bool:
        try:
            return self._client.get("/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    def call(self, method: str, path: str, **request: Any) -> Any:
        answer = self._client.request(method, path, **request)
        if answer.is_error:
            raise CommandError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if "json" in answer.headers.get("Content-Type", "") else answer.content

    def upload(self, path: str, file: Path, **fields: str) -> Any:
        with file.open("rb") as content:
            made = self.call("POST", path, files={"file": content}, data=fields)
        job = made["job"]["id"]
        while not (found := self.call("GET", f"/api/v1/jobs/{job}/"))["finished_at"]:
            time.sleep(0.1)
        if found["state"] != "completed":
            raise CommandError(f"{file.name}: {found['error']}")
        return made

    def hear(self, body: Mapping[str, Any]) -> float:
        """Seconds until the sound is there and decoded."""
        start_s = time.perf_counter()
        preview = self.call("POST", "/api/v1/previews/", json=dict(body), headers=_WAITING)
        while preview["state"] == "rendering":
            path = f"/api/v1/previews/{preview['id']}/"
            preview = self.call("GET", path, headers=_WAITING)
        if preview["state"] != "ready":
            raise CommandError(f"A preview failed: {preview['job']['error']}")
        samples, _ = soundfile.read(io.BytesIO(self.call("GET", preview["audio_url"])))
        took_s = time.perf_counter() - start_s
        if not abs(samples).max() > 0.01:
            raise CommandError("A preview is silent.")
        return took_s

    def cpu_s(self) -> float:
        """Processor time of the server until now (Linux)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="gts-bench-", ignore_cleanup_errors=True) as name:
        server = Server(Path(name))
        try:
            server.log_in()
            yield server
        finally:
            server.stop()


class Bodies:
    """What is asked for: each try is one that was not asked for before."""

    def __init__(self, server: Server) -> None:
        self.di_tracks = [
            server.upload("/api/v1/di-tracks/", file)["id"]
            for file in sorted(_DEMO.glob("di/*.flac"))
        ]
        self.amps = [
            server.upload("/api/v1/gear/", file, kind="amp")["captures"][0]["id"]
            for file in sorted(_DEMO.glob("captures/*.nam"))
        ]
        self.cabs = [
            server.upload("/api/v1/gear/", file, kind="cab")["captures"][0]["id"]
            for file in sorted(_DEMO.glob("irs/*.wav"))
        ]
        # To the millisecond: no two tries over the same passage unless they are meant to be.
        self._starts_s = itertools.count(1)

    def new_passage(self) -> float:
        return 1.0 + 0.011 * next(self._starts_s)

    def body(
        self, start_s: float, amp: int, cab: int, *, ahead_db: float = 0.0, high_db: float = 0.0
    ) -> dict[str, Any]:
        """Gain, amp, cabinet and equalizer over 6 s."""
        blocks = [
            {"slot": "pre", "processor": "gain", "parameters": {"gain_db": ahead_db}},
            {"slot": "amp", "capture_id": self.amps[amp % len(self.amps)]},
            {"slot": "cab", "capture_id": self.cabs[cab % len(self.cabs)]},
            {"slot": "post", "processor": "gain", "parameters": {"gain_db": high_db}},
        ]
        passage = {"di_track_id": self.di_tracks[0], "start_s": start_s, "duration_s": 6.0}
        return {**passage, "blocks": blocks}

    def start_render(self, server: Server) -> str:
        """Of all amps by all cabinets over all DI tracks, with a video; the address of its job."""
        contenders = []
        for amp, cab in itertools.product(range(len(self.amps)), range(len(self.cabs))):
            chain = {"name": f"{amp} {cab}", "blocks": self.body(0.0, amp, cab)["blocks"]}
            made = server.call("POST", "/api/v1/chains/", json=chain)
            contenders.append({"chain_id": made["id"], "label": chain["name"]})
        shootout = {
            "title": "Beside it",
            "di_tracks": [{"di_track_id": uuid} for uuid in self.di_tracks],
            "contenders": contenders,
        }
        made = server.call("POST", "/api/v1/shootouts/", json=shootout)
        job = server.call("POST", f"/api/v1/shootouts/{made['id']}/render/")
        return f"/api/v1/jobs/{job['id']}/"


def measure(server: Server, num_tries: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Figures by what is measured."""
    bodies = Bodies(server)
    started_s = time.perf_counter()
    server.call("POST", "/api/v1/previews/readiness/")  # as a page does when it is opened
    time.sleep(_READING_S)
    say(f"asked to get ready {time.perf_counter() - started_s:.1f} s before the first one")
    start_s = bodies.new_passage()
    first_s = server.hear(bodies.body(start_s, 0, 0))
    say(f"the very first one: {first_s:.2f} s")
    for amp in range(len(bodies.amps)):
        server.hear(bodies.body(start_s, amp, 0, high_db=-1.0))
    kinds: dict[str, Callable[[int], dict[str, Any]]] = {
        "amp_new": lambda n: bodies.body(bodies.new_passage(), n, n // 3),
        # Another cabinet, or an effect behind it, on an amp that was heard over that passage.
        "amp_cached": lambda n: bodies.body(start_s, n, n + 1, high_db=0.1 * (n + 1)),
        "parameter": lambda n: bodies.body(start_s, 0, 0, high_db=-2.0 - 0.1 * n),
        "parameter_ahead": lambda n: bodies.body(start_s, 0, 0, ahead_db=0.1 * (n + 1)),
    }
    figures: dict[str, Any] = {"first_s": round(first_s, 3)}
    for name, body in kinds.items():
        figures[name] = Times([server.hear(body(n)) for n in range(num_tries)]).as_json()
        say(f"{name}: {figures[name]}, goal p95 {GOALS_S[name]} s")
    job = bodies.start_render(server)
    beside: list[float] = []
    while len(beside) < num_tries and not server.call("GET", job)["finished_at"]:
        beside.append(server.hear(bodies.body(start_s, 0, 1, high_db=-10.0 - 0.1 * len(beside))))
    figures["beside_render"] = Times(beside).as_json()
    say(f"a parameter, beside a render that uses all cores: {figures['beside_render']}")
    while not server.call("GET", job)["finished_at"]:
        time.sleep(0.5)
    figures["idle_pct"] = round(_idle_pct(server), 2)
    say(f"idle afterwards: {figures['idle_pct']} % of a core, goal {_IDLE_GOAL_PCT} %")
    return figures


def _idle_pct(server: Server) -> float:
    """Of one core, by the whole server, while no one asks for anything."""
    time.sleep(5.0)
    before_s = server.cpu_s()
    time.sleep(_IDLE_S)
    return 100.0 * (server.cpu_s() - before_s) / _IDLE_S


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tries", type=int, default=50, help="of each kind (50)")
        parser.add_argument(
            "--output", type=Path, default=Path("var/bench-audition.json"), help="where to"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with _server() as server:
            figures = measure(server, options["tries"], self.stdout.write)
        path: Path = options["output"]
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(figures, indent=2) + "\n")
        self.stdout.write(str(path))
