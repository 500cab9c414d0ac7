"""Variables: the example, the file, and which goes before which; an empty one is none."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from gts.environment import env, read_env_file
from gts.tests.processes import ROOT, free_port
from gts.tests.variables import EXAMPLE, FILLED_IN, NAMES, VARIABLES, filled_in, run, settings_of

pytestmark = pytest.mark.processes


# The example --------------------------------------------------------------------------------------


def test_what_is_not_commented_out_is_what_is_required() -> None:
    assert [name for comment, name, _ in VARIABLES if not comment] == list(FILLED_IN)
    paragraphs = EXAMPLE.split("\n\n")
    for paragraph in paragraphs:
        has_required = re.search(r"^[A-Z]", paragraph, re.MULTILINE) is not None
        assert has_required == paragraph.startswith("# *Required"), paragraph


def test_as_it_is_it_changes_nothing(tmp_path: Path) -> None:
    copy = tmp_path / ".env"
    copy.write_text(EXAMPLE)
    with_it, without = settings_of(tmp_path, {"GTS_ENV_FILE": str(copy)}, {})
    assert with_it == without
    assert with_it["IS_EMBEDDED"] is True


def test_it_starts_a_production_when_what_is_required_is_filled_in(tmp_path: Path) -> None:
    copy = filled_in(tmp_path / ".env")
    done = run("manage.py", "check", GTS_ENV_FILE=copy, GTS_DATA_DIR=str(tmp_path))
    assert (done.returncode, "gts.E" in done.stderr) == (0, False), done.stderr
    [settings] = settings_of(tmp_path, {"GTS_ENV_FILE": copy})
    assert settings["IS_EMBEDDED"] is False
    assert settings["ALLOWED_HOSTS"] == ["gts.example"]
    assert settings["DATABASES"]["default"]["PASSWORD"] == "only4this"


def test_what_is_commented_out_is_the_default_of_a_production(tmp_path: Path) -> None:
    """So it may be taken in, and changes nothing."""
    whole = re.sub(r"^#([A-Z][A-Z0-9_]*=)", r"\1", EXAMPLE, flags=re.MULTILINE)
    taken_in = {"GTS_ENV_FILE": filled_in(tmp_path / "all.env", text=whole)}
    required = {"GTS_ENV_FILE": filled_in(tmp_path / "required.env")}
    with_all, with_required = settings_of(tmp_path, taken_in, required)
    assert with_all == with_required


@pytest.mark.parametrize("base", [{}, FILLED_IN], ids=["embedded", "production"])
def test_an_empty_variable_is_none(tmp_path: Path, base: dict[str, str]) -> None:
    data_dir = {"GTS_DATA_DIR": str(tmp_path)}
    empty, blank = dict.fromkeys(NAMES, ""), dict.fromkeys(NAMES, "  ")
    found = settings_of(
        tmp_path, base, {**empty, **base, **data_dir}, {**blank, **base, **data_dir}
    )
    assert "error" not in found[0]
    assert found[1] == found[0]
    assert found[2] == found[0]


def test_an_empty_folder_is_the_usual_one(tmp_path: Path) -> None:
    """Not the folder in which GTS happens to be started."""
    [settings] = settings_of(tmp_path, {**FILLED_IN, "GTS_DATA_DIR": ""})
    assert settings["DATA_DIR"] == str((ROOT / "var").resolve())


def test_the_server_starts_from_the_example(tmp_path: Path) -> None:
    """`manage.py up`, with nothing but a copy of the file."""
    copy, port = tmp_path / ".env", free_port()
    copy.write_text(EXAMPLE + f"\nGTS_DATA_DIR={tmp_path / 'data'}\n")
    env = {"PATH": os.environ["PATH"], "GTS_ENV_FILE": str(copy), "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--no-demo", "--port", str(port)],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert server.stdout is not None
        said = []
        for line in server.stdout:
            said.append(line)
            if f"http://127.0.0.1:{port}/" in line:
                break
        else:
            pytest.fail("".join(said))
        assert (tmp_path / "data" / "gts.sqlite3").exists()
    finally:
        server.terminate()
        server.communicate(timeout=60)


# The file and the environment ---------------------------------------------------------------------


def test_the_environment_goes_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "GTS_ONE=file\nGTS_TWO=file\nGTS_THREE='it is # quoted $HOME'  # comment\n"
        "GTS_FOUR=\nGTS_FIVE=a b,c\nexport GTS_SIX=six\n"
    )
    monkeypatch.setattr(os, "environ", {"GTS_ONE": "environment", "GTS_TWO": " ", "OTHER": ""})
    read_env_file(file)
    assert os.environ == {
        "GTS_ONE": "environment",
        "GTS_TWO": "file",
        "GTS_THREE": "it is # quoted $HOME",
        "GTS_FIVE": "a b,c",
        "GTS_SIX": "six",
        "OTHER": "",
    }
    assert env("GTS_FOUR", "default") == "default"


def test_no_file_is_no_fault_and_what_is_empty_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """boto3 refuses to work with an empty AWS_CA_BUNDLE."""
    monkeypatch.setattr(os, "environ", {"AWS_CA_BUNDLE": "", "REDIS_URL": "", "PATH": ""})
    read_env_file(tmp_path / "missing")
    assert os.environ == {"PATH": ""}


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        ("GTS_LOG_LEVEL=INFO\n".encode("utf-16"), 1, "not UTF-8"),
        ("GTS_LOG_LEVEL=INFO\n".encode("utf-16-le"), 1, "not UTF-8"),
        ("# eins\n# für uns\n".encode("latin-1"), 2, "not UTF-8"),
        (b"A=1\n\n\nGTS_SECRET_KEY='hunter2\nB=2\n", 4, "a quote not closed"),
        (b'A=1\nGTS_SECRET_KEY="hunter2\nB="2"\n', 2, "a quote not closed"),
        (b'A=1\nGTS_SECRET_KEY="hunter2\nB=2"\n', 2, "a quote not closed"),
        (b"GTS_SECRET_KEY hunter2\n", 1, "not NAME=value"),
    ],
)
def test_a_file_that_cannot_be_understood_is_one_sentence(
    tmp_path: Path, content: bytes, line: int, why: str
) -> None:
    file = tmp_path / ".env"
    file.write_bytes(content)
    with pytest.raises(ImproperlyConfigured) as caught:
        read_env_file(file)
    assert str(caught.value).startswith(f"{file}, line {line}: ")
    assert why in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_byte_order_mark_is_not_a_part_of_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfGTS_ONE=file\r\nGTS_TWO=ok\r\n")
    monkeypatch.setattr(os, "environ", {})
    read_env_file(tmp_path / ".env")
    assert os.environ == {"GTS_ONE": "file", "GTS_TWO": "ok"}


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    missing, folder, nothing = settings_of(
        tmp_path,
        {"GTS_ENV_FILE": str(tmp_path / "typo.env")},
        {"GTS_ENV_FILE": str(tmp_path)},
        {"GTS_ENV_FILE": os.devnull},
    )
    assert f"{tmp_path}/typo.env cannot be read: No such file" in missing["error"]
    assert f"{tmp_path} cannot be read: Is a directory" in folder["error"]
    assert "GTS_ENV_FILE" in missing["error"]
    assert "error" not in nothing


def test_relative_folders_start_beside_manage_py_and_not_where_one_is(tmp_path: Path) -> None:
    home = Path.home()
    file = tmp_path / "some.env"
    file.write_text("GTS_DATA_DIR=~/gts-data\nGTS_BACKUP_DIR=backups\n")
    read = "from django.conf import settings as s; print(s.DATA_DIR, s.GTS_BACKUP_DIR)"
    env = {
        **FILLED_IN,
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "gts.settings",
        "GTS_ENV_FILE": str(file),
    }

    def said(**changes: str) -> str:
        command = [sys.executable, "-c", read]
        environment = {**env, **changes}
        return subprocess.check_output(command, cwd=tmp_path, env=environment, text=True).strip()

    assert said() == f"{home}/gts-data {ROOT}/backups"
    assert said(GTS_DATA_DIR="var/other", GTS_BACKUP_DIR="/b") == f"{ROOT}/var/other /b"
    [unknown] = settings_of(tmp_path, {"GTS_DATA_DIR": "~no-such-user/gts"})
    assert "GTS_DATA_DIR names the folder of an unknown user" in unknown["error"]


def test_tests_do_not_read_it() -> None:
    """What a developer has in .env must not decide where tests write."""
    from django.conf import settings

    assert settings.IS_TEST
    assert "GTS_ENV_FILE" not in os.environ or os.environ["GTS_ENV_FILE"] == os.devnull
