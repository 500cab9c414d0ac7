"""The runs of a shootout, their manifests, and that a manifest never changes."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.models import User
from accounts.tests.factories import api_client
from jobs.models import Job
from jobs.pipeline.formats.manifest.document import manifest_schema
from jobs.tests.running import run_until_idle
from shootouts.models import Manifest, ManifestIsImmutableError, Render, Segment, Shootout
from shootouts.services.shootouts import shootout_render, shootout_update
from shootouts.tests.factories import make_published, make_shootout, render, rich_shootout

pytestmark = pytest.mark.django_db(transaction=True)


def url_of(shootout: Shootout, path: str = "") -> str:
    return f"/api/v1/shootouts/{shootout.uuid}/renders/{path}"


def test_every_run_is_listed_with_what_became_of_it(alice: User) -> None:
    shootout = render(make_shootout(alice))
    shootout_render(shootout=shootout)
    broken = Segment.objects.get(render__version=2, contender_index=1)
    Segment.objects.filter(pk=broken.pk).update(
        sources=dict.fromkeys(broken.sources, "nowhere.wav"), render_key="0" * 64
    )
    run_until_idle()
    shootout_render(shootout=Shootout.objects.get())
    client = api_client(alice)
    waiting, partial, first = client.get(url_of(shootout)).json()["results"]
    assert [waiting["version"], partial["version"], first["version"]] == [3, 2, 1]
    assert (waiting["state"], waiting["has_manifest"], waiting["num_segments"]) == (
        "queued",
        False,
        2,
    )
    assert (waiting["started_at"], waiting["published_at"]) == (None, None)
    assert (partial["num_completed"], partial["num_failed"]) == (1, 1)
    assert (partial["is_published"], first["is_published"]) == (True, False)
    assert (first["state"], first["num_completed"]) == ("completed", 2)
    assert first["finished_at"] >= first["published_at"] >= first["created_at"]
    assert client.get(f"/api/v1/jobs/{first['job_id']}/").json()["state"] == "completed"
    Job.objects.filter(uuid=first["job_id"]).delete()
    forgotten = client.get(url_of(shootout)).json()["results"][2]
    assert (forgotten["state"], forgotten["job_id"], forgotten["has_manifest"]) == (
        None,
        None,
        True,
    )


def test_earlier_manifests_are_there_by_version(alice: User) -> None:
    shootout = render(make_shootout(alice, title="Before"))
    shootout_update(shootout=shootout, title="After")
    shootout.refresh_from_db()
    render(shootout)
    client = api_client(alice)
    titles = [client.get(url_of(shootout, f"{n}/manifest/")).json()["title"] for n in (1, 2)]
    assert titles == ["Before", "After"]
    for version in ("0", "3", "9" * 30):
        assert client.get(url_of(shootout, f"{version}/manifest/")).status_code == 404


def test_they_are_for_the_owner_alone(alice: User, charlie: User) -> None:
    shootout = make_published(alice)
    for path in ("", "1/manifest/"):
        assert api_client(alice).get(url_of(shootout, path)).status_code == 200
        assert api_client(charlie).get(url_of(shootout, path)).status_code == 404
        assert api_client().get(url_of(shootout, path)).status_code == 401


def test_the_list_takes_a_constant_number_of_queries(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    shootout = make_published(alice)
    client = api_client(alice)
    for version in (2, 3, 4):
        with django_assert_num_queries(3):  # who asks, the shootout, the page
            assert len(client.get(url_of(shootout)).json()["results"]) == version - 1
        Render.objects.create(shootout=shootout, version=version, info={})


def test_a_manifest_never_changes(alice: User) -> None:
    manifest = make_published(alice).published_render.manifest  # type: ignore[union-attr]
    manifest.data["title"] = "Something else"
    with pytest.raises(ManifestIsImmutableError):
        manifest.save()
    with pytest.raises(ManifestIsImmutableError):
        Manifest.objects.filter(pk=manifest.pk).update(data={})
    with pytest.raises(ManifestIsImmutableError):
        Manifest.objects.bulk_update([manifest], ["data"])
    with pytest.raises(ManifestIsImmutableError):
        Manifest.objects.update_or_create(render=manifest.render, defaults={"data": {}})
    manifest.refresh_from_db()
    assert manifest.data == {"title": "Amps"}


def strict(schema: Any) -> Any:
    """The same schema with every key forbidden that it does not name."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: strict(item) for key, item in schema.items()}
    if isinstance(found.get("properties"), dict) and "required" in found:
        found.setdefault("additionalProperties", False)
    return found


def complaints(schema: Any, manifest: Any) -> list[str]:
    from jsonschema import Draft202012Validator  # takes seconds: not for each test process

    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(manifest)]


def test_real_manifests_are_what_the_schema_says(alice: User) -> None:
    answer = api_client().get("/api/v1/manifest-schemas/1/")
    assert answer.status_code == 200
    assert "max-age" in answer["Cache-Control"]
    schema = answer.json()
    assert schema == manifest_schema(1)
    whole = render(rich_shootout(alice))
    shootout_render(shootout=whole)
    broken = Segment.objects.filter(render__version=2).earliest("id")
    Segment.objects.filter(pk=broken.pk).update(
        sources=dict.fromkeys(broken.sources, "nowhere.wav"), render_key="0" * 64
    )
    run_until_idle()
    manifests = [manifest.data for manifest in Manifest.objects.order_by("id")]
    assert [bool(manifest["failed_segments"]) for manifest in manifests] == [False, True]
    for manifest in manifests:
        assert complaints(strict(schema), manifest) == []


def test_a_manifest_from_before_it_named_gts_still_fits_the_schema(rendered: Shootout) -> None:
    manifest = deepcopy(Manifest.objects.get().data)
    assert manifest["engine"].pop("gts")
    assert complaints(strict(manifest_schema(1)), manifest) == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda m: m.update(schema_version=2), "$.schema_version"),
        (lambda m: m.pop("fairness"), "$"),
        (lambda m: m["segments"][0].pop("gain_db"), "$.segments[0]"),
        (lambda m: m["segments"][0].update(sha256="abc"), "$.segments[0].sha256"),
        (lambda m: m["segments"][0]["recipe"]["blocks"][0].update(kind="tape"), "$.segments[0]"),
        (lambda m: m["timeline"]["entries"][0].update(num_frames=0.5), "$.timeline.entries[0]"),
    ],
)
def test_what_is_no_manifest_is_found(rendered: Shootout, change: Any, place: str) -> None:
    manifest = deepcopy(Manifest.objects.get().data)
    assert complaints(manifest_schema(1), {**manifest, "added_later": 1}) == []
    change(manifest)
    assert any(text.startswith(place) for text in complaints(manifest_schema(1), manifest))


@pytest.mark.parametrize("version", [0, 2, 10**30])
def test_a_version_that_never_was_has_no_schema(db: None, version: int) -> None:
    assert api_client().get(f"/api/v1/manifest-schemas/{version}/").status_code == 404
