from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('shootouts', '0013_words_of_options'),
    ]

    operations = [
        migrations.RenameField(
            model_name='ditrack',
            old_name='status',
            new_name='state',
        ),
    ]
