"""What kinds of jobs are called."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.core.management import call_command

from accounts.models import User
from accounts.tests.migrating import migrate_back
from jobs.models import Job, Notification
from jobs.registry import handler_for, known_kinds


def test_a_kind_is_its_app_a_verb_and_an_object_and_its_handler_is_called_the_same() -> None:
    kinds = [kind for kind in known_kinds() if not kind.startswith("test.")]
    assert len(kinds) >= 11
    for kind in kinds:
        app_label, _, name = kind.partition(".")
        handler = type(handler_for(kind))
        assert handler.__module__.startswith(f"{apps.get_app_config(app_label).name}."), kind
        assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", name), kind
        assert handler.__name__.lower() == name.replace("_", ""), kind


@pytest.fixture
def newest_again() -> Iterator[None]:
    yield
    call_command("migrate", verbosity=0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("newest_again")
def test_kinds_of_earlier_releases_are_renamed_and_back() -> None:
    owner = User.objects.create(username="kim")
    job = Job.objects.create(owner=owner, kind="shootouts.render_segment")
    Notification.objects.create(
        owner=owner, state="news", subject_kind="shootouts.comment", subject_id=job.uuid
    )
    migrate_back("jobs", "0010_process_clock")
    assert kinds() == ("segment.render", "shootout.comment")
    call_command("migrate", verbosity=0)
    assert kinds() == ("shootouts.render_segment", "shootouts.comment")


def kinds() -> tuple[str, str]:
    """Of these columns alone: others have other names before later migrations."""
    job = Job.objects.values_list("kind", flat=True).get()
    return job, Notification.objects.values_list("subject_kind", flat=True).get()
