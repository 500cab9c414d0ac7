"""By what captures are narrowed where they are chosen: gain, calibration, favorites."""

import django.db.models.fields.json
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('gear', '0018_slot_labels'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='capture',
            name='gain',
            field=models.GeneratedField(db_index=True, db_persist=True, expression=django.db.models.functions.comparison.Cast(django.db.models.fields.json.KT('info__metadata__gain'), models.FloatField()), output_field=models.FloatField(null=True)),
        ),
        migrations.AddIndex(
            model_name='capture',
            index=models.Index(condition=models.Q(('input_level_dbu__isnull', False)), fields=['-created_at'], name='gear_capture_calibrated_newest'),
        ),
        migrations.AddIndex(
            model_name='libraryentry',
            index=models.Index(condition=models.Q(('is_favorite', True)), fields=['user'], name='gear_libraryentry_favorites'),
        ),
    ]
