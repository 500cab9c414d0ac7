"""People whose account here is connected with the stand-in, as after a login."""

from __future__ import annotations

from accounts.models import User
from accounts.tests.factories import connect_tone3000
from accounts.tone3000 import TokenAnswer
from gear.tone3000.standin import StandIn
from gear.tone3000.standin.seed import catalogue

_UUIDS = {name: user.uuid for name, user in catalogue().users.items()}


def connect(user: User, standin: StandIn, *, as_user: str = "alice") -> User:
    pair = standin.tokens(as_user)
    answer = TokenAnswer(pair["access_token"], pair["refresh_token"], pair["expires_in"])
    connect_tone3000(user, answer, tone3000_id=_UUIDS[as_user])
    return user
