"""`manage.py up` as a process: what it says, what it refuses, and how it ends."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.tests import needs
from accounts.tests.owner import owner_path, owner_token
from gts import listening
from gts.server_lock import LockedError, holding
from gts.tests.processes import (
    ROOT,
    answer_to_endless_header,
    environment,
    free_port,
    heed_ctrl_c,
    kill,
    process,
    wait_until,
)

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that is ready, and what was said about it: the good case."""
    folder = tmp_path_factory.mktemp("up")
    port = free_port()
    log = folder / "console"
    with process(environment(folder / "var"), log, "manage", "up", "--port", str(port)) as server:
        wait_until(lambda: "token=" in log.read_text(), "it says where it is")
        said = log.read_text().splitlines()
        address = f"  http://127.0.0.1:{port}{owner_path(folder / 'var')}"
        assert said == [
            f"Database        made, {folder / 'var'}",
            "Static files    gathered",
            "Demo            The first shootout: added, its render is queued",
            "GTS is on. Ctrl+C stops it.",
            "",
            address,
            "",
        ]
        with httpx.Client() as owner:
            assert owner.get(address.strip()).headers["Location"] == "/"
            assert owner.get(f"http://127.0.0.1:{port}/account/").status_code == 200
            (folder / "session").write_text(owner.cookies["sessionid"])
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=30) == 0
    assert log.read_text().splitlines()[len(said) :] == [
        "Stopping: what was rendering goes on at the next start."
    ]
    lines = (folder / "var" / "log" / "gts.log").read_text()
    assert "(shootouts.inspect_di) starts" in lines
    assert "(shootouts.render_shootout) starts" in lines
    assert address.rpartition("=")[2] not in lines
    return folder / "var"


@pytest.fixture
def data_dir(prepared: Path, tmp_path: Path) -> Path:
    shutil.copytree(prepared, tmp_path / "var")
    return tmp_path / "var"


def run(data_dir: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=environment(data_dir, **env),
        capture_output=True,
        text=True,
        timeout=120,
    )


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in found}


def test_a_second_server_is_refused_before_it_touches_anything(data_dir: Path) -> None:
    # As after an update: there would be files to gather.
    (data_dir / "static" / ".gathered").unlink()
    holder = (
        "import sys, time; from pathlib import Path; import django; django.setup();"
        "from gts.server_lock import holding\n"
        f"with holding(Path({str(data_dir)!r}), what='The GTS server on http://127.0.0.1:1/'):\n"
        "    print('held', flush=True); time.sleep(600)"
    )
    env = {**environment(data_dir), "DJANGO_SETTINGS_MODULE": "gts.settings"}
    first = subprocess.Popen(
        [sys.executable, "-c", holder], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        before = snapshot(data_dir)
        second = run(data_dir, "up", "--port", str(free_port()))
        assert second.returncode != 0
        assert second.stdout == ""
        assert second.stderr == (
            f"CommandError: The GTS server on http://127.0.0.1:1/ (process {first.pid}) is using "
            f"{data_dir}. Stop it first, or give this one a folder and a port of its own: "
            "make run GTS_DATA_DIR=… PORT=…\n"
        )
        assert snapshot(data_dir) == before
        migrated = run(data_dir, "migrate")
        assert migrated.returncode != 0
        assert "Stop it first: nothing was changed." in migrated.stderr
        assert snapshot(data_dir) == before
        # Looking is harmless.
        assert run(data_dir, "migrate", "--check").returncode == 0
    finally:
        kill(first)
    with holding(data_dir):  # the lock went with its process
        pass


def test_a_running_server_has_bounds_and_holds_the_lock_until_its_end(data_dir: Path) -> None:
    port, log = str(free_port()), data_dir.parent / "console"
    command = ("manage", "up", "--no-demo", "--port", port)
    with process(environment(data_dir), log, *command) as server:
        wait_until(lambda: "GTS is on" in log.read_text(), "it is on")
        assert answer_to_endless_header(int(port)).startswith(b"HTTP/1.1 431 ")
        with pytest.raises(LockedError) as refused, holding(data_dir):
            pass
        assert refused.value.holder.process == str(server.pid)
        assert f"http://127.0.0.1:{port}/" in str(refused.value)
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)
    with holding(data_dir):
        pass


def test_a_busy_port_is_named_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run(tmp_path / "var", "up", "--port", str(port))
    assert done.returncode != 0
    assert done.stdout == ""
    assert f"Port {port} is taken by another program. Type: make run PORT=" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "var" / "gts.sqlite3").exists()


def test_a_full_disk_is_one_sentence(data_dir: Path) -> None:
    """Of the database, as SQLite says it."""
    code = (
        "import sys; sys.argv = ['manage.py', 'up', '--port', sys.argv[1]]\n"
        "from unittest.mock import patch; from django.db.utils import OperationalError\n"
        "full = OperationalError('database or disk is full')\n"
        "with patch('gts.management.commands.up.gather_static', side_effect=full):\n"
        "    exec(open('manage.py').read(), {'__name__': '__main__'})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(free_port())],
        cwd=ROOT, env=environment(data_dir), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0
    assert done.stderr.startswith("CommandError: There is no room left on the disk of ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["server.lock", "log/gts.log", "static/.gathered"])
def test_what_cannot_be_written_is_named(data_dir: Path, name: str) -> None:
    """A folder where the file should be: this also stops root, whom permissions do not."""
    (data_dir / name).unlink()
    (data_dir / name).mkdir()
    done = run(data_dir, "up", "--port", str(free_port()), "--no-demo")
    assert done.returncode != 0
    assert str(data_dir / name) in done.stderr
    assert "GTS_DATA_DIR" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_session_of_the_owner_outlives_the_server(prepared: Path, data_dir: Path) -> None:
    port, log = free_port(), data_dir.parent / "console"
    before = owner_token(data_dir)
    command = ("manage", "up", "--no-demo", "--port", str(port))
    with process(environment(data_dir), log, *command):
        wait_until(lambda: "token=" in log.read_text(), "it is on")
        assert owner_token(data_dir) != before  # an old console opens nothing
        base = f"http://127.0.0.1:{port}"
        cookies = {"sessionid": (prepared.parent / "session").read_text()}
        assert httpx.get(f"{base}/account/", cookies=cookies).status_code == 200
        done = run(data_dir, "owner_link")
        assert done.stdout == f"{base}{owner_path(data_dir)}\n", done.stderr
        with httpx.Client(base_url=base, follow_redirects=True) as another_browser:
            assert "Log out This machine" in another_browser.get(done.stdout.strip()).text
    done = run(data_dir, "owner_link")
    assert done.returncode != 0
    assert "No GTS server is running" in done.stderr


def test_who_wants_it_open_is_told_so_everywhere(data_dir: Path) -> None:
    port, log = free_port(), data_dir.parent / "console"
    command = ("manage", "up", "--no-demo", "--port", str(port))
    with process(environment(data_dir, GTS_OPEN="1"), log, *command):
        wait_until(lambda: "token=" in log.read_text(), "it is on")
        assert "Open            everyone" in log.read_text()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", follow_redirects=True) as browser:
            for path in ("/", "/login/", "/nothing/here/"):
                answer = browser.get(path, headers={"Accept": "text/html"})
                assert "This server is open" in answer.text, path
            data = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
            assert "Log out This machine" in browser.post("/login/local/", data=data).text


def test_asked_for_the_log_the_console_has_it_too(data_dir: Path) -> None:
    port, log = str(free_port()), data_dir.parent / "console"
    env = environment(data_dir, GTS_LOG_LEVEL="INFO")
    with process(env, log, "manage", "up", "--port", port) as server:
        wait_until(
            lambda: "(shootouts.render_segment) starts" in log.read_text(), "jobs are logged"
        )
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=30) == 0
    assert "(shootouts.render_segment) starts" in (data_dir / "log" / "gts.log").read_text()


class Terminal:
    """`manage.py up` as someone sees it who sits at a terminal."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.said = b""
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            heed_ctrl_c()
            command = [sys.executable, "manage.py", "up", "--no-demo", "--port", str(port)]
            os.execve(sys.executable, command, environment(data_dir))

    def read_until(self, text: bytes) -> None:
        deadline_s = time.monotonic() + 60
        while text not in self.said:
            assert time.monotonic() < deadline_s, self.said
            self.said += os.read(self._fd, 4096)

    def press_ctrl_c(self) -> None:
        os.write(self._fd, b"\x03")

    def exit_code(self) -> int:
        while True:
            try:
                more = os.read(self._fd, 4096)
            except OSError:  # the other end is closed
                break
            self.said += more
        os.close(self._fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_is_one_line_and_a_clean_end(data_dir: Path, times: int) -> None:
    # A busy machine may not get a render to stop in time, and says so: here nothing is to be done.
    with closing(sqlite3.connect(data_dir / "gts.sqlite3")) as database, database:
        database.execute("UPDATE jobs_job SET state = 'cancelled'")
    terminal = Terminal(data_dir, free_port())
    terminal.read_until(b"GTS is on")
    link = f"{owner_path(data_dir)}\r\n\r\n"
    terminal.read_until(link.encode())  # the address, and all has been said
    for _ in range(times):
        terminal.press_ctrl_c()
    assert terminal.exit_code() == 0
    end = terminal.said.replace(b"^C", b"").decode().rpartition(link)[2]
    assert end == "Stopping: what was rendering goes on at the next start.\r\n"


def test_ctrl_c_while_it_starts(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "var", free_port())
    terminal.read_until("Database        …".encode())
    terminal.press_ctrl_c()
    assert terminal.exit_code() == 130
    assert terminal.said.endswith(b"Stopped.\r\n")
    assert b"Traceback" not in terminal.said


# The network --------------------------------------------------------------------------------------


def test_the_network_sees_it_and_is_not_its_operator(data_dir: Path) -> None:
    own = listening.own_addresses()
    if not own:
        pytest.skip(needs.NETWORK)
    port, log = free_port(), data_dir.parent / "console"
    command = ("manage", "up", "--no-demo", "--host", "0.0.0.0", "--port", str(port))
    with process(environment(data_dir), log, *command):
        network = f"http://{listening.in_url(own[0])}:{port}"
        wait_until(lambda: f"Your network: {network}/" in log.read_text(), "it says where it is")
        assert f"This machine: http://127.0.0.1:{port}/" in log.read_text()
        here = httpx.get(f"http://127.0.0.1:{port}/login/")
        there = httpx.get(f"{network}/login/")
        assert (here.status_code, there.status_code) == (200, 200)
        assert "Use this machine" in here.text
        # Not by its own name, by ours, nor by saying to be behind a proxy of ours.
        local = {"Host": f"127.0.0.1:{port}"}
        for headers in ({}, local, {**local, "X-Forwarded-For": "127.0.0.1"}):
            with httpx.Client(base_url=network, headers=headers) as stranger:
                page = stranger.get("/login/")
                assert "Use this machine" not in page.text
                token = stranger.cookies["csrftoken"]
                data = {"csrfmiddlewaretoken": token}
                answer = stranger.post("/login/local/", data=data)
                assert answer.status_code == 404
                assert "sessionid" not in stranger.cookies
                assert stranger.get("/metrics").status_code == 404


def test_addresses_of_this_machine() -> None:
    for address in listening.own_addresses():
        assert not listening.is_loopback(address)
    assert listening.host_names("192.168.1.7") == ["192.168.1.7"]
    assert listening.host_names("2001:db8::1") == ["[2001:db8::1]"]
    name = socket.gethostname().lower()
    assert name in listening.host_names("0.0.0.0")


@pytest.mark.parametrize(
    ("host", "port", "advice"),
    [
        ("203.0.113.7", 8000, "no address of this machine"),
        ("no.such.name.invalid", 8000, "no address of this machine"),
    ],
)
def test_where_it_cannot_listen(host: str, port: int, advice: str) -> None:
    with pytest.raises(listening.PortError, match=advice):
        listening.bind(host, port)


def test_the_fake_server_stays_on_this_machine(settings: Settings) -> None:
    settings.IS_EMBEDDED = True
    settings.GTS_FAKE_TONE3000 = True
    with pytest.raises(CommandError, match="GTS_FAKE_TONE3000"):
        call_command("up", host="0.0.0.0")


# The lock -----------------------------------------------------------------------------------------


def test_one_process_may_hold_the_lock_twice(tmp_path: Path) -> None:
    with holding(tmp_path), holding(tmp_path):
        pass
    with holding(tmp_path):
        pass
