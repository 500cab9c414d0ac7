from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('gear', '0015_spaces'),
    ]

    operations = [
        migrations.RenameField('libraryentry', 'is_favourite', 'is_favorite'),
    ]
