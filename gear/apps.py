from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_delete


class GearConfig(AppConfig):
    name = "gear"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # They import models, which are there only now.
        from gear.capture_files import delete_file_with_row
        from gear.job_handlers import InspectCapture
        from gear.models import Capture
        from jobs.registry import register

        register(InspectCapture())
        post_delete.connect(delete_file_with_row, sender=Capture, dispatch_uid="gear.capture_file")
