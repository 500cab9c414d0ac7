"""What a test may need that is not everywhere, each with its reason.

A test skips for one of these or fails: ``conftest.py`` sees to it. On the machine of a developer
with Chromium, ``make test`` skips only what needs another database or a server.
"""

from __future__ import annotations

import os
import shutil
from typing import Final

import pytest
from django.db import connection

# Another database, or a server; and what other commands run.
SERVICES: Final = "needs PostgreSQL and Redis: make test-services"
POSTGRESQL: Final = "needs PostgreSQL: make test-services"
SQLITE: Final = "needs SQLite: make test"
FAULTS: Final = "needs servers of its own, for minutes: make test-faults"
SERVER_PROGRAMS: Final = "needs the programs of PostgreSQL and Redis"
# What the machine may lack.
BROWSER: Final = "needs Chromium"
ROOT: Final = "needs root, to mount a small disk"
LLVM: Final = "needs llvmlite, which has no wheel for this platform"
FUSED_MULTIPLY_ADD: Final = "needs fused multiply-add, and leave to run code just made"
OPENBLAS: Final = "needs a NumPy that comes with OpenBLAS"
PROC: Final = "needs Linux's /proc, to tell memory"
GIT: Final = "needs git"
FFMPEG: Final = "needs the program ffmpeg, to compare with what it decodes"
NETWORK: Final = "needs an address in a network"
NGINX: Final = "needs the program nginx"

REASONS: Final = frozenset(
    {
        SERVICES,
        POSTGRESQL,
        SQLITE,
        FAULTS,
        SERVER_PROGRAMS,
        BROWSER,
        ROOT,
        LLVM,
        FUSED_MULTIPLY_ADD,
        OPENBLAS,
        PROC,
        GIT,
        FFMPEG,
        NETWORK,
        NGINX,
    }
)

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or ""

# Debian has it where only root's PATH looks.
NGINX_PROGRAM: Final = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin") or ""

needs_nginx = pytest.mark.skipif(not NGINX_PROGRAM, reason=NGINX)
needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason=FFMPEG)
needs_services = pytest.mark.skipif(os.environ.get("GTS_TEST_SERVICES") != "1", reason=SERVICES)
needs_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason=POSTGRESQL)
needs_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason=SQLITE)
needs_chromium = pytest.mark.skipif(not CHROMIUM, reason=BROWSER)
