"""Sessions that say whose they are.

Open sessions are taken over: people stay logged in.
"""

import uuid
from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import migrations, models
from django.utils import timezone

_AT_ONCE = 500


def take_over_sessions(apps: Any, schema_editor: Any) -> None:
    from django.contrib.sessions.backends.db import SessionStore

    Session = apps.get_model("sessions", "Session")
    UserSession = apps.get_model("accounts", "UserSession")
    User = apps.get_model("accounts", "User")
    store = SessionStore()
    alive = Session.objects.filter(expire_date__gt=timezone.now()).order_by("pk")
    last = ""
    while found := list(alive.filter(pk__gt=last)[:_AT_ONCE]):
        last = found[-1].pk
        owners = [_number(store.decode(row.session_data).get(SESSION_KEY)) for row in found]
        known = set(User.objects.filter(pk__in=set(owners) - {None}).values_list("pk", flat=True))
        UserSession.objects.bulk_create(
            [
                UserSession(
                    session_key=row.session_key,
                    session_data=row.session_data,
                    expire_date=row.expire_date,
                    user_id=owner if owner in known else None,
                    uuid=uuid.uuid5(uuid.NAMESPACE_OID, row.session_key),
                )
                for row, owner in zip(found, owners)
            ],
            ignore_conflicts=True,
        )
    Session.objects.all().delete()


def give_back_sessions(apps: Any, schema_editor: Any) -> None:
    Session = apps.get_model("sessions", "Session")
    UserSession = apps.get_model("accounts", "UserSession")
    for row in UserSession.objects.order_by("pk").iterator(chunk_size=_AT_ONCE):
        Session.objects.update_or_create(
            session_key=row.session_key,
            defaults={"session_data": row.session_data, "expire_date": row.expire_date},
        )


def _number(text: Any) -> int | None:
    try:
        return int(text)
    except (TypeError, ValueError):
        return None


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_passwords"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="UserSession",
            fields=[
                ("session_key", models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name="session key")),
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                ("uuid", models.UUIDField(db_index=True, default=uuid.uuid4, editable=False)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("address", models.GenericIPAddressField(blank=True, null=True)),
                ("browser", models.CharField(blank=True, max_length=60)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "session",
                "verbose_name_plural": "sessions",
                "abstract": False,
            },
        ),
        migrations.RunPython(take_over_sessions, give_back_sessions),
    ]
