from __future__ import annotations

from django.apps import AppConfig


class GtsConfig(AppConfig):
    name = "gts"
