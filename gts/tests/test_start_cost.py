"""What a start need not pay for."""

from __future__ import annotations

from pathlib import Path

from gts.tests.processes import environment, manage

# Needed by the first render at the earliest, or with a bucket alone.
_LATE = (
    "numpy",
    "scipy",
    "soxr",
    "soundfile",
    "pedalboard",
    "llvmlite",
    "av",
    "resvg_py",
    "boto3",
    "botocore",
)

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


def test_web_beat_and_commands_start_without_what_only_renders_need(tmp_path: Path) -> None:
    # Debug: static files need not be collected for the page.
    env = environment(tmp_path, GTS_DEBUG="1")
    assert manage(env, "shell", "-v", "0", "-c", _START).splitlines()[-1] == "[]"


def test_what_a_start_makes_is_not_looked_through_for_garbage(tmp_path: Path) -> None:
    code = "import gc; print(gc.isenabled(), gc.get_freeze_count() > 100_000)"
    assert manage(environment(tmp_path), "shell", "-v", "0", "-c", code) == "True True"
