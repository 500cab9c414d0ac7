from __future__ import annotations

import pytest

from jobs.tests import handlers


@pytest.fixture(autouse=True)
def scripted_handlers() -> None:
    handlers.register_all()
    for handler in handlers.ALL:
        handler.reset()
