"""What went wrong becomes one sentence that says what to do."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

import pytest

from tools.install import checks, environment
from tools.install.messages import InstallError, error_from


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left", "room"),
        ("WARNING: Retrying (Retry(total=0)) after connection broken by 'ReadTimeout'", "network"),
        ("ERROR: No matching distribution found for av==18.1.0", "with another Python"),
        ("Error: ensurepip is not available.", "apt install"),
        ("ERROR: something else", "The lines above say why"),
    ],
)
def test_what_pip_says_becomes_advice(said: str, advice: str) -> None:
    error = error_from(f"Collecting av\n{said}\n", "It failed.")
    assert advice in str(error)
    assert error.reason


def test_a_port_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(InstallError, match="for the system's own programs"):
        checks.check_address("127.0.0.1", 80)


@pytest.mark.parametrize("indent", ["", "      "])
@pytest.mark.parametrize("before", ["ERROR: Exception:", "Collecting av"])
def test_the_end_of_a_traceback_is_kept(before: str, indent: str) -> None:
    lines = [
        "Traceback (most recent call last):",
        '  File "pip/_internal/cli/base_command.py", line 180, in exc_logging_wrapper',
        "    status = run_func(*args)",
        "FileNotFoundError: [Errno 2] No such file or directory: 'x'",
    ]
    output = "".join(f"{line}\n" for line in [before, *(indent + line for line in lines)])
    error = error_from(f"{output}note: one\nnote: two\nnote: three\n", "It failed.")
    assert error.reason.splitlines()[-1] == f"  {lines[-1]}"


def test_no_room_is_said_before_anything_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(checks, "NEEDED_BYTES", 2**62)
    with pytest.raises(InstallError, match="GTS needs 1 GB"):
        checks.check_room()


@pytest.mark.processes
def test_a_library_that_the_system_lacks_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Issue 11: on a minimal Debian the wheel of pedalboard finds no libatomic.so.1."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    library = "libatomic.so.1"
    said = f"ImportError: {library}: cannot open shared object file: No such file or directory"
    python.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    with pytest.raises(InstallError, match="sudo apt install libatomic1; then: make"):
        checks.check_system_libraries()
    python.write_text("#!/bin/sh\n")
    checks.check_system_libraries()
