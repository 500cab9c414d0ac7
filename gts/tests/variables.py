"""The variables of `.env.example`, and what environments make of the settings."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from gts.tests.processes import ROOT

EXAMPLE: Final = (ROOT / ".env.example").read_text()
# Each variable with the value that stands there, and whether it is commented out.
VARIABLES: Final = re.findall(r"^(#?)([A-Z][A-Z0-9_]*)=(.*)$", EXAMPLE, re.MULTILINE)
NAMES: Final = [name for _, name, _ in VARIABLES]

# What someone fills in where the example says *required*.
FILLED_IN: Final = {
    "GTS_SECRET_KEY": "only-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH",
    "GTS_TOKEN_KEYS": "b25seS1mb3ItdGhlc2UtdGVzdHMtMDEyMzQ1Njc4OWE=",
    "GTS_ALLOWED_HOSTS": "gts.example",
    "POSTGRES_PASSWORD": "only4this",
    "DATABASE_URL": "postgresql://gts:only4this@127.0.0.1:5432/gts",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
}
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
