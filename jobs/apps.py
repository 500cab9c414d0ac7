from __future__ import annotations

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "jobs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # They import models, which are there only now.
        from accounts.personal_data import register_before_erasure, register_table
        from jobs.models import Job, Notification
        from jobs.services import jobs_cancel_all

        # What went wrong inside is for operators.
        register_table(Job, owner="owner", hidden=("error_detail", "worker"))
        register_table(Notification, owner="owner")
        register_before_erasure("jobs", jobs_cancel_all)
