import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0011_encrypted'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='audio_interface',
            field=models.CharField(blank=True, default='', help_text='key of the audio interface chosen last; pages begin with its level', max_length=80, validators=[django.core.validators.RegexValidator('^[a-z0-9-]+/[a-z]+$')]),
            preserve_default=False,
        ),
    ]
