from __future__ import annotations

from django.apps import AppConfig


class ShootoutsConfig(AppConfig):
    name = "shootouts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from shootouts.job_handlers import register_all

        register_all()
