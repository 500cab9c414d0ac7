"""The version of GTS. ``project.version`` in pyproject.toml is the one place that states it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

_PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"

VERSION: Final[str] = tomllib.loads(_PYPROJECT.read_text(encoding="utf-8"))["project"]["version"]
