from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

NEW_KINDS = {
    "di.inspect": "shootouts.inspect_di",
    "shootout.render": "shootouts.render_shootout",
    "prefix.render": "shootouts.render_prefix",
    "segment.render": "shootouts.render_segment",
    "shootout.finalise": "shootouts.finalize_shootout",
    "shootout.video": "shootouts.make_video",
    "chain.preview": "shootouts.render_preview",
    "segments.compare": "shootouts.compare_segments",
    "shootout.import": "shootouts.import_shootout",
    "shootout.comment": "shootouts.comment",
    "gear.inspect": "gear.inspect_capture",
    "tone3000.fetch": "gear.fetch_tone",
}


def rename(apps: Apps, new_kinds: dict[str, str]) -> None:
    for old, new in new_kinds.items():
        apps.get_model("jobs", "Job").objects.filter(kind=old).update(kind=new)
        notifications = apps.get_model("jobs", "Notification").objects
        notifications.filter(subject_kind=old).update(subject_kind=new)


def forward(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rename(apps, NEW_KINDS)


def back(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rename(apps, {new: old for old, new in NEW_KINDS.items()})


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0010_process_clock'),
    ]

    operations = [
        migrations.RunPython(forward, back),
    ]
