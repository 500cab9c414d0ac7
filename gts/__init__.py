"""The project: settings, entry points and what ties the apps together. Nothing imports it."""

import gc

from django.core.exceptions import ImproperlyConfigured

from jobs.pipeline.blas import prepare_environment

# Every process comes through here before anything imports NumPy, which reads it when imported.
prepare_environment()

# What a start makes stays: to look through it for garbage is a fifth of the time of every start.
gc.disable()  # until ``GtsConfig.ready``

# And before it knows its settings: what is wrong with a variable is for people, not for developers.
try:
    from gts.celery import app as celery_app
except ImproperlyConfigured as error:
    raise SystemExit(f"GTS does not start: {error}") from None

__all__ = ["celery_app"]
