from __future__ import annotations

from django.apps import AppConfig


class GearConfig(AppConfig):
    name = "gear"
    default_auto_field = "django.db.models.BigAutoField"
