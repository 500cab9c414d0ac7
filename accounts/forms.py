"""What all forms of the pages share: findings of services beside the fields they are about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm

from accounts.errors import AppError, InvalidInputError
from accounts.models import TokenScope


class LoginForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "This username and password do not belong together.",
        "inactive": "This account is switched off.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The password is the last of the ways in; its field must not open phones' keyboards.
        del self.fields["username"].widget.attrs["autofocus"]


class PersonalTokenForm(forms.Form):
    name = forms.CharField(max_length=100, label="What it is for")
    scope = forms.ChoiceField(choices=TokenScope.choices, label="It may")
    lifetime_days = forms.TypedChoiceField(
        choices=[(30, "30 days"), (90, "90 days"), (365, "1 year")],
        coerce=int,
        initial=90,
        label="Expires after",
    )


def add_app_error(
    form: forms.BaseForm, error: AppError, *, fields: Mapping[str, str] | None = None
) -> None:
    """Put each finding of ``error`` beside its field, or above the form when it has none.

    A pointer names its field anywhere along its path; ``fields`` translates where the names of
    the service and of the form differ.
    """
    names = {name: name for name in form.fields} | dict(fields or {})
    is_about_input = isinstance(error, InvalidInputError)
    for detail in error.details:
        parts = detail.pointer.strip("/").split("/")
        field = next((names[part] for part in reversed(parts) if part in names), None)
        # The details of other errors (a conflict, a wrong file) are for programs.
        form.add_error(field, detail.message if is_about_input else error.message)
    if not error.details:
        form.add_error(names.get("file"), error.message)
