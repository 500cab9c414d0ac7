"""Families of refresh tokens are listed; until now only those that were revoked had a row."""

from typing import Any

from django.db import migrations, models
from django.utils import timezone


def mark_as_revoked(apps: Any, schema_editor: Any) -> None:
    apps.get_model("accounts", "TokenFamily").objects.update(revoked_at=timezone.now())


def keep_only_revoked(apps: Any, schema_editor: Any) -> None:
    apps.get_model("accounts", "TokenFamily").objects.filter(revoked_at=None).delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_sessions_with_users")]

    operations = [
        migrations.RenameModel("RevokedTokenFamily", "TokenFamily"),
        migrations.AlterModelOptions(
            name="tokenfamily", options={"verbose_name_plural": "token families"}
        ),
        migrations.AddField("tokenfamily", "started_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("tokenfamily", "used_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("tokenfamily", "address", models.GenericIPAddressField(blank=True, null=True)),
        migrations.AddField("tokenfamily", "program", models.CharField(blank=True, max_length=60)),
        migrations.AddField("tokenfamily", "revoked_at", models.DateTimeField(blank=True, null=True)),
        migrations.RunPython(mark_as_revoked, keep_only_revoked),
    ]
