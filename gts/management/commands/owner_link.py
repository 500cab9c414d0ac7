"""``manage.py owner_link``: the address by which the owner of this machine logs in, once."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.login.local import owner_link, owner_token_renew, secrets_dir
from gts.server_lock import holder_of


class Command(BaseCommand):
    help = "Print an address that logs in the owner of this machine, once; older ones end."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.IS_EMBEDDED:
            raise CommandError(
                "Only `make run` has an owner. In production: manage.py createsuperuser."
            )
        holder = holder_of(settings.DATA_DIR)
        if holder is None:
            raise CommandError(
                f"No GTS server is running on {settings.DATA_DIR}. `make run` starts one, and "
                "shows such an address."
            )
        try:
            token = owner_token_renew(secrets_dir())
        except OSError as error:
            raise CommandError(f"The token cannot be written: {error}.") from error
        self.stdout.write(owner_link(holder.url or "http://127.0.0.1:8000", token))
