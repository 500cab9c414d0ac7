"""What uvicorn and Celery load in tests: GTS as it is, and the slow jobs of ``jobs.tests.live``."""

from __future__ import annotations

from gts.asgi import application
from gts.celery import app
from jobs.tests.live import register_live

register_live()

__all__ = ["app", "application"]
