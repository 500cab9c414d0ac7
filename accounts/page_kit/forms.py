"""Errors of services in forms, beside the fields they are about."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms

from gts.web.errors import AppError, InvalidInputError


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
