"""What a start need not pay for."""

from __future__ import annotations

from pathlib import Path

from gts.tests.processes import environment, manage

# Tenths of a second each, and needed by the first render at the earliest. `import scipy` loads them
# when they are used; `from scipy import signal` would load them at once.
_LATE = ("scipy.fft", "scipy.signal", "scipy.stats", "scipy.ndimage")


def test_a_start_does_not_load_what_only_renders_need(tmp_path: Path) -> None:
    code = f"import sys, gts.asgi; print([name for name in {_LATE} if name in sys.modules])"
    assert manage(environment(tmp_path), "shell", "-v", "0", "-c", code) == "[]"


def test_what_a_start_makes_is_not_looked_through_for_garbage(tmp_path: Path) -> None:
    code = "import gc; print(gc.isenabled(), gc.get_freeze_count() > 100_000)"
    assert manage(environment(tmp_path), "shell", "-v", "0", "-c", code) == "True True"
