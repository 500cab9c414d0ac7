"""Where further test material is, if it is: reference renders and answers of others.

It lies beside the repository (``../shared``) or where ``GTS_SHARED_DIR`` says. Nothing needs it:
the repository has material of its own for the same tests, and what lies there is added.
"""

from __future__ import annotations

import os
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[3]
SHARED_DIR = Path(os.environ.get("GTS_SHARED_DIR") or _REPOSITORY.parent / "shared")

NAM_VECTORS = SHARED_DIR / "data" / "nam"
TONE3000_SAMPLES = SHARED_DIR / "data" / "tone3000"
