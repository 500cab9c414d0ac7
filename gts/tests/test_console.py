"""What someone at the console reads, and what goes into the log file instead."""

from __future__ import annotations

import errno
import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.models import User
from gts.ops.logs import LogFile, RenderNews, Troubles, duration_text, one_line
from shootouts.jobs.handlers import RenderEnd
from shootouts.tests.factories import make_shootout, render


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    logger = logging.getLogger("gts.test_console")
    logger.setLevel("INFO")
    logger.propagate = False
    yield logger
    logger.handlers.clear()


# Renders ------------------------------------------------------------------------------------------


def say_end(logger: logging.Logger, state: str, title: str = "Four cleans") -> None:
    facts = {"state": state, "duration_s": 83.2}
    end = RenderEnd(title, "/shootouts/1/", "The server has no space left for the result.")
    logger.info("a render is over", extra={"facts": facts, "end": end})


def test_a_render_is_one_line_with_its_page(logger: logging.Logger, lines: list[str]) -> None:
    logger.addHandler(RenderNews(lines.append, "http://127.0.0.1:8000"))
    for state in ("completed", "failed", "cancelled"):
        say_end(logger, state)
    logger.info("something else")
    assert lines == [
        "“Four cleans” rendered in 1 min 23 s  http://127.0.0.1:8000/shootouts/1/",
        "“Four cleans” failed: The server has no space left for the result.  "
        "http://127.0.0.1:8000/shootouts/1/",
    ]


def test_a_title_cannot_write_over_the_console(logger: logging.Logger, lines: list[str]) -> None:
    logger.addHandler(RenderNews(lines.append, "http://h"))
    say_end(logger, "completed", title="\x1b[2J\nroot# \u202e" + "x" * 1000)
    [line] = lines
    assert line.isprintable()
    assert len(line) < 300


@pytest.mark.django_db(transaction=True)
def test_the_end_of_a_render_is_logged_after_its_commit(
    caplog: pytest.LogCaptureFixture, alice: User
) -> None:
    with caplog.at_level(logging.INFO, logger="shootouts.renders"):
        shootout = render(make_shootout(alice, title="Secret title"))
    [record] = [each for each in caplog.records if each.name == "shootouts.renders"]
    assert record.__dict__["facts"]["state"] == "completed"
    assert record.__dict__["facts"]["duration_s"] > 0
    end = record.__dict__["end"]
    assert (end.title, end.path) == ("Secret title", f"/shootouts/{shootout.uuid}/")
    assert "Secret" not in record.getMessage() + str(record.__dict__["facts"])


@pytest.mark.parametrize(
    ("duration_s", "text"), [(0.2, "0 s"), (59.4, "59 s"), (60.0, "1 min 0 s"), (None, "no time")]
)
def test_durations_are_for_people(duration_s: float | None, text: str) -> None:
    assert duration_text(duration_s) == text


# Troubles -----------------------------------------------------------------------------------------


def test_a_trouble_is_one_line_that_names_the_log(logger: logging.Logger, lines: list[str]) -> None:
    logger.addHandler(Troubles(lines.append, Path("var/log/gts.log")))
    logger.info("not for people")
    logger.warning("the storage is away\nand more of it, password=hunter2")
    try:
        raise OSError("password=hunter2")
    except OSError:
        logger.exception("it failed")
    assert lines == [
        "Warning: the storage is away  (log: var/log/gts.log)",
        "Error: it failed: OSError('password=[hidden]')  (log: var/log/gts.log)",
    ]


def test_the_same_is_not_said_again_and_again(logger: logging.Logger, lines: list[str]) -> None:
    logger.addHandler(Troubles(lines.append, Path("log")))
    for _ in range(50):
        logger.warning("the storage is away")
    logger.warning("the database is away")
    assert len(lines) == 2


def test_a_full_disk_is_one_sentence_for_many_jobs(
    logger: logging.Logger, lines: list[str]
) -> None:
    logger.addHandler(Troubles(lines.append, Path("log")))
    for number in range(5):
        error = OSError(errno.ENOSPC, "No space left on device")
        logger.error("job %d failed", number, exc_info=error)
    [line] = lines
    assert line.startswith("Error: There is no room left on the disk. Make some, ")


def test_everyday_warnings_are_for_the_log(lines: list[str]) -> None:
    handler = Troubles(lines.append, Path("log"))
    for name in ("django.request", "uvicorn.error", "jobs.queue.runner", "gts.web.hosts"):
        handler.emit(logging.makeLogRecord({"name": name, "levelno": 30, "msg": f"w {name}"}))
        handler.emit(logging.makeLogRecord({"name": name, "levelno": 40, "msg": f"e {name}"}))
    assert [line.split("  ")[0] for line in lines] == [
        f"Error: e {name}"
        for name in ("django.request", "uvicorn.error", "jobs.queue.runner", "gts.web.hosts")
    ]


def test_one_line_is_one_line() -> None:
    assert one_line("a\tb\r\nc\x00") == "a b  c"
    assert len(one_line("x" * 10_000)) == 240


# The file -----------------------------------------------------------------------------------------


def test_the_log_file_is_private_and_does_not_grow_without_end(
    tmp_path: Path, logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gts.ops.logs._FILE_MAX_BYTES", 2000)
    handler = LogFile(tmp_path / "gts.log")
    logger.addHandler(handler)
    for number in range(500):
        logger.info("line %d “quoted”", number)
    handler.close()
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["gts.log", "gts.log.1", "gts.log.2", "gts.log.3"]
    assert all(file.stat().st_size <= 2000 for file in files)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert "line 499" in files[0].read_text()


def test_a_log_on_a_full_disk_is_said_once(
    tmp_path: Path, logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = LogFile(tmp_path / "gts.log")
    handler.setStream(open("/dev/full", "w")).close()  # type: ignore[union-attr]  # noqa: SIM115
    logger.addHandler(handler)
    for _ in range(5):
        logger.info("x" * 10_000)
    said = capsys.readouterr().err
    assert said == "The log cannot be written: [Errno 28] No space left on device\n"
