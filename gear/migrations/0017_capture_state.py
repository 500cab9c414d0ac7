from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('gear', '0016_is_favorite'),
    ]

    operations = [
        # Its condition names the column.
        migrations.RemoveIndex(
            model_name='capture',
            name='gear_capture_unusable_newest',
        ),
        migrations.RenameField(
            model_name='capture',
            old_name='status',
            new_name='state',
        ),
        migrations.AddIndex(
            model_name='capture',
            index=models.Index(condition=models.Q(('state', 'ready'), ('unsupported_reason', ''), _negated=True), fields=['-created_at'], name='gear_capture_unusable_newest'),
        ),
    ]
