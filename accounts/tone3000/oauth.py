"""Logging in with Tone 3000: OAuth 2.0 authorization code with PKCE, as a public client.

State, verifier and their single use are social-auth's; what it sends, how it reads answers and
what it keeps is fixed here. There is no way to log in by a token: whom a Tone 3000 token was
issued to cannot be checked, so one made for another program would open an account here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from social_core.backends.oauth import BaseOAuth2PKCE
from social_core.exceptions import (
    AuthAssociationError,
    AuthCanceled,
    AuthCredentialError,
    AuthProviderError,
    AuthResponseError,
    ErrorStage,
    SocialAuthBaseException,
)
from social_django.strategy import DjangoStrategy

from accounts.selectors import TONE3000
from accounts.tone3000 import calls
from gts.web.errors import TokenServiceUnavailableError

# What the token endpoint says of a dead code or refresh token in its second shape of errors.
_DEAD_GRANT = frozenset(
    {
        "refresh_token_not_found",
        "refresh_token_already_used",
        "session_not_found",
        "session_expired",
        "user_banned",
        "flow_state_not_found",
        "flow_state_expired",
        "bad_code_verifier",
    }
)


# What is kept of them for display, beside the id.
SHOWN: Final = ("username", "display_name", "avatar_url", "url")


class Tone3000OAuth2(BaseOAuth2PKCE[HttpResponse]):
    name = TONE3000
    title = "Tone 3000"
    # The default would append a parameter to the redirect URI, which must match exactly.
    REDIRECT_STATE = False
    STATE_PARAMETER = True
    PKCE_DEFAULT_CODE_VERIFIER_LENGTH = 64
    DEFAULT_SCOPE = None
    ID_KEY = "id"
    REQUIRES_USER_ID = True
    EXTRA_DATA = list(SHOWN)

    @property
    def http_request(self) -> HttpRequest:
        """The request that is being answered."""
        return cast(HttpRequest, cast(DjangoStrategy, self.strategy).request)

    def auth_complete_params(self, state: str | None = None) -> dict[str, Any]:
        params: dict[str, str] = super().auth_complete_params(state)  # type: ignore[no-untyped-call]
        return _without_secret(params)

    def refresh_token_params(self, token: str, *args: Any, **kwargs: Any) -> dict[str, str]:
        return _without_secret(super().refresh_token_params(token, *args, **kwargs))

    def process_error(self, data: Any, *, stage: ErrorStage = "callback") -> None:
        """Refusals of the callback count only with its state, like everything else in it."""
        error = self.get_provider_error(dict(data.items()), stage=stage)
        if error is None and data.get("canceled") == "true" and not data.get("code"):
            error = AuthCanceled(self, provider_code="canceled", stage=stage)
        if error is None:
            return
        if stage == "callback":
            self.validate_state()
        raise error

    def get_provider_error(
        self,
        data: object,
        *,
        stage: ErrorStage = "callback",
        status_code: int | None = None,
        retry_after: str | None = None,
    ) -> SocialAuthBaseException | None:
        """In both shapes of the token endpoint: ``{error}`` and ``{code, error_code, msg}``."""
        word = data.get("error_code") if isinstance(data, Mapping) else None
        if isinstance(word, str) and word in _DEAD_GRANT:
            return AuthCredentialError(
                self,
                code="reauthentication_required"
                if stage == "refresh"
                else "authorization_code_rejected",
                source="provider_response",
                provider_code=word,
                stage=stage,
                status_code=status_code,
            )
        return super().get_provider_error(
            data, stage=stage, status_code=status_code, retry_after=retry_after
        )

    def get_json(
        self,
        url: str,
        method: Any = "GET",
        headers: Any = None,
        data: dict[str, str] | None = None,
        *args: Any,
        stage: ErrorStage = "user_info",
        **kwargs: Any,
    ) -> dict[Any, Any]:
        """By our own client, which is bounded in time and size and follows no redirect."""
        return self._call(method, url, stage, form=data)

    def get_access_token(self, response: dict[str, Any]) -> str:
        try:
            return calls.parse_tokens(response).access
        except TokenServiceUnavailableError as error:
            raise AuthResponseError(
                self, code="missing_claim", claim="access_token", stage="token_exchange"
            ) from error

    def user_data(self, access_token: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        url = f"{settings.GTS_TONE3000_API}/user"
        try:
            user = calls.parse_user(self._call("GET", url, "user_info", bearer=access_token))
        except calls.UnreadableAnswerError as error:
            raise AuthResponseError(
                self, str(error), code="missing_claim", claim="id", stage="user_info"
            ) from error
        return {
            "id": user.id,
            "username": user.username,
            "display_name": user.display_name,
            "avatar_url": user.avatar_url,
            "url": user.url,
        }

    def _call(
        self,
        method: str,
        url: str,
        stage: ErrorStage,
        *,
        form: Mapping[str, str] | None = None,
        bearer: str = "",
    ) -> dict[Any, Any]:
        try:
            answer = calls.call(method, url, form=form, bearer=bearer)
        except TokenServiceUnavailableError as error:
            raise AuthProviderError(self, code="unavailable", stage=stage) from error
        if answer.status != 200:
            raise self._error_of(answer, stage)
        if not isinstance(answer.data, dict):
            raise AuthResponseError(self, code="malformed_response", stage=stage)
        return answer.data

    def _error_of(self, answer: calls.Answer, stage: ErrorStage) -> SocialAuthBaseException:
        status = answer.status
        if 400 <= status < 500 and status != 429:
            known = self.get_provider_error(answer.data, stage=stage, status_code=status)
            if known is not None:
                return known
        is_busy = status in (403, 429) or status >= 500  # a 403 can be their firewall's throttle
        code = "unavailable" if is_busy else "http_error"
        return AuthProviderError(self, code=code, stage=stage, status_code=status)

    def get_user_details(self, response: Mapping[str, Any]) -> dict[str, Any]:
        """They send no e-mail address, so accounts are never matched by one."""
        return {
            "username": response["username"],
            "fullname": response["display_name"],
            "email": "",
        }

    def extra_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """What is shown of them. social-auth would add the tokens, in plain text."""
        data = super().extra_data(*args, **kwargs)
        return {name: data[name] for name in (*SHOWN, "auth_time")}

    def run_authentication(self, *args: Any, **kwargs: Any) -> Any:
        """All of the pipeline or nothing of it: no error leaves half an account behind."""
        try:
            with transaction.atomic():
                return super().run_authentication(*args, **kwargs)
        except AuthAssociationError as error:
            if error.code != "identity_in_use" or kwargs.get("user") is not None:
                raise
        # The same person's other tab made the account at this very moment: log in to that one.
        with transaction.atomic():
            return super().run_authentication(*args, **kwargs)

    async def aget_user(self, user_id: int) -> AbstractBaseUser | None:
        """social-auth has only the one that blocks; async views ask this one."""
        user: AbstractBaseUser | None = await sync_to_async(self.get_user)(user_id)
        return user


def _without_secret(params: dict[str, str]) -> dict[str, str]:
    """A public client has no secret, and must not even send an empty one."""
    return {name: value for name, value in params.items() if name != "client_secret"}
