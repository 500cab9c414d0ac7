"""Words of comments, which operators look for, and the orders and filters of their list.

SQLite has its index of words made after every migrate.
"""

from django.db import migrations, models

from gear.search.index import COMMENT_INDEX, AddSearch, AddSearchWords


class Migration(migrations.Migration):
    dependencies = [("shootouts", "0010_di_track_channels_and_trim")]

    operations = [
        AddSearch(COMMENT_INDEX),
        AddSearchWords(COMMENT_INDEX),
        migrations.AddIndex(
            model_name="comment",
            index=models.Index(fields=["-created_at", "-id"], name="shootouts_comment_of_all"),
        ),
        migrations.AddIndex(
            model_name="comment",
            index=models.Index(
                fields=["hidden_by", "-id"],
                condition=~models.Q(hidden_by=""),
                name="shootouts_comment_hidden",
            ),
        ),
    ]
