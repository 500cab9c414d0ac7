from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0010_no_keys_in_clear'),
    ]

    operations = [
        migrations.RenameField('tone3000tokens', 'sealed', 'encrypted'),
        migrations.RenameField('twofactor', 'sealed', 'encrypted'),
    ]
