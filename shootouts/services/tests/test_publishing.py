"""What is published stands by itself; what is private does not exist for others."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, reverse

from accounts.models import User
from accounts.tests.factories import api_client, make_user
from gear.models import Capture, GearItem, SignalChain
from gear.services.captures import gear_delete
from gear.services.chains import chain_delete
from jobs.models import Job, Notification
from jobs.tests.running import run_until_idle
from shootouts import urls as pages
from shootouts.api import urls as api
from shootouts.models import (
    CachedAudio,
    DITrack,
    Manifest,
    Render,
    RenderedFile,
    Segment,
    Shootout,
)
from shootouts.pages.tests.pages import detail_url
from shootouts.services.comments import comment_create
from shootouts.services.di_tracks import di_track_delete
from shootouts.services.shootouts import shootout_update
from shootouts.tests.factories import make_shootout, render

pytestmark = pytest.mark.django_db(transaction=True)


async def _body(response: Any) -> bytes:
    return b"".join([chunk async for chunk in response.streaming_content])


def content_of(response: Any) -> bytes:
    return async_to_sync(_body)(response) if response.streaming else bytes(response.content)


def delete_everything_it_was_made_of(owner: User) -> None:
    """By the services, as its owner would; and what operators prune."""
    for chain in SignalChain.objects.filter(owner=owner):
        chain_delete(chain=chain)
    for item in GearItem.objects.filter(owner=owner):
        gear_delete(item=item)
    for track in DITrack.objects.filter(owner=owner):
        di_track_delete(track=track)
    Job.objects.all().delete()
    CachedAudio.objects.all().delete()
    assert not Capture.objects.exists()
    for folder in ("captures", "di", "cache"):
        assert not any(_stored_below(folder)), folder


def _stored_below(folder: str) -> Iterator[str]:
    if default_storage.exists(folder):
        folders, files = default_storage.listdir(folder)
        yield from files
        for inner in folders:
            yield from _stored_below(f"{folder}/{inner}")


def heard_and_seen(client: Any, shootout: Shootout) -> dict[str, Any]:
    """Everything that is published of a shootout over the API, as someone gets it."""
    url = f"/api/v1/shootouts/{shootout.uuid}/"
    found: dict[str, Any] = {}
    if client.get(f"{url}comparison/?di=0&a=0&b=1").status_code == 202:
        run_until_idle()
    for path in ("manifest/", "segments/", "metrics/", "comparison/?di=0&a=0&b=1"):
        answer = client.get(url + path)
        assert answer.status_code == 200, path
        found[path] = answer.json()
    for path in ("montage/", "video/", "chapters.txt", "comparison/residual.flac?di=0&a=0&b=1"):
        answer = client.get(url + path)
        assert answer.status_code == 200, path
        found[path] = hashlib.sha256(content_of(answer)).hexdigest()
    for segment in found["manifest/"]["segments"]:
        answer = client.get(f"/api/v1/media/{segment['media']}/", headers={"Range": "bytes=0-3"})
        assert (answer.status_code, content_of(answer)) == (206, b"fLaC")
        whole = client.get(f"/api/v1/media/{segment['media']}/")
        assert hashlib.sha256(content_of(whole)).hexdigest() == segment["sha256"]
    return found


def test_it_plays_on_after_everything_it_was_made_of_is_gone(
    client: Client, alice: User, charlie: User
) -> None:
    shootout = render(make_shootout(alice, visibility="public", options={"has_video": True}))
    before = heard_and_seen(api_client(), shootout)
    page_before = client.get(detail_url(shootout)).context["player_data"]()
    delete_everything_it_was_made_of(alice)

    for viewer in (api_client(), api_client(charlie), api_client(alice)):
        assert heard_and_seen(viewer, shootout) == before
        body = viewer.get(f"/api/v1/shootouts/{shootout.uuid}/").json()
        assert (body["is_published"], len(body["contenders"])) == (True, 2)
    page = client.get(detail_url(shootout))
    assert page.context["player_data"]() == page_before
    text = page.content.decode()
    assert text.count('class="lane"') == 2
    assert "<video" in text
    for download in page.context["downloads"]():
        assert client.get(download.url).status_code == 200
    for name in ("home", "shootout-public"):
        assert shootout.title in client.get(reverse(name)).content.decode()
    client.force_login(alice)
    assert client.get(detail_url(shootout)).status_code == 200
    call_command("verify_media", verbosity=0)

    # Rendering it once more is refused in words, and takes nothing away.
    answer = api_client(alice).post(f"/api/v1/shootouts/{shootout.uuid}/render/")
    assert answer.status_code == 422
    assert heard_and_seen(api_client(), shootout) == before


def test_erasing_its_owner_takes_it_away(alice: User) -> None:
    shootout = render(make_shootout(alice, visibility="public"))
    media = RenderedFile.objects.filter(render__shootout=shootout).first()
    assert media is not None
    alice.delete()
    assert api_client().get(f"/api/v1/media/{media.uuid}/").status_code == 404
    assert not any(_stored_below("renders"))


def routes_of_one(patterns: list[Any], prefix: str) -> list[str]:
    """Every address below one shootout: a new one is in this test without anybody's doing."""
    found = []
    for pattern in patterns:
        assert isinstance(pattern, URLPattern)
        route = str(pattern.pattern)
        if route.startswith("shootouts/<uuid:uuid>/"):
            for name, value in (("<slug:part>", "result"), ("<int:version>", "1")):
                route = route.replace(name, value)
            found.append(prefix + route)
    assert len(found) > 5
    return found


QUERIES = {"comparison/": "?di=0&a=0&b=1", "comparison/residual.flac": "?di=0&a=0&b=1"}
ROUTES = [*routes_of_one(api.urlpatterns, "/api/v1/"), *routes_of_one(pages.urlpatterns, "/")]


def reach(client: Client, shootout: Shootout, method: str) -> dict[str, int]:
    """What every address answers with."""
    statuses = {}
    for route in ROUTES:
        query = next((q for end, q in QUERIES.items() if route.endswith(end)), "")
        url = route.replace("<uuid:uuid>", str(shootout.uuid)) + query
        statuses[route] = getattr(client, method)(url).status_code
    return statuses


def assert_unreachable(client: Client, shootout: Shootout, *, is_logged_in: bool) -> None:
    """No address says more than that there is nothing. That it does not take this (405, 415), or
    asks for a login, it says to all."""
    silent = {404, 405, 415} if is_logged_in else {401, 302, 404, 405, 415}
    for method in ("get", "head", "post", "delete"):
        statuses = reach(client, shootout, method)
        assert {route: s for route, s in statuses.items() if s not in silent} == {}, method
    # Not even whether there is such a shootout.
    nothing = Shootout(uuid=uuid4())
    for method in ("get", "post"):
        assert reach(client, shootout, method) == reach(client, nothing, method)
    for file in RenderedFile.objects.filter(render__shootout=shootout):
        url = f"/api/v1/media/{file.uuid}/"
        assert client.get(url).status_code == 404
        assert client.head(url).status_code == 404
        assert client.get(url, headers={"If-None-Match": f'"{file.sha256}"'}).status_code == 404
        assert client.get(url, headers={"Range": "bytes=0-1"}).status_code == 404
    for name in ("home", "shootout-public"):
        text = client.get(reverse(name)).content.decode()
        assert str(shootout.uuid) not in text
        assert shootout.title not in text
    listed = client.get("/api/v1/shootouts/", {"scope": "public"}).json()
    assert str(shootout.uuid) not in str(listed)
    assert shootout.title not in str(listed)
    asked = {"scope": "public", "search": shootout.title}
    assert client.get("/api/v1/shootouts/", asked).json()["results"] == []


def viewers() -> Iterator[tuple[Client, bool]]:
    yield Client(), False
    for user in (make_user("dora"), make_user("otto", is_staff=True)):
        client = Client()
        client.force_login(user)
        yield client, True


def test_a_private_one_does_not_exist_for_others(alice: User) -> None:
    shootout = render(make_shootout(alice, title="No one knows"))
    for client, is_logged_in in viewers():
        assert_unreachable(client, shootout, is_logged_in=is_logged_in)
    shootout.refresh_from_db()
    assert shootout.title == "No one knows"
    assert shootout.published_render is not None


def test_what_turns_private_is_gone_at_once_by_every_old_link(alice: User, charlie: User) -> None:
    shootout = render(make_shootout(alice, title="No longer", visibility="public"))
    comment = comment_create(shootout=shootout, author=charlie, text="Remember this.")
    others = list(viewers())
    for client, _ in others:
        assert client.get(detail_url(shootout)).status_code == 200
    shootout_update(shootout=shootout, visibility="private")
    for client, is_logged_in in others:
        assert_unreachable(client, shootout, is_logged_in=is_logged_in)
        assert client.get(f"/api/v1/comments/{comment.uuid}/").status_code == 404
    # Who has commented hears nothing of it any more; only its owner was ever told.
    assert set(Notification.objects.values_list("owner__username", flat=True)) == {"alice"}
    owner = api_client(alice)
    assert owner.get(f"/api/v1/shootouts/{shootout.uuid}/manifest/").status_code == 200


def test_an_unlisted_one_is_for_who_has_the_link(alice: User) -> None:
    shootout = render(make_shootout(alice, title="By the link", visibility="unlisted"))
    client = Client()
    page = client.get(detail_url(shootout))
    assert page.status_code == 200
    assert "noindex" in page.content.decode()
    assert shootout.title not in client.get(reverse("shootout-public")).content.decode()
    assert shootout.title not in client.get(reverse("home")).content.decode()
    asked = {"scope": "public", "search": shootout.title}
    assert client.get("/api/v1/shootouts/", asked).json()["results"] == []


def test_media_of_an_unfinished_render_are_the_owners_alone(alice: User) -> None:
    shootout = render(make_shootout(alice, visibility="public"))
    assert shootout.published_render is not None
    file = RenderedFile.objects.filter(render=shootout.published_render).first()
    assert file is not None
    shootout.published_render.manifest.delete()
    assert api_client().get(f"/api/v1/media/{file.uuid}/").status_code == 404
    assert api_client(alice).get(f"/api/v1/media/{file.uuid}/").status_code == 200


def test_operators_delete_what_is_published_in_whole_or_not_at_all(
    client: Client, alice: User
) -> None:
    operator = make_user("operator", is_staff=True, is_superuser=True)
    shootout = make_shootout(alice)
    render(shootout)
    client.force_login(operator)
    parts: dict[str, Any] = {
        "manifest": Manifest,
        "render": Render,
        "segment": Segment,
        "renderedfile": RenderedFile,
    }
    for name, model in parts.items():
        row = model.objects.earliest("pk")
        changelist = reverse(f"admin:shootouts_{name}_changelist")
        several = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        one = client.post(reverse(f"admin:shootouts_{name}_delete", args=[row.pk]), {"post": "yes"})
        client.post(changelist, several)
        assert one.status_code == 403
        assert model.objects.filter(pk=row.pk).exists()
    paths = list(RenderedFile.objects.values_list("file", flat=True))
    whole = reverse("admin:shootouts_shootout_delete", args=[shootout.pk])
    assert client.post(whole, {"post": "yes"}).status_code == 302
    assert not Shootout.objects.exists()
    assert not RenderedFile.objects.exists()
    assert paths
    assert not any(map(default_storage.exists, paths))
