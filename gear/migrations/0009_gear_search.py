"""Words of gear, found fast on PostgreSQL. SQLite has its index made after every migrate."""

from django.db import migrations

from gear.search.index import GEAR_INDEX, PostgresSQL, AddSearch


class Migration(migrations.Migration):
    dependencies = [("gear", "0008_tags_and_presets")]

    operations = [
        # Who owns a database may create it since PostgreSQL 13; see docs/operations.md. It stays:
        # others may use it too.
        PostgresSQL("CREATE EXTENSION IF NOT EXISTS pg_trgm", migrations.RunSQL.noop),
        AddSearch(GEAR_INDEX),
    ]
