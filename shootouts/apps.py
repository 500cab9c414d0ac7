from __future__ import annotations

from django.apps import AppConfig


class ShootoutsConfig(AppConfig):
    name = "shootouts"
    default_auto_field = "django.db.models.BigAutoField"
