"""GTS as processes of their own: started, stopped and killed by tests."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120


# Tests ask quicker than people do.
UNHURRIED = {
    "GTS_RATE_USER_PER_MIN": "0",
    "GTS_RATE_UPLOADS_PER_HOUR": "0",
    "GTS_RATE_ANONYMOUS_PER_MIN": "0",
    "GTS_RATE_TOKENS_PER_MIN": "0",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(data_dir: Path, **changes: str) -> dict[str, str]:
    """Nothing of the tests' own settings, and no display on which a browser would open; embedded
    unless ``changes`` says otherwise."""
    mine = ("GTS_", "DATABASE_URL", "REDIS_URL", "PYTEST", "DISPLAY", "WAYLAND_DISPLAY")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
    own = {"GTS_DATA_DIR": str(data_dir), "GTS_ENV_FILE": os.devnull, "PYTHONUNBUFFERED": "1"}
    return {**kept, **own, **changes}


def manage(env: Mapping[str, str], *arguments: str) -> str:
    """One management command, or with ``shell -c`` a few lines of Python. Returns what it says."""
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def serving(application: str, port: int) -> tuple[str, ...]:
    """What ``process`` starts for a web process, as ``make web`` does."""
    how = ("--http", "gts.connection:Connection", "--port", str(port))
    return ("uvicorn", application, *how)


@contextmanager
def process(env: Mapping[str, str], log: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is gone at the end, whatever happens. Its output goes to ``log``."""
    with log.open("ab") as output:
        running = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=env,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            yield running
        finally:
            kill(running)


def heed_ctrl_c() -> None:
    """In a child before it becomes another program: tests in the background would hand on that
    Ctrl+C is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def kill(running: subprocess.Popen[Any]) -> None:
    """SIGKILL for the process and its children: as when the machine loses power."""
    if running.poll() is None:
        os.killpg(running.pid, signal.SIGKILL)
    running.wait(timeout=PATIENCE_S)


def wait_until(is_true: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not is_true():
        assert time.monotonic() < deadline_s, f"waited without success until {what}"
        time.sleep(0.05)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def answer_to_endless_header(port: int) -> bytes:
    """What a server says to one header that goes on for as long as it reads."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nx: ")
        answer = b""
        while not answer:
            client.sendall(b"a" * 10_000)
            client.settimeout(0.01)
            with contextlib.suppress(TimeoutError):
                answer = client.recv(65536)
            client.settimeout(PATIENCE_S)
        return answer
