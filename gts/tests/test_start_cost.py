"""What a start need not pay for."""

from __future__ import annotations

from pathlib import Path

import pytest

from gts.tests.processes import environment, manage

# Needed by the first render or call to Tone 3000 at the earliest, or with a bucket alone.
_LATE = (
    "numpy",
    "scipy",
    "soxr",
    "soundfile",
    "pedalboard",
    "llvmlite",
    "av",
    "resvg_py",
    "fontTools",
    "boto3",
    "botocore",
    "httpx",
    "segno",
)

# What pages, the API and the admin are made of.
_PAGES = ("gts.urls", "rest_framework.views", "drf_spectacular.views", "accounts.admin")

_COMMAND = f"""
import sys
from gts.checks import CommandLine
CommandLine(["manage.py", "migrate", "-v", "0"]).execute()
print([name for name in {_PAGES} if name in sys.modules])
"""

# Everything that the web, beat and a command import before they work.
_START = f"""
import sys
import gts.asgi
from django.core.management import call_command
from django.test import Client
from django.urls import URLResolver, get_resolver

def callbacks(patterns):
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from callbacks(each.url_patterns)
        else:
            yield each.callback

assert len(list(callbacks(get_resolver().url_patterns))) > 200
call_command("check")
call_command("migrate", verbosity=0)
assert Client(headers={{"host": "localhost"}}).get("/").status_code == 200
import celery.apps.beat
from gts.celery import app
app.loader.import_default_modules()
app.finalize()
assert "jobs.run" in app.tasks
print([name for name in {_LATE} if name in sys.modules])
"""

# What a worker has loaded when its pool forks. Nothing is connected to.
_WORKER = f"""
import gc, sys
from celery.signals import worker_init
from gts.celery import app
app.amqp.queues.select(["{{queue}}"])
worker_init.send(sender=None)
print("scipy.signal" in sys.modules, any(name in sys.modules for name in {_LATE}))
print(len(gc.get_objects()))
"""
_PRODUCTION = {
    "DATABASE_URL": "postgresql://gts@127.0.0.1:1/gts",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "GTS_SECRET_KEY": "only-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH",
    "GTS_TOKEN_KEYS": "b25seS1mb3ItdGhpcy10ZXN0LTAxMjM0NTY3ODkwMTI=",
    "GTS_ALLOWED_HOSTS": "gts.example",
}


def test_web_beat_and_commands_start_without_what_only_renders_need(tmp_path: Path) -> None:
    # Debug: static files need not be collected for the page.
    env = environment(tmp_path, GTS_DEBUG="1")
    assert manage(env, "shell", "-v", "0", "-c", _START).splitlines()[-1] == "[]"


def test_a_command_starts_without_pages_and_their_checks(tmp_path: Path) -> None:
    assert manage(environment(tmp_path), "shell", "-v", "0", "-c", _COMMAND) == "[]"


@pytest.mark.parametrize("queue", ["render", "short"])
def test_a_worker_loads_what_computes_before_its_pool_forks(tmp_path: Path, queue: str) -> None:
    """While a process imports, it sees no wish to cancel, and who listens to a passage waits; while
    it looks through all that was imported for garbage, news of the job that has ended is not sent.
    """
    env = environment(tmp_path, **_PRODUCTION)
    lines = manage(env, "shell", "-v", "0", "-c", _WORKER.format(queue=queue)).splitlines()
    assert lines[0] == "True True"
    num_not_frozen = int(lines[1])
    assert num_not_frozen < 5_000


def test_what_a_start_makes_is_not_looked_through_for_garbage(tmp_path: Path) -> None:
    code = "import gc; print(gc.isenabled(), gc.get_freeze_count() > 100_000)"
    assert manage(environment(tmp_path), "shell", "-v", "0", "-c", code) == "True True"
