from __future__ import annotations

from django.apps import AppConfig


class ShootoutsConfig(AppConfig):
    name = "shootouts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # They import models, which are there only now.
        from shootouts import stored_files
        from shootouts.job_handlers import register_all

        register_all()
        stored_files.connect()
