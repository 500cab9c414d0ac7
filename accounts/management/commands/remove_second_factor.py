"""``manage.py remove_second_factor USERNAME``: for who has lost their phone and backup codes."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.login.two_factor import two_factor_remove
from accounts.models import User
from gts.web.errors import NotFoundError


class Command(BaseCommand):
    help = "Switch off the two-factor login of one account. The audit trail notes it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['username']}.")
        try:
            two_factor_remove(user=user, by_operator=True)
        except NotFoundError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{user.username} logs in by the password alone now.")
