"""Versions: of GTS, and of what makes and measures samples, stored with what it made."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

_PYPROJECT: Final = Path(__file__).parents[2] / "pyproject.toml"

# ``project.version`` is the one place that states it.
VERSION: Final[str] = tomllib.loads(_PYPROJECT.read_text(encoding="utf-8"))["project"]["version"]

# Part of every render's digest: raise it whenever samples may come out differently. Compiled
# networks give the same bits in chunks of any length on every processor. On NumPy the same chunks
# give the same bits on one machine; between processors the last bits differ with the kernels
# OpenBLAS has for them.
ENGINE_VERSION: Final = "nam-2"

# Changes whenever the same recipe may give other samples for a reason outside the NAM engine.
RENDERER_VERSION: Final = "4"

# Stored with every measurement: raised whenever the same samples may read differently.
METER_VERSION: Final = "bs1770-5.2"
