"""Forms of users in the admin: operators cannot lock themselves out, nor the last of them."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm
from social_django.models import UserSocialAuth

from accounts.models import User
from accounts.operators import operator_check_left, operators
from accounts.selectors import TONE3000
from gts.web.errors import ConflictError

OWN_RIGHTS: Final = (
    "You cannot take this from your own account: ask another operator, or delete the account on "
    "your Account page."
)
PASSWORD_NEEDED: Final = (
    "Without a password this operator could not log in: the account is not connected to Tone 3000. "
    "Take “Staff status” from it first."
)


class UserForm(UserChangeForm[User]):
    """``acting``: who changes a user; the admin sets it for each request."""

    acting: ClassVar[Any] = None

    def clean(self) -> dict[str, Any]:
        super().clean()
        is_own = self.acting is not None and self.instance.pk == self.acting.pk
        for name in ("is_active", "is_staff"):
            if is_own and self._takes(name):
                self.add_error(name, OWN_RIGHTS)
        takes_any = any(map(self._takes, ("is_active", "is_staff", "is_superuser")))
        if takes_any and operators().filter(pk=self.instance.pk).exists():
            try:
                operator_check_left([self.instance.pk], locks=True)
            except ConflictError as refusal:
                self.add_error(None, refusal.message)
        return self.cleaned_data

    def _takes(self, name: str) -> bool:
        return bool(getattr(self.instance, name)) and self.cleaned_data.get(name) is False


class UserPasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]  # none when it runs
    def clean(self) -> dict[str, Any]:
        super().clean()
        is_disabled = self.cleaned_data.get("set_usable_password") is False
        if is_disabled and self.user.is_staff and not _has_tone3000(self.user):
            self.add_error("usable_password", PASSWORD_NEEDED)
        return self.cleaned_data


def _has_tone3000(user: User) -> bool:
    return UserSocialAuth.objects.filter(user=user, provider=TONE3000).exists()
