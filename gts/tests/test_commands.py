"""`manage.py doctor`, and what `up` does before it serves."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from io import StringIO
from pathlib import Path

import httpx
import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from pytest_django import Settings

from accounts.tests.migrating import newest_step
from accounts.tests.needs import needs_services
from gts.management.commands.doctor import Command as Doctor
from gts.ops.backups import backup_make
from gts.static import gather_static
from gts.storage.tests.buckets import Bucket, answering
from gts.tests.processes import (
    answers,
    environment,
    free_port,
    manage,
    process,
    wait_until,
)
from tools.tone3000_server import CLIENT_ID, FakeServer

# doctor ------------------------------------------------------------------------------------------


def doctor() -> tuple[str, bool]:
    """What it says, and whether it is content."""
    out = StringIO()
    try:
        call_command("doctor", stdout=out, no_color=True)
    except CommandError:
        return out.getvalue(), False
    return out.getvalue(), True


@pytest.fixture
def embedded(settings: Settings) -> None:
    """Also where the suite runs on servers."""
    settings.IS_EMBEDDED = True


@pytest.fixture
def data_dir(tmp_path: Path, settings: Settings, embedded: None) -> Path:
    settings.DATA_DIR = tmp_path
    settings.SECURE_SSL_REDIRECT = True  # off in tests on real services, and the doctor sees it
    return tmp_path


@pytest.mark.django_db(transaction=True)
def test_the_doctor_finds_nothing_here(data_dir: Path) -> None:
    said, is_content = doctor()
    assert is_content, said
    assert "✗" not in said
    assert str(data_dir) in said
    for part in ("encoder libx264", "encoder aac", "database: ok", "broker: ok", "storage: ok"):
        assert f"✓ {part}" in said
    assert "all migrations are applied" in said
    assert "shootouts.render_segment" in said


@pytest.mark.django_db(transaction=True)
def test_the_doctor_names_a_data_folder_that_is_not_there(
    data_dir: Path, settings: Settings
) -> None:
    settings.DATA_DIR = data_dir / "nowhere"
    said, is_content = doctor()
    assert not is_content
    assert f"no folder {data_dir}/nowhere for data" in said
    assert "Make it, or set GTS_DATA_DIR" in said


@pytest.mark.django_db(transaction=True)
def test_the_doctor_names_a_missing_migration_and_the_cure(data_dir: Path) -> None:
    newest = newest_step("jobs")
    MigrationRecorder(connection).record_unapplied(*newest)
    try:
        said, is_content = doctor()
    finally:
        MigrationRecorder(connection).record_applied(*newest)
    assert not is_content
    assert re.search(r"✗ .*migration.*not applied\n +→ Run: manage.py migrate", said)


@pytest.mark.django_db(transaction=True)
def test_the_doctor_names_a_storage_that_cannot_be_written(
    data_dir: Path, settings: Settings
) -> None:
    # A file where the folder should be: this also stops root, whom permissions do not.
    (data_dir / "media").write_text("in the way")
    default = {**settings.STORAGES["default"], "OPTIONS": {"location": data_dir / "media"}}
    settings.STORAGES = {**settings.STORAGES, "default": default}
    said, is_content = doctor()
    assert not is_content
    assert re.search(r"✗ storage: down\n +→ The media folder must be writable", said)
    assert re.search(r"✗ gts\.E006: .*cannot be stored.*\n +→ Set GTS_DATA_DIR", said)


@pytest.mark.django_db(transaction=True)
def test_the_doctor_names_insecure_settings_of_a_production(
    data_dir: Path, settings: Settings
) -> None:
    settings.IS_EMBEDDED = False
    settings.SECRET_KEY = "short"
    said, is_content = doctor()
    assert not is_content
    assert "production mode" in said
    assert re.search(r"✗ gts\.E002: .*\n +→ Set GTS_SECRET_KEY", said)


def test_bad_settings_do_not_keep_the_doctor_from_looking() -> None:
    """manage.py would end with them before; here they are findings."""
    assert Doctor.requires_system_checks == ()


@pytest.mark.django_db(transaction=True)
def test_the_doctor_is_content_without_a_key_of_tone_3000_and_logs_nothing(
    data_dir: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.IS_EMBEDDED = False
    settings.GTS_TONE3000_KEY = ""
    said, _ = doctor()
    assert "✓ login with Tone 3000 is off" in said
    assert not re.search(r"✗.*Tone 3000", said)
    # No one takes jobs here: that is a finding, with its reason, and not a line of the log.
    assert re.search(r"✗ workers: down\n +→ Start one .* \(no worker takes jobs from: ", said)
    assert caplog.records == []


@pytest.mark.django_db(transaction=True)
def test_the_doctor_looks_at_the_bucket(data_dir: Path, bucket: Bucket, settings: Settings) -> None:
    default_storage.exists("x")  # as the start-up check of a real run: the first call is slow
    said, is_content = doctor()
    assert is_content, said
    assert f"✓ files in the bucket {bucket.name} at {bucket.endpoint}, streamed through GTS" in said
    assert "✓ storage: ok" in said
    assert bucket.names() == []  # written, read and deleted
    with answering(403, "AccessDenied") as endpoint:
        default = bucket.storage(endpoint_url=endpoint)
        settings.STORAGES = {**settings.STORAGES, "default": default}
        said, is_content = doctor()
    assert not is_content
    assert re.search(r"✗ storage: down\n +→ Is the bucket of GTS_STORAGE reachable", said)
    assert re.search(r"✗ gts\.E014: .*answers 403.*\n +→ Check AWS_ACCESS_KEY_ID", said)


@pytest.mark.django_db(transaction=True)
def test_the_doctor_looks_at_the_backups(data_dir: Path, settings: Settings) -> None:
    settings.GTS_BACKUP_DIR = str(data_dir / "backups")
    said, is_content = doctor()
    assert not is_content
    assert re.search(r"✗ no backup in .*\n +→ Try it: manage.py backup", said)
    folder = backup_make(data_dir / "backups").folder
    assert doctor()[1]
    then = time.time() - 3 * 86_400
    os.utime(folder, (then, then))
    said, is_content = doctor()
    assert not is_content
    assert "✗ 1 backups in" in said


@needs_services
@pytest.mark.django_db(transaction=True)
def test_the_doctor_compares_clocks(data_dir: Path, settings: Settings) -> None:
    settings.IS_EMBEDDED = False
    said, _ = doctor()
    assert re.search(r"✓ clock of the database: [+-]0\.\d s", said)
    assert re.search(r"✓ clock of the broker: [+-]0\.\d s", said)


@pytest.mark.django_db(transaction=True)
def test_the_doctor_says_how_far_a_clock_is_off(
    data_dir: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.IS_EMBEDDED = False
    monkeypatch.setattr("gts.management.commands.doctor._database_time", lambda: time.time() + 60)
    monkeypatch.setattr("gts.management.commands.doctor._broker_time", time.time)
    said, is_content = doctor()
    assert not is_content
    assert re.search(r"✗ clock of the database: \+60\.0 s\n +→ .*NTP", said)


# up ----------------------------------------------------------------------------------------------


def test_up_is_not_for_production(settings: Settings) -> None:
    settings.IS_EMBEDDED = False
    with pytest.raises(CommandError, match="run web, worker and beat"):
        call_command("up")


@pytest.mark.usefixtures("embedded")
@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_up_knows_what_a_port_is(port: int) -> None:
    with pytest.raises(CommandError, match="from 1 to 65535"):
        call_command("up", port=port)


@pytest.mark.processes
def test_up_brings_the_fake_tone3000_along(tmp_path: Path) -> None:
    port, fake_port = str(free_port()), str(free_port())
    env = environment(tmp_path / "var", GTS_FAKE_TONE3000="1", GTS_FAKE_TONE3000_PORT=fake_port)
    log = tmp_path / "log"
    with process(env, log, "manage", "up", "--no-demo", "--port", port) as server:
        wait_until(lambda: "GTS is on" in log.read_text(), "it says where it is")
        assert f"http://localhost:{fake_port}/" in log.read_text()
        with FakeServer(f"http://localhost:{fake_port}") as fake:
            assert fake.tokens()["access_token"]
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=30) == 0
    assert not answers(int(fake_port))


@pytest.mark.usefixtures("embedded", "db")
def test_up_says_when_the_fake_tone3000_has_no_port(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings.GTS_FAKE_TONE3000 = True
        settings.GTS_FAKE_TONE3000_PORT = other.getsockname()[1]
        with pytest.raises(CommandError, match="GTS_FAKE_TONE3000_PORT"):
            call_command("up", no_demo=True)


# The fake Tone 3000 -------------------------------------------------------------------------------


@pytest.mark.processes
def test_the_fake_tone3000_runs_by_itself(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    command = ("tools.tone3000_server", "--port", str(port), "--auto-approve", "bob")
    with process(environment(tmp_path / "var"), log, *command) as server:
        wait_until(lambda: answers(port), "it answers")
        assert f"GTS_TONE3000_API=http://localhost:{port}/api/v1" in log.read_text()
        with FakeServer(f"http://localhost:{port}") as fake:
            token = fake.tokens()["access_token"]
            latest = f"{fake.base}/api/v1/tones/latest"
            tones = httpx.get(latest, headers={"Authorization": f"Bearer {token}"}).json()["data"]
        assert tones
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=30) == 0


def test_the_settings_know_the_key_of_the_fake_tone3000(tmp_path: Path) -> None:
    env = environment(tmp_path / "var", GTS_FAKE_TONE3000="1")
    code = "from django.conf import settings as s; print(s.GTS_TONE3000_KEY, s.GTS_TONE3000_API)"
    said = manage(env, "shell", "-v", "0", "-c", code)
    assert said == f"{CLIENT_ID} http://localhost:9300/api/v1"


# static files -------------------------------------------------------------------------------------


@pytest.fixture
def source(tmp_path: Path, settings: Settings) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "site.css").write_text("body { color: black }")
    settings.STATICFILES_DIRS = [folder]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "static"
    return folder


@pytest.mark.usefixtures("source")
def test_static_files_are_gathered_once(tmp_path: Path) -> None:
    assert gather_static()
    gathered = tmp_path / "static" / "site.css"
    assert gathered.read_text() == "body { color: black }"
    gathered.unlink()
    assert not gather_static()
    assert not gathered.exists()


def test_static_files_are_gathered_again_when_one_changes(tmp_path: Path, source: Path) -> None:
    gather_static()
    (source / "site.css").write_text("body { color: green }")
    later_s = (source / "site.css").stat().st_mtime + 2.0  # the size is the same
    os.utime(source / "site.css", (later_s, later_s))
    assert gather_static()
    assert "green" in (tmp_path / "static" / "site.css").read_text()
    (source / "more.css").write_text("")
    assert gather_static()
    assert not gather_static()


def test_a_gathering_that_was_cut_short_is_done_again(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather_static()
    (source / "site.css").write_text("p {}")
    with monkeypatch.context() as patched:
        patched.setattr("gts.static.call_command", interrupt)
        with pytest.raises(KeyboardInterrupt):
            gather_static()
    (source / "site.css").write_text("body { color: black }")
    assert gather_static()


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.usefixtures("source")
def test_what_no_page_of_gts_uses_is_not_gathered(tmp_path: Path, settings: Settings) -> None:
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.AppDirectoriesFinder"]
    gather_static()
    gathered = tmp_path / "static"
    assert {path.name for path in gathered.iterdir() if path.is_dir()} >= {"admin", "django_htmx"}
    assert not (gathered / "rest_framework").exists()
    assert [path.name for path in (gathered / "drf_spectacular_sidecar").iterdir()] == [
        "swagger-ui-dist"
    ]
