
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('gear', '0017_capture_state'),
    ]

    operations = [
        migrations.AlterField(
            model_name='block',
            name='slot',
            field=models.CharField(choices=[('pre', 'Pedals'), ('amp', 'Amp'), ('loop', 'FX loop'), ('cab', 'Cabinet'), ('post', 'Post FX')], max_length=8),
        ),
    ]
