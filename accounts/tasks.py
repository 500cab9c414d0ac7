from __future__ import annotations

from celery import shared_task
from django.db import close_old_connections

from accounts.upkeep import upkeep


@shared_task(name="accounts.upkeep")
def run_upkeep() -> None:
    close_old_connections()
    try:
        upkeep()
    finally:
        close_old_connections()
