from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from gear.search.index import COMMENT_INDEX, SHOOTOUT_INDEX, sqlite_index_ensure


def ensure_search_index(using: str, **_: object) -> None:
    for index in (SHOOTOUT_INDEX, COMMENT_INDEX):
        sqlite_index_ensure(index, using=using)


class ShootoutsConfig(AppConfig):
    name = "shootouts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # They import models, which are there only now.
        from accounts.tasks import register_cleanup
        from shootouts import personal_data
        from shootouts.jobs.handlers import register_all
        from shootouts.services import comments, renders, uploads

        post_migrate.connect(ensure_search_index, sender=self, dispatch_uid="shootouts.search")
        register_all()
        personal_data.register_usage()
        personal_data.register_all()
        renders.connect_file_deletion()
        comments.connect()
        uploads.connect_file_deletion()
        register_cleanup("uploads", uploads.uploads_expire)
