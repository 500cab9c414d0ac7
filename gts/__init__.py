"""The project: settings, entry points and what ties the apps together. Nothing imports it."""

from gts.celery import app as celery_app

__all__ = ["celery_app"]
