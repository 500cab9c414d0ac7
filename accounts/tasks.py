from __future__ import annotations

from celery import shared_task
from django.db import close_old_connections

from accounts.cleanup import clean_up


@shared_task(name="accounts.clean_up")
def run_cleanup() -> None:
    close_old_connections()
    try:
        clean_up()
    finally:
        close_old_connections()
