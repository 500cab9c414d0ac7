from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0011_kinds_by_app'),
    ]

    operations = [
        migrations.RenameField(
            model_name='notification',
            old_name='outcome',
            new_name='state',
        ),
    ]
