from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_migrate
from django.urls import reverse

from gear.search.index import GEAR_INDEX, sqlite_index_ensure


def ensure_search_index(using: str, **_: object) -> None:
    sqlite_index_ensure(GEAR_INDEX, using=using)


def _gear_page(job: object) -> str:
    return reverse("gear-list")


class GearConfig(AppConfig):
    name = "gear"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # They import models, which are there only now.
        from accounts.quotas import register_storage
        from gear import personal_data
        from gear.captures.files import delete_file_with_row
        from gear.job_handlers import FetchTone, InspectCapture
        from gear.models import Capture
        from jobs.registry import Notice, register

        post_migrate.connect(ensure_search_index, sender=self, dispatch_uid="gear.search")
        personal_data.register_all()
        register_storage(
            "captures", lambda user: Capture.objects.owned_by(user).with_file().size_bytes()
        )
        # Anyone who uploads something looks on: a check that went well is no news.
        notice = Notice(page=_gear_page, is_quiet=True, title="Check of a capture", is_final=True)
        register(InspectCapture(), notice=notice)
        register(
            FetchTone(), notice=Notice(page=_gear_page, is_quiet=True, title="Tone 3000 download")
        )
        post_delete.connect(delete_file_with_row, sender=Capture, dispatch_uid="gear.capture_file")
