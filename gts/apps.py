from __future__ import annotations

import gc
from importlib import import_module

from django.apps import AppConfig


class GtsConfig(AppConfig):
    name = "gts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Modules that register something by being imported.
        for module in ("gts.checks", "gts.celery_heartbeat"):
            import_module(module)
        # This is the last app: what is there now stays as long as the process.
        gc.freeze()
        gc.enable()
