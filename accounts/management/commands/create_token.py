"""``manage.py create_token USERNAME``: a personal access token for scripts."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.models import TokenScope, User
from accounts.services import user_create
from accounts.tokens.personal import MAX_LIFETIME_DAYS, personal_token_create
from gts.web.errors import AppError


class Command(BaseCommand):
    help = "Print a personal access token of a user: curl -H 'Authorization: Bearer <token>'."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--create", action="store_true", help="make the user if need be")
        parser.add_argument("--name", default="create_token", help="what it is for")
        parser.add_argument(
            "--scope",
            choices=TokenScope.values,
            default=TokenScope.WRITE.value,
            help="read: it changes nothing (default write)",
        )
        parser.add_argument(
            "--hours", type=float, default=24.0, help="how long the token is good (default 24)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 < options["hours"] <= 24 * MAX_LIFETIME_DAYS:
            raise CommandError("--hours must be more than 0 and at most a year.")
        user = self._user(options["username"], is_wanted=options["create"])
        if not user.is_active:
            raise CommandError(f"{user.username} is not active.")
        try:
            _, token = personal_token_create(
                user=user,
                name=options["name"],
                scope=TokenScope(options["scope"]),
                lifetime=timedelta(hours=options["hours"]),
            )
        except AppError as error:
            raise CommandError(error.message) from error
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        self.stdout.write(token)

    def _user(self, username: str, *, is_wanted: bool) -> User:
        user = User.objects.filter(username=username).first()
        if user is not None:
            return user
        if not is_wanted:
            raise CommandError(f"There is no user {username}. --create makes one.")
        try:
            return user_create(username=username)
        except AppError as error:
            raise CommandError(error.message) from error
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
