"""The words of the options stand in the code alone: no table changes."""

from functools import partial

from django.db import migrations, models

from shootouts.models.options import option_choices


class Migration(migrations.Migration):
    dependencies = [("shootouts", "0012_cached_audio_sha256")]

    operations = [
        migrations.AlterField(
            model_name="shootout",
            name="input_mode",
            field=models.CharField(
                choices=partial(option_choices, "input_mode"), default="auto", max_length=16
            ),
        ),
        migrations.AlterField(
            model_name="shootout",
            name="is_aligned",
            field=models.BooleanField(default=True),
        ),
        migrations.AlterField(
            model_name="shootout",
            name="playback_order",
            field=models.CharField(
                choices=partial(option_choices, "playback_order"),
                default="sequential",
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="shootout",
            name="theme",
            field=models.CharField(
                choices=partial(option_choices, "theme"), default="dark", max_length=8
            ),
        ),
    ]
