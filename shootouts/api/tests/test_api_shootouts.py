"""Shootouts over the API: owner, stranger and anonymous."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.models import User
from accounts.tests.factories import api_client, details_of, make_user
from jobs.registry import OwnerLimit, register
from jobs.tests.running import run_until_idle
from shootouts.jobs.handlers import RenderShootout, register_all
from shootouts.models import Segment, Shootout
from shootouts.services.shootouts import shootout_update
from shootouts.tests.factories import (
    make_cab,
    make_capture,
    make_chain,
    make_di_track,
    make_shootout,
    overwrite_manifest,
    render,
)

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/v1/shootouts/"


@pytest.fixture
def alice() -> User:
    return make_user()


def test_the_main_job_over_the_api(alice: User) -> None:
    client = api_client(alice)
    amp, cab = make_capture(alice), make_cab(alice)
    chains = [make_chain(alice, amp, cab, name=name) for name in ("One", "Two")]
    answer = client.post(
        URL,
        {
            "title": "Two amps",
            "di_tracks": [{"di_track_id": str(make_di_track(alice).uuid)}],
            "contenders": [
                {"chain_id": str(chains[0].uuid), "label": "A"},
                {"chain_id": str(chains[1].uuid)},
            ],
            "has_video": False,
        },
    )
    assert answer.status_code == 201
    body = answer.json()
    assert (body["state"], body["visibility"], body["is_published"]) == ("draft", "private", False)
    assert [contender["label"] for contender in body["contenders"]] == ["A", "Two"]
    url = f"{URL}{body['id']}/"
    assert client.get(f"{url}manifest/").status_code == 404

    answer = client.post(f"{url}render/")
    assert answer.status_code == 202
    assert answer.json()["kind"] == "shootouts.render_shootout"
    assert client.post(f"{url}render/").status_code == 409
    run_until_idle()

    body = client.get(url).json()
    assert (body["state"], body["render_version"]) == ("completed", 1)
    assert body["job_id"] == answer.json()["id"]
    manifest = client.get(f"{url}manifest/").json()
    segments = client.get(f"{url}segments/").json()["results"]
    assert [s["media"]["id"] for s in segments] == [s["media"] for s in manifest["segments"]]
    for segment in segments:
        assert client.get(segment["media"]["url"]).status_code == 200
    assert client.get(f"{url}montage/").status_code == 200
    assert client.get(f"{url}video/").status_code == 404


def test_alignment_is_on_and_can_be_switched_off(alice: User) -> None:
    shootout = make_shootout(alice)
    client, url = api_client(alice), f"{URL}{shootout.uuid}/"
    assert client.get(url).json()["is_aligned"] is True
    render(shootout)
    segments = client.get(f"{url}manifest/").json()["segments"]
    assert [s["alignment"]["lag_samples"] for s in segments] == [0, 0]
    assert all(s["alignment"]["is_accepted"] for s in segments)

    assert client.patch(url, {"is_aligned": False}).json()["is_aligned"] is False
    assert client.patch(url, {"is_aligned": "maybe"}).status_code == 422
    shootout.refresh_from_db()
    render(shootout)
    manifest = client.get(f"{url}manifest/").json()
    assert manifest["options"]["is_aligned"] is False
    assert [s["alignment"] for s in manifest["segments"]] == [None, None]
    assert not any("is_aligned" in s["recipe"] for s in manifest["segments"])


def test_every_mistake_is_reported_with_its_place(alice: User) -> None:
    nothing = {
        "di_tracks": [{"di_track_id": str(uuid4())}],
        "contenders": [{"chain_id": str(uuid4())}],
    }
    answer = api_client(alice).post(URL, {"title": "x", **nothing, "slice_s": 0})
    assert answer.status_code == 422
    assert ("/slice_s", "MIN_VALUE") in [(p, c.upper()) for p, c in details_of(answer)]
    answer = api_client(alice).post(URL, {"title": "x", **nothing})
    assert set(details_of(answer)) == {
        ("/di_tracks/0/di_track_id", "NOT_FOUND"),
        ("/contenders", "COUNT"),
        ("/contenders/0/chain_id", "NOT_FOUND"),
    }
    assert not Shootout.objects.exists()


def test_unknown_and_read_only_fields_are_errors(alice: User) -> None:
    shootout = make_shootout(alice)
    answer = api_client(alice).patch(f"{URL}{shootout.uuid}/", {"state": "completed"})
    assert answer.status_code == 422
    assert details_of(answer)[0][0] == "/state"


def test_what_failed_is_retried_alone(alice: User) -> None:
    shootout = make_shootout(alice)
    client, url = api_client(alice), f"{URL}{shootout.uuid}/"
    answer = client.post(f"{url}retry/")
    assert (answer.status_code, answer.json()["code"]) == (409, "NOTHING_TO_RETRY")
    client.post(f"{url}render/")
    broken = Segment.objects.all()[1]
    Segment.objects.filter(pk=broken.pk).update(
        sources=dict.fromkeys(broken.sources, "nowhere.wav")
    )
    run_until_idle()
    assert client.get(url).json()["state"] == "partial"
    Segment.objects.filter(pk=broken.pk).update(sources=Segment.objects.all()[0].sources)

    answer = client.post(f"{url}retry/")
    assert (answer.status_code, answer.json()["kind"]) == (202, "shootouts.render_shootout")
    assert client.post(f"{url}retry/").json()["code"] == "ALREADY_RENDERING"
    run_until_idle()
    body = client.get(url).json()
    assert (body["state"], body["render_version"]) == ("completed", 2)


def test_too_many_renders_at_a_time_are_refused(alice: User) -> None:
    register(RenderShootout(), limit=OwnerLimit("renders", max_running=1, max_waiting=1))
    try:
        client = api_client(alice)
        first = make_shootout(alice)
        ids = client.get(f"{URL}{first.uuid}/").json()
        copy = {
            "title": "Another",
            "di_tracks": [{"di_track_id": di["di_track_id"]} for di in ids["di_tracks"]],
            "contenders": ids["contenders"],
        }
        second = client.post(URL, copy).json()["id"]
        assert client.post(f"{URL}{first.uuid}/render/").status_code == 202
        answer = client.post(f"{URL}{second}/render/")
        assert (answer.status_code, answer.json()["code"]) == (429, "TOO_MANY_WAITING")
        assert client.get(f"{URL}{second}/").json()["state"] == "draft"
    finally:
        register_all()


def test_a_private_shootout_is_its_owners_alone(alice: User) -> None:
    shootout = render(make_shootout(alice))
    url = f"{URL}{shootout.uuid}/"
    charlie = api_client(make_user("charlie"))
    for path in ("", "manifest/", "segments/", "montage/"):
        assert api_client(alice).get(url + path).status_code == 200, path
        assert charlie.get(url + path).status_code == 404, path
        assert api_client().get(url + path).status_code == 404, path
    for path in ("render/", "retry/", "cancel/"):
        assert charlie.post(url + path).status_code == 404, path
        assert api_client().post(url + path).status_code == 401, path
    assert charlie.patch(url, {"title": "mine"}).status_code == 404
    assert charlie.delete(url).status_code == 404
    assert api_client().delete(url).status_code == 401


def test_a_public_one_may_be_seen_but_not_touched(alice: User) -> None:
    shootout = render(make_shootout(alice, visibility="public"))
    url = f"{URL}{shootout.uuid}/"
    charlie = api_client(make_user("charlie"))
    body = charlie.get(url).json()
    assert (body["title"], body["job_id"]) == ("Amps", None)
    assert api_client().get(f"{url}manifest/").status_code == 200
    assert charlie.patch(url, {"title": "mine"}).status_code == 404
    assert charlie.post(f"{url}render/").status_code == 404
    assert charlie.delete(url).status_code == 404


def test_a_public_draft_is_not_published(alice: User) -> None:
    shootout = make_shootout(alice, visibility="public")
    assert api_client().get(f"{URL}{shootout.uuid}/").status_code == 404
    assert api_client().get(URL, {"scope": "public"}).json()["results"] == []


def test_the_public_list_is_for_everybody_and_shows_only_what_is_public(alice: User) -> None:
    shootout = render(make_shootout(alice, visibility="public"))
    for client in (api_client(), api_client(make_user("charlie"))):
        body = client.get(URL, {"scope": "public"}).json()
        assert [row["id"] for row in body["results"]] == [str(shootout.uuid)]
    for visibility in ("unlisted", "private"):
        shootout_update(shootout=shootout, visibility=visibility)
        assert api_client().get(URL, {"scope": "public"}).json()["results"] == []
    assert api_client().get(URL).status_code == 401


@pytest.mark.parametrize("scope", ["theirs", ""])
def test_a_scope_that_is_none_is_said_to_be(alice: User, scope: str) -> None:
    answer = api_client(alice).get(URL, {"scope": scope})
    assert answer.status_code == 422
    assert details_of(answer) == [("/scope", "INVALID_CHOICE")]


def test_what_everybody_may_get_everybody_may_head(alice: User) -> None:
    shootout = render(make_shootout(alice, visibility="public"))
    assert api_client().head(f"{URL}{shootout.uuid}/").status_code == 200
    assert api_client().head(URL, {"scope": "public"}).status_code == 200
    assert api_client().head(URL).status_code == 401


def test_the_list_takes_a_constant_number_of_queries(
    alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    first = make_shootout(alice)
    client = api_client(alice)
    chain_ids = [contender.chain.uuid for contender in first.contenders.all() if contender.chain]
    for _ in range(3):
        with django_assert_max_num_queries(7):
            body = client.get(URL).json()
        assert len(body["results"]) == Shootout.objects.count()
        answer = client.post(
            URL,
            {
                "title": "more",
                "di_tracks": [{"di_track_id": str(track.uuid)} for track in alice.di_tracks.all()],
                "contenders": [{"chain_id": str(uuid)} for uuid in chain_ids],
            },
        )
        assert answer.status_code == 201


def test_metrics_of_a_rendered_shootout(alice: User) -> None:
    shootout = make_shootout(alice)
    url = f"{URL}{shootout.uuid}/metrics/"
    assert api_client(alice).get(url).status_code == 404
    render(shootout)
    answer = api_client(alice).get(url)
    assert answer.status_code == 200
    body = answer.json()
    assert len(body["third_octave_centers_hz"]) == 30
    quiet, loud = body["segments"]
    assert (quiet["label"], loud["label"]) == ("Quiet", "Loud")
    # The same linear rig, matched in level: nothing to tell apart.
    assert quiet["metrics"]["loudness_lufs"] == pytest.approx(loud["metrics"]["loudness_lufs"])
    assert quiet["metrics"]["thd_pct"] == pytest.approx(0.0, abs=0.01)
    assert quiet["metrics"]["transient_density_per_s"] > 0.0
    assert all(abs(db) < 0.1 for db in quiet["difference_db"][:20] if db is not None)
    assert quiet["notes"] == []
    assert api_client().get(url).status_code == 404  # private


def test_a_manifest_without_metrics_still_displays(alice: User) -> None:
    shootout = render(make_shootout(alice))
    assert shootout.published_render is not None
    manifest = shootout.published_render.manifest
    for segment in manifest.data["segments"]:
        del segment["metrics"], segment["notes"]
    overwrite_manifest(manifest)
    assert api_client(alice).get(f"{URL}{shootout.uuid}/metrics/").json()["segments"] == []
    client = Client()
    client.force_login(alice)
    page = client.get(f"/shootouts/{shootout.uuid}/").content.decode()
    assert "LUFS" in page
    assert "metrics-heading" not in page
