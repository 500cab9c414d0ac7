"""Nothing that lets anyone in stays in clear: sessions are known by a digest of their key, refresh
tokens by their id.

The key of a session could be replaced by its digest here, but then a key that was read from a
backup would be good still. So all sessions end, and everyone logs in once more.
"""

from typing import Any, Final

from django.db import migrations
from django.db.models.functions import Length

_DIGEST_CHARS: Final = 40


def forget_keys(apps: Any, schema_editor: Any) -> None:
    UserSession = apps.get_model("accounts", "UserSession")
    # Those that are digests already are there when the step is taken a second time.
    rows = UserSession.objects.annotate(num_chars=Length("session_key"))
    rows.exclude(num_chars=_DIGEST_CHARS).delete()


def forget_tokens(apps: Any, schema_editor: Any) -> None:
    OutstandingToken = apps.get_model("token_blacklist", "OutstandingToken")
    OutstandingToken.objects.exclude(token="").update(token="")


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0009_two_factor"),
        ("token_blacklist", "0013_alter_blacklistedtoken_options_and_more"),
    ]

    operations = [
        migrations.RunPython(forget_keys, migrations.RunPython.noop),
        migrations.RunPython(forget_tokens, migrations.RunPython.noop),
    ]
