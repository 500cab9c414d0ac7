"""The labels of contenders beside their shootout, where the search looks."""

from typing import Any

from django.db import migrations, models


def fill(apps: Any, schema_editor: Any) -> None:
    shootouts = apps.get_model("shootouts", "Shootout").objects
    contenders = apps.get_model("shootouts", "Contender").objects
    batch = []
    for shootout in shootouts.only("pk").iterator():
        labels = contenders.filter(shootout=shootout).order_by("position")
        shootout.contender_labels = "\n".join(labels.values_list("label", flat=True))
        batch.append(shootout)
        if len(batch) == 500:
            shootouts.bulk_update(batch, ["contender_labels"])
            batch = []
    shootouts.bulk_update(batch, ["contender_labels"])


class Migration(migrations.Migration):
    dependencies = [("shootouts", "0004_shootout_revision")]

    operations = [
        migrations.AddField(
            model_name="shootout",
            name="contender_labels",
            field=models.TextField(
                blank=True,
                default="",
                editable=False,
                help_text="of its contenders, for the search",
            ),
            preserve_default=False,
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
