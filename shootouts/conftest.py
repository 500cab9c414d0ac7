from __future__ import annotations

import pytest

from accounts.models import User
from shootouts.models import Shootout
from shootouts.models.shootout import ShootoutState
from shootouts.tests.factories import make_shootout, render


@pytest.fixture
def rendered(transactional_db: None, alice: User) -> Shootout:
    """Rendered by the real pipeline, private."""
    shootout = render(make_shootout(alice, title="Quiet against loud"))
    assert shootout.state == ShootoutState.COMPLETED
    return shootout
