from __future__ import annotations

from pathlib import Path

import pytest

from jobs.pipeline.render.tests.inputs import Inputs


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    folder = tmp_path / "inputs"
    folder.mkdir()
    return Inputs(folder)
