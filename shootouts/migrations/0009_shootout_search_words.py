"""Each word of shootouts once, to find the words that a typo is near to. PostgreSQL alone."""

from django.db import migrations

from gear.search.index import SHOOTOUT_INDEX, AddSearchWords


class Migration(migrations.Migration):
    dependencies = [("shootouts", "0008_chain_preview")]

    operations = [AddSearchWords(SHOOTOUT_INDEX)]
