"""What a machine may lack."""

from __future__ import annotations

import shutil

import pytest

needs_ffmpeg = pytest.mark.skipif(
    shutil.which("ffmpeg") is None or shutil.which("ffprobe") is None,
    reason="compares with the ffmpeg command line, which is not installed",
)
