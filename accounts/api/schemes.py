"""By what some requests must be proved. The settings name the classes: nothing here imports gts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.settings import api_settings

_SCHEMES: Final = cast(
    Sequence[type[BaseAuthentication]], api_settings.DEFAULT_AUTHENTICATION_CLASSES
)
# For what makes tokens: one that leaked must not live on in others.
BY_SESSION: Final = [scheme for scheme in _SCHEMES if issubclass(scheme, SessionAuthentication)]
