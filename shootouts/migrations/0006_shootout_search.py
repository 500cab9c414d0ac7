"""Words of shootouts, found fast on PostgreSQL. SQLite has its index made after every migrate."""

from django.db import migrations

from gear.search.index import SHOOTOUT_INDEX, AddSearch


class Migration(migrations.Migration):
    dependencies = [
        ("shootouts", "0005_shootout_contender_labels"),
        ("gear", "0009_gear_search"),  # creates pg_trgm
    ]

    operations = [AddSearch(SHOOTOUT_INDEX)]
