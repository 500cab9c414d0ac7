"""Forms of passwords, and what all forms share: findings of services beside their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.password_validation import password_validators_help_texts
from django.http import HttpRequest

from accounts.login.passwords import login_wait_s, login_wait_text, password_failed
from accounts.models import TokenScope, User
from gts.web.request_metrics import figures

CODE_HELP = "The six digits that your app shows now, or one of your backup codes."


class SlowedForm(AuthenticationForm):
    """A form of a name and a password that says so when too many were wrong."""

    def clean(self) -> dict[str, Any]:
        username = self.cleaned_data.get("username")
        if self.request is not None and username:
            wait_s = login_wait_s(self.request, username)
            if wait_s > 0:
                figures.login_ended("slowed")
                raise forms.ValidationError(login_wait_text(wait_s), code="slowed")
        return super().clean()


class AdminLoginForm(SlowedForm, AdminAuthenticationForm):
    pass


class LoginForm(SlowedForm):
    error_messages = {
        "invalid_login": "This username and password do not belong together.",
        "inactive": "This account is switched off.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The password is the last of the ways in; its field must not open phones' keyboards.
        del self.fields["username"].widget.attrs["autofocus"]


class ChangePasswordForm(PasswordChangeForm):
    """The old password is tried as often as one may log in."""

    ends_tokens = forms.BooleanField(
        label="Revoke my personal access tokens too", required=False, initial=True
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(cast(User, request.user), *args, **kwargs)
        self.request = request
        self.fields["old_password"].label = "Your current password"
        self.fields["new_password2"].label = "New password again"
        self.fields["new_password2"].help_text = ""
        # Django's own is a list, which cannot stand in the paragraph of a field's help.
        self.fields["new_password1"].help_text = " ".join(password_validators_help_texts())
        del self.fields["old_password"].widget.attrs["autofocus"]

    def clean_old_password(self) -> str:
        refuse_while_slowed(self.request, self.user)
        try:
            return super().clean_old_password()
        except forms.ValidationError:
            password_failed(self.request, self.user.get_username())
            raise


class ProofForm(forms.Form):
    """Asks who is logged in for their password again, if they have one, and for a code.

    Whether the code is right is for ``accounts.login.two_factor`` to say, once the rest is.
    """

    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, request: HttpRequest, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, auto_id="again-%s")
        self.request = request
        self.fields["code"] = code_field()
        if not cast(User, request.user).has_usable_password():
            del self.fields["password"]

    def clean_password(self) -> str:
        user = cast(User, self.request.user)
        refuse_while_slowed(self.request, user)
        if not user.check_password(self.cleaned_data["password"]):
            password_failed(self.request, user.get_username())
            raise forms.ValidationError("This is not your password.", code="wrong")
        return str(self.cleaned_data["password"])


def code_field() -> forms.CharField:
    attrs = {
        "autocomplete": "one-time-code",
        "autocapitalize": "none",
        "spellcheck": "false",
    }
    return forms.CharField(
        label="Code", max_length=40, widget=forms.TextInput(attrs=attrs), help_text=CODE_HELP
    )


class CodeForm(forms.Form):
    code = code_field()


def refuse_while_slowed(request: HttpRequest, user: User) -> None:
    """Raises Django's ``ValidationError`` after too many wrong passwords."""
    wait_s = login_wait_s(request, user.get_username())
    if wait_s > 0:
        figures.login_ended("slowed")
        raise forms.ValidationError(login_wait_text(wait_s), code="slowed")


class PersonalTokenForm(forms.Form):
    name = forms.CharField(max_length=100, label="What it is for")
    scope = forms.ChoiceField(choices=TokenScope.choices, label="It may")
    lifetime_days = forms.TypedChoiceField(
        choices=[(30, "30 days"), (90, "90 days"), (365, "1 year")],
        coerce=int,
        initial=90,
        label="Expires after",
    )
