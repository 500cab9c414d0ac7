"""Each word of gear once, to find the words that a typo is near to. PostgreSQL alone."""

from django.db import migrations

from gear.search.index import GEAR_INDEX, AddSearchWords


class Migration(migrations.Migration):
    dependencies = [("gear", "0010_gear_list_indexes")]

    operations = [AddSearchWords(GEAR_INDEX)]
