"""What is kept of a person is given to them whole, and erased whole."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.db.models import FileField, ForeignKey, Model
from django.test import Client
from django.utils import timezone

from accounts.models import AuditAction, AuditEntry, User, UserSession
from accounts.personal_data import personal_tables, user_erase
from accounts.services import user_get_or_create_demo, user_get_or_create_local
from accounts.tests.factories import api_client, connect_tone3000, details_of, make_user
from accounts.tokens.families import token_pair_create
from accounts.tone3000.calls import TokenAnswer
from gear.captures.files import store_once
from gear.models import Capture, GearItem
from gear.models.item import FileState, GearSource
from gts.web.errors import ConflictError
from jobs.files.storage import stored_name
from jobs.models import TERMINAL, Job, Notification
from shootouts.archive.tests.archives import exported as exported_archive
from shootouts.archive.tests.archives import post_import
from shootouts.files.consistency import FOLDERS, orphans_find
from shootouts.models import CachedAudio, CachedInput, DITrack, RenderedFile
from shootouts.services.renders import cache_forget_ownerless, cached_audio_keep
from shootouts.services.shootouts import shootout_render
from shootouts.tests.factories import make_capture, make_di_track, make_shootout, render

pytestmark = pytest.mark.django_db(transaction=True)

ME = "/api/v1/me/"
NAME = "erika-mustermann"

# Tables with a way to a user that an export leaves out, and why.
NOT_EXPORTED = {
    "admin.logentry",  # what an operator did to others' rows
    "token_blacklist.blacklistedtoken",  # whether a token is spent
    "accounts.idempotentrequest",  # copies of answers, kept for a day
    "accounts.revokedtokenfamily",  # a digest
}


def users_of(model: type[Model]) -> Iterator[str]:
    """The lookups by which rows of ``model`` lead to a user, through rows that must be there."""
    for column in model._meta.concrete_fields:
        if not isinstance(column, ForeignKey) or column.related_model is model:
            continue
        if column.related_model is User:
            yield column.name
        elif not column.null:
            yield from (f"{column.name}__{way}" for way in users_of(column.related_model))


def personal_models() -> list[type[Model]]:
    return [model for model in apps.get_models() if model is User or any(users_of(model))]


def stored_files() -> set[str]:
    def below(folder: str) -> Iterator[str]:
        if default_storage.exists(folder):
            folders, files = default_storage.listdir(folder)
            yield from (f"{folder}/{name}" for name in files)
            for name in folders:
                yield from below(f"{folder}/{name}")

    return {name for folder in FOLDERS for name in below(folder)}


def shared_capture(owner: User, path: Path) -> Capture:
    """As fetched from Tone 3000: equal content is stored once, no matter who has it."""
    item = GearItem.objects.create(
        owner=owner, kind="amp", name="Shared", source=GearSource.TONE3000, tone3000_id="7"
    )
    return Capture.objects.create(
        gear=item,
        format="nam",
        name="m",
        file=store_once(path, "ab" * 32),
        sha256="ab" * 32,
        size_bytes=3,
        state=FileState.READY,
        tone3000_id="8",
    )


@pytest.fixture
def erika(tmp_path: Path) -> User:
    """Someone with everything there is."""
    erika = make_user(NAME, password="x", display_name="Erika", is_staff=True)
    connect_tone3000(erika, TokenAnswer("access", "refresh", 3600))
    render(make_shootout(erika, visibility="public"))
    path = tmp_path / "m.nam"
    path.write_bytes(b"{}\n")
    shared_capture(erika, path)
    token_pair_create(user=erika)
    api_client(erika).post(
        "/api/v1/chains/", {"name": "x", "blocks": []}, headers={"Idempotency-Key": "k"}
    )
    Client().force_login(erika)
    Client().force_login(make_user("other"))
    LogEntry.objects.create(
        user=erika,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(erika.pk),
        object_repr=NAME,
        action_flag=2,
    )
    AuditEntry.objects.create(
        action=AuditAction.LOGIN, user=erika, user_uuid=erika.uuid, address="192.0.2.1", detail=NAME
    )
    return erika


def erase(user: User) -> Any:
    return api_client(user).delete(ME, {"confirm": user.username})


# Erasure ------------------------------------------------------------------------------------------


def test_nothing_of_an_erased_account_stays(erika: User, tmp_path: Path) -> None:
    charlie = make_user("charlie")
    # The same content as Erika's, by an upload of his own and by one file for both.
    track, amp = make_di_track(charlie), make_capture(charlie)
    path = tmp_path / "n.nam"
    path.write_bytes(b"{}\n")
    shared = shared_capture(charlie, path)
    assert stored_name(shared.file) in stored_files()
    assert Capture.objects.filter(file=shared.file.name).count() == 2
    theirs = {
        model: set(model._default_manager.filter(**{way: erika.pk}).values_list("pk", flat=True))
        for model in personal_models()
        for way in (["pk"] if model is User else list(users_of(model)))
        if model is not AuditEntry
    }
    assert {Job, Notification, RenderedFile, DITrack, LogEntry} <= {
        m for m, p in theirs.items() if p
    }
    assert CachedAudio.objects.exists()
    uuid = erika.uuid

    assert erase(erika).status_code == 204

    for model, keys in theirs.items():
        assert not model._default_manager.filter(pk__in=keys).exists(), model
    for model in apps.get_models():
        for row in model._default_manager.values():
            assert NAME not in str(row), model
            assert model is AuditEntry or str(uuid) not in str(row), model
    assert [s.get_decoded().get("_auth_user_id") for s in UserSession.objects.all()] == [
        str(User.objects.get(username="other").pk)
    ]
    entries = list(AuditEntry.objects.filter(user_uuid=uuid).order_by("id"))
    assert entries[-1].action == AuditAction.DELETED
    assert {(entry.user, entry.address, entry.detail) for entry in entries} == {(None, None, "")}

    named = {
        name
        for model in apps.get_models()
        for column in model._meta.concrete_fields
        if isinstance(column, FileField)
        for name in model._default_manager.values_list(column.name, flat=True)
    }
    assert stored_files() == named - {""}
    assert orphans_find(older_than=timezone.now() + timedelta(hours=1)).orphans == []
    for kept in (track, amp, shared):
        kept.refresh_from_db()
        assert default_storage.exists(stored_name(kept.file))
    owned = {track.sha256, amp.sha256, shared.sha256}
    assert set(CachedInput.objects.values_list("sha256", flat=True)) <= owned


def test_the_name_must_be_typed_again(alice: User) -> None:
    for body in ({}, {"confirm": ""}, {"confirm": "Alice"}, {"confirm": "alice", "x": 1}):
        assert api_client(alice).delete(ME, body).status_code == 422
    answer = api_client(alice).delete(ME, {"confirm": "charlie"})
    assert details_of(answer) == [("/confirm", "MISMATCH")]
    assert api_client().delete(ME, {"confirm": "alice"}).status_code == 401
    assert User.objects.filter(username="alice").exists()


def test_tokens_and_sessions_are_worth_nothing_afterwards(alice: User, client: Client) -> None:
    bearer, session = api_client(alice), client
    session.force_login(alice)
    assert erase(alice).status_code == 204
    assert bearer.get(ME).status_code == 401
    assert session.get(ME).status_code == 401
    assert make_user("alice").uuid != alice.uuid  # the name is free again


def test_what_runs_is_cancelled_first(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    shootout_render(shootout=make_shootout(alice))
    states: list[str] = []
    delete = User.delete

    def noting(user: User, **values: Any) -> Any:
        states.extend(Job.objects.filter(owner=user).values_list("state", flat=True))
        return delete(user, **values)

    monkeypatch.setattr(User, "delete", noting)
    assert erase(alice).status_code == 204
    assert states
    assert set(states) <= TERMINAL
    assert not Job.objects.exists()


@pytest.mark.parametrize("state", ["queued", "running"])
def test_an_archive_on_its_way_in_goes_too(state: str, alice: User, charlie: User) -> None:
    assert post_import(charlie, exported_archive(make_shootout(alice))).status_code == 202
    job = Job.objects.filter(owner=charlie, kind="shootouts.import_shootout")
    job.update(state=state)
    assert default_storage.exists(job.get().payload["archive"])
    assert erase(charlie).status_code == 204
    assert not default_storage.listdir("imports")[1]
    assert all("imports" not in name for name in stored_files())


def test_what_a_worker_keeps_too_late_goes_at_once(tmp_path: Path) -> None:
    path = tmp_path / "late.wav"
    path.write_bytes(b"sound")
    cached_audio_keep(key="k" * 64, inputs=["e" * 64], path=path, described={})
    cache_forget_ownerless(inputs=["e" * 64])
    assert not CachedAudio.objects.exists()
    assert stored_files() == set()


def test_the_demo_stays_and_the_person_at_this_machine_may_begin_again() -> None:
    demo, local = user_get_or_create_demo(), user_get_or_create_local()
    with pytest.raises(ConflictError):
        user_erase(user=demo, confirm=demo.username)
    user_erase(user=local, confirm="local")
    assert user_get_or_create_local().uuid != local.uuid


def test_the_page_erases_and_logs_out(alice: User, client: Client) -> None:
    client.force_login(alice)
    assert "Erase this account" in client.get("/account/").content.decode()
    answer = client.post("/account/delete/", {"confirm": "no one"})
    assert answer.status_code == 422
    assert "Type your user name" in answer.content.decode()
    answer = client.post("/account/delete/", {"confirm": "alice"}, follow=True)
    assert "is erased" in answer.content.decode()
    assert not User.objects.filter(username="alice").exists()
    assert client.get("/account/").status_code == 302


def test_an_operator_erases_as_thoroughly(erika: User) -> None:
    root = make_user("root", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(root)
    client.post(f"/admin/accounts/user/{erika.pk}/delete/", {"post": "yes"})
    assert not User.objects.filter(pk=erika.pk).exists()
    assert stored_files() == set()
    for model in (LogEntry, AuditEntry):
        assert NAME not in str(list(model._default_manager.values()))


# Export -------------------------------------------------------------------------------------------


def exported(user: User) -> zipfile.ZipFile:
    answer = api_client(user).get("/api/v1/me/export/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    archive = zipfile.ZipFile(io.BytesIO(async_to_sync(_whole)(answer)))
    assert archive.testzip() is None
    return archive


async def _whole(answer: Any) -> bytes:
    return b"".join([chunk async for chunk in answer.streaming_content])


def test_an_export_has_every_row_and_every_file(erika: User, charlie: User) -> None:
    make_di_track(charlie)
    archive = exported(erika)
    names = set(archive.namelist())
    for table in personal_tables():
        rows = json.loads(archive.read(f"{table.name}.json"))
        expected = table.model._default_manager.filter(**{table.owner: erika.pk})
        # Asking is itself noted.
        assert len(rows) == expected.count(), table.name
    [me] = json.loads(archive.read("accounts.user.json"))
    assert me["username"] == NAME
    [track] = json.loads(archive.read("shootouts.ditrack.json"))
    with default_storage.open(stored_name(erika.di_tracks.get().file)) as file:
        assert archive.read(track["file"]) == file.read()
    files = json.loads(archive.read("shootouts.renderedfile.json"))
    assert {row["file"] for row in files} <= names
    [segment, *_] = json.loads(archive.read("shootouts.segment.json"))
    [run] = json.loads(archive.read("shootouts.render.json"))
    assert segment["render"] == run["uuid"]


def test_a_look_at_the_address_is_no_export(erika: User) -> None:
    answer = api_client(erika).head("/api/v1/me/export/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert not AuditEntry.objects.filter(action=AuditAction.EXPORTED).exists()


def test_an_export_has_no_secrets_and_nothing_of_others(erika: User, charlie: User) -> None:
    archive = exported(erika)
    text = "".join(
        archive.read(name).decode() for name in archive.namelist() if name.endswith(".json")
    )
    for secret in (erika.password, erika.tone3000_tokens.encrypted, "captures/", "renders/"):
        assert secret not in text
    assert str(charlie.uuid) not in text
    assert exported(charlie).read("shootouts.ditrack.json") == b"[]\n"
    assert api_client().get("/api/v1/me/export/").status_code == 401


def test_every_table_about_users_is_known_here() -> None:
    known = {table.name for table in personal_tables()} | NOT_EXPORTED
    missing = [m._meta.label_lower for m in personal_models() if m._meta.label_lower not in known]
    assert missing == [], "register_table() in its AppConfig.ready, or name it in NOT_EXPORTED"
