"""The project: settings, entry points and what ties the apps together. Nothing imports it."""

from jobs.pipeline.blas import prepare_environment

# Every process comes through here before anything imports NumPy, which reads it when imported.
prepare_environment()

from gts.celery import app as celery_app  # noqa: E402

__all__ = ["celery_app"]
