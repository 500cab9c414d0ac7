"""Periodic work as Celery tasks; beat sends them (``gts.celery``)."""

from __future__ import annotations

from celery import shared_task
from django.db import close_old_connections

from gts.ops import maintenance


@shared_task(name="maintenance.backup")
def make_backup() -> None:
    close_old_connections()
    try:
        maintenance.make_backup()
    finally:
        close_old_connections()


@shared_task(name="maintenance.daily")
def run_daily() -> None:
    close_old_connections()
    try:
        maintenance.run_daily()
    finally:
        close_old_connections()
