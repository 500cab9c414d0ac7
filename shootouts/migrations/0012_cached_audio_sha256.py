from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('shootouts', '0011_comment_search'),
    ]

    operations = [
        migrations.AddField(
            model_name='cachedaudio',
            name='sha256',
            field=models.CharField(blank=True, default='', help_text='empty: kept before it was noted', max_length=64),
            preserve_default=False,
        ),
    ]
