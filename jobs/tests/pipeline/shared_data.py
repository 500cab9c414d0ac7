"""Where the shared test material is, if it is: reference renders and recorded answers.

It lives beside the repository (``../shared``) or where ``GTS_SHARED_DIR`` says. Tests that need
it skip with this one reason when it is absent; everything else always runs.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[3]
SHARED_DIR = Path(os.environ.get("GTS_SHARED_DIR") or _REPOSITORY.parent / "shared")

NAM_VECTORS = SHARED_DIR / "data" / "nam"
TONE3000_SAMPLES = SHARED_DIR / "data" / "tone3000"

needs_nam_vectors = pytest.mark.skipif(
    not (NAM_VECTORS / "reference_stats.json").is_file(),
    reason="needs the NAM reference vectors in ../shared/data/nam (or GTS_SHARED_DIR)",
)

needs_tone3000_samples = pytest.mark.skipif(
    not (TONE3000_SAMPLES / "tone_nam.json").is_file(),
    reason="needs the sample answers in ../shared/data/tone3000 (or GTS_SHARED_DIR)",
)
