from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_AT_ONCE = 2000


def save_own_captures(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """As happens from now on when a capture was checked; in the order in which they came."""
    entry_model = apps.get_model("gear", "LibraryEntry")
    capture_model: Any = apps.get_model("gear", "Capture")  # as it was then
    captures = (
        capture_model.objects.filter(status="ready", gear__is_shared=False)
        .order_by("created_at", "id")
        .values_list("pk", "gear__owner_id")
    )
    entries: Iterator[Any] = (
        entry_model(capture_id=capture, user_id=owner)
        for capture, owner in captures.iterator(_AT_ONCE)
    )
    while batch := list(islice(entries, _AT_ONCE)):
        entry_model.objects.bulk_create(batch, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("gear", "0006_library")]

    operations = [migrations.RunPython(save_own_captures, migrations.RunPython.noop)]
