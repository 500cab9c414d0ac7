"""The admin is looked for late, and its checks look at all of it all the same."""

from __future__ import annotations

from pathlib import Path

from gts.tests.processes import environment, manage

_CODE = """
import sys
from django.contrib import admin
from django.core import checks
late = ("gear.admin", "rest_framework.fields", "limits", "httpx")
found = [name for name in late if name in sys.modules]
print(found, len(admin.site._registry))
from gts.celery import app
app.loader.init_worker()  # as a worker and beat do
print("jobs.run" in app.tasks, "gts.urls" in sys.modules)
looked_at = []
admin.ModelAdmin.check = lambda self, **_: looked_at.append(self) or []
checks.run_checks(tags=["admin"])
print(len(looked_at) == len(admin.site._registry) > 10)
"""


def test_commands_workers_and_beat_know_no_admin_until_that_is_checked(tmp_path: Path) -> None:
    said = manage(environment(tmp_path), "shell", "-v", "0", "-c", _CODE).splitlines()
    assert said[-3:] == ["[] 0", "True False", "True"]
