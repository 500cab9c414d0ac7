"""Variables: read in one place, an empty one is none, a wrong one is a sentence."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from django.core.exceptions import ImproperlyConfigured

from gts.environment import env, read_env_file
from gts.tests.processes import ROOT, free_port

pytestmark = pytest.mark.processes

EXAMPLE: Final = (ROOT / ".env.example").read_text()
# Each variable with the value that stands there, and whether it is commented out.
VARIABLES: Final = re.findall(r"^(#?)([A-Z][A-Z0-9_]*)=(.*)$", EXAMPLE, re.MULTILINE)
NAMES: Final = [name for _, name, _ in VARIABLES]

# What somebody fills in where the example says *required*.
FILLED_IN: Final = {
    "GTS_SECRET_KEY": "only-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH",
    "GTS_TOKEN_KEYS": "b25seS1mb3ItdGhlc2UtdGVzdHMtMDEyMzQ1Njc4OWE=",
    "GTS_ALLOWED_HOSTS": "gts.example",
    "POSTGRES_PASSWORD": "only4this",
    "DATABASE_URL": "postgresql://gts:only4this@127.0.0.1:5432/gts",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
}
# Libraries read these by themselves.
READ_BY_BOTO: Final = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
# Which file to read cannot stand in that file.
NOT_IN_THE_FILE: Final = {"GTS_ENV_FILE"}
# Evaluates the settings once for each environment that it is given, in one process.
EVALUATE: Final = """
import json, os, runpy, sys
import gts.settings
from django.core.exceptions import ImproperlyConfigured

def settings_with(variables):
    os.environ.clear()
    os.environ.update(variables)
    try:
        found = runpy.run_path("gts/settings.py")
    except ImproperlyConfigured as error:
        return {"error": str(error)}
    return {name: value for name, value in found.items() if name.isupper()}

answers = [settings_with(variables) for variables in json.load(sys.stdin)]
json.dump(answers, sys.stdout, default=str)
"""


def run(*words: str, said: str | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """Python in the repository, with these variables and the way to programs: nothing else."""
    env = {"PATH": os.environ["PATH"], "GTS_ENV_FILE": os.devnull, **variables}
    return subprocess.run(
        [sys.executable, *words],
        input=said,
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def settings_of(data_dir: Path, *environments: dict[str, str]) -> list[dict[str, Any]]:
    """What each environment makes of the settings; or the ``error``."""
    usual = {"GTS_DATA_DIR": str(data_dir), "GTS_ENV_FILE": os.devnull}
    said = json.dumps([{**usual, **environment} for environment in environments])
    done = run("-c", EVALUATE, said=said, GTS_DATA_DIR=str(data_dir))
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def filled_in(path: Path, *, text: str = EXAMPLE) -> str:
    for name, value in FILLED_IN.items():
        text, num_places = re.subn(rf"^{name}=$", f"{name}={value}", text, flags=re.MULTILINE)
        assert num_places == 1, name
    path.write_text(text)
    return str(path)


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


# Values that are none -----------------------------------------------------------------------------


WRONG: Final = [
    ("DATABASE_URL", "mysql://gts@127.0.0.1/gts", "starts with postgresql://"),
    ("DATABASE_URL", "postgresql://gts@127.0.0.1:port/gts", "starts with postgresql://"),
    ("DATABASE_URL", "postgresql://gts:a/b@127.0.0.1/gts", "starts with postgresql://"),
    ("DATABASE_URL", "postgresql://gts:p%ss#w@rd@127.0.0.1/gts", "percent-encoded"),
    ("DATABASE_URL", "postgresql://gts:12/ab@127.0.0.1/gts", "percent-encoded"),
    ("DATABASE_URL", "postgresql://gts:12#ab@127.0.0.1/gts", "percent-encoded"),
    ("REDIS_URL", "redis://:12?ab@127.0.0.1/0", "percent-encoded"),
    ("DATABASE_URL", "postgresql://gts@127.0.0.1", "name of a database"),
    ("REDIS_URL", "127.0.0.1:6379", "starts with redis://"),
    ("REDIS_URL", "redis://[::1", "starts with redis://"),
    ("REDIS_URL", "", "Set both DATABASE_URL and REDIS_URL"),
    ("GTS_ALLOWED_HOSTS", "https://gts.example", "without https:// and port"),
    ("GTS_ALLOWED_HOSTS", "gts.example:8000", "without https:// and port"),
    ("GTS_CSRF_TRUSTED_ORIGINS", "gts.example", "such as https://gts.example"),
    ("GTS_TRUSTED_PROXIES", "one", "a whole number"),
    ("GTS_HSTS_SECONDS", "-1", "a whole number"),
    ("GTS_HSTS_SECONDS", "9" * 5000, "a whole number"),
    ("GTS_DI_MAX_BYTES", "100 MB", "a whole number"),
    ("GTS_JOB_RETRY_DELAYS_S", "30,soon", "whole numbers"),
    ("GTS_TONE3000_STANDIN_PORT", "70000", "at most 65535"),
    ("GTS_SSL_REDIRECT", "on", "0 or 1"),
    ("GTS_DEBUG", "maybe", "0 or 1"),
    ("GTS_LOG_FORMAT", "xml", "one of plain, json"),
    ("GTS_LOG_LEVEL", "loud", "one of DEBUG, INFO"),
    ("GTS_STORAGE", "bucket", "must look like s3://"),
    ("GTS_STORAGE", "s3://[bucket", "must look like s3://"),
    ("GTS_MEDIA_REDIRECT", "1", "GTS_STORAGE"),
]


def test_a_wrong_value_is_one_sentence(tmp_path: Path) -> None:
    found = settings_of(tmp_path, *({**FILLED_IN, name: value} for name, value, _ in WRONG))
    for (name, value, expected), settings in zip(WRONG, found, strict=True):
        error = settings["error"]
        assert name in error
        assert expected in error, (name, value)
        assert "\n" not in error
        assert "a/b" not in error  # a password


def test_a_folder_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    [found] = settings_of(tmp_path, {"GTS_DATA_DIR": str(tmp_path / "file" / "data")})
    assert "GTS_DATA_DIR must be a folder that GTS may write to" in found["error"]


@pytest.mark.parametrize(
    "words",
    [
        ["manage.py", "check"],
        ["-m", "uvicorn", "gts.asgi:application", "--port", "1"],
        ["-m", "celery", "--quiet", "-A", "gts", "worker"],
        ["-m", "celery", "--quiet", "-A", "gts", "beat"],
    ],
    ids=["manage.py", "web", "worker", "beat"],
)
def test_every_program_says_nothing_else(tmp_path: Path, words: list[str]) -> None:
    variables = {**FILLED_IN, "GTS_DATA_DIR": str(tmp_path), "GTS_LOG_LEVEL": "loud"}
    done = run(*words, **variables)
    assert done.returncode != 0
    assert done.stderr.startswith("GTS does not start: GTS_LOG_LEVEL must be one of")
    assert done.stderr.count("\n") == 1, done.stderr


def test_the_web_process_refuses_a_weak_key_without_a_traceback(tmp_path: Path) -> None:
    variables = {**FILLED_IN, "GTS_DATA_DIR": str(tmp_path), "GTS_SECRET_KEY": "short"}
    done = run("-m", "uvicorn", "gts.asgi:application", "--port", "1", **variables)
    assert done.returncode != 0
    assert "gts.E002" in done.stderr
    assert "Traceback" not in done.stderr


# One place ----------------------------------------------------------------------------------------


def product_files() -> list[Path]:
    apps = ("accounts", "gear", "gts", "jobs", "shootouts")
    return [ROOT / "manage.py", *(path for app in apps for path in _sources(ROOT / app))]


def _sources(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.py") if "tests" not in path.parts]


def variables_read() -> set[str]:
    """The first argument of each call of ``env…``."""
    found: set[str] = set()
    for path in product_files():
        if path.name == "environment.py":
            continue  # its functions call each other
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if re.fullmatch(r"env(_\w+)?", node.func.id):
                name = node.args[0]
                assert isinstance(name, ast.Constant), (path, node.lineno)
                found.add(str(name.value))
    return found


def variables_of_compose() -> set[str]:
    """Those that docker compose takes from the file itself."""
    text = yaml.safe_dump(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))
    return set(re.findall(r"\$\{(\w+)", text))


def test_every_variable_that_is_read_is_in_the_example_and_the_other_way_round() -> None:
    assert len(NAMES) == len(set(NAMES))
    read = variables_read() | variables_of_compose() | READ_BY_BOTO
    assert read - NOT_IN_THE_FILE == set(NAMES)


def test_nothing_else_reads_the_environment() -> None:
    """But for: what is handed on to other programs, and the name of the settings' module."""
    expected = {
        "gts/environment.py",
        "gts/asgi.py",
        "gts/celery.py",
        "manage.py",
        "gts/database_dump.py",  # pg_dump
        "gts/management/commands/bench_api.py",  # manage.py
        "jobs/pipeline/blas.py",  # what OpenBLAS reads
    }
    pattern = re.compile(r"os\.(environ|getenv)|from os import .*(environ|getenv)")
    found = {path for path in product_files() if pattern.search(path.read_text())}
    assert {str(path.relative_to(ROOT)) for path in found} == expected


def test_the_file_that_is_read_is_said_in_the_documents() -> None:
    assert all(f"`{name}`" in _operations() for name in NOT_IN_THE_FILE)


def _operations() -> str:
    return (ROOT / "docs" / "operations.md").read_text()
