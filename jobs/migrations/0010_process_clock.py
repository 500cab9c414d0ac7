from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0009_job_owner_state_index'),
    ]

    operations = [
        migrations.AddField(
            model_name='process',
            name='clock_at',
            field=models.DateTimeField(help_text='by its own clock, when it was seen', null=True),
        ),
    ]
