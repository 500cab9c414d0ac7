"""Django's command, for which a password has to be good enough as everywhere else."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.contrib.auth.password_validation import validate_password

from accounts.models import User


class Command(createsuperuser.Command):
    # Django's own takes DJANGO_SUPERUSER_PASSWORD as it is, and at a terminal asks whether to take
    # a bad one nevertheless.
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.UserModel: Any = _ValidatedUsers(self.UserModel)


class _ValidatedUsers:
    """Stands for the model, and for its manager when an operator is made."""

    def __init__(self, model: Any, manager: Any = None) -> None:
        self._model = model
        self._manager = manager

    def __call__(self, **values: Any) -> Any:
        return self._model(**values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._manager or self._model, name)

    @property
    def _default_manager(self) -> Any:
        return _ValidatedUsers(self._model, self._model._default_manager)

    def db_manager(self, using: str) -> Any:
        return _ValidatedUsers(self._model, self._manager.db_manager(using))

    def create_superuser(self, *, password: str | None, **values: Any) -> User:
        """Raises ``ValidationError``, of which the command makes one sentence."""
        if password is not None:
            validate_password(password, self._model(**values))
        made: User = self._manager.create_superuser(password=password, **values)
        return made
