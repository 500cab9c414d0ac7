"""By what some requests must be proved. The settings name the classes: nothing here imports gts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NoReturn, cast

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request
from rest_framework.settings import api_settings

from gts.web.api.views import APIView
from gts.web.errors import SessionNeededError

_SCHEMES: Final = cast(
    Sequence[type[BaseAuthentication]], api_settings.DEFAULT_AUTHENTICATION_CLASSES
)
# For what makes tokens: one that leaked must not live on in others.
BY_SESSION: Final = [scheme for scheme in _SCHEMES if issubclass(scheme, SessionAuthentication)]
_BY_TOKEN: Final = [scheme for scheme in _SCHEMES if scheme not in BY_SESSION]


class MakesTokens(APIView):
    """Tells who has a good token that a session is needed (403), and not that nothing was sent."""

    def permission_denied(
        self, request: Request, message: str | None = None, code: str | None = None
    ) -> NoReturn:
        if not request.successful_authenticator:
            for scheme in _BY_TOKEN:
                if scheme().authenticate(request) is not None:
                    raise SessionNeededError(
                        "A token cannot make tokens: log in with a browser, and make one there."
                    )
        super().permission_denied(request, message, code)
