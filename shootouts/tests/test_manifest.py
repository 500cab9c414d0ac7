"""What the manifest of a render through the real jobs says about how it came to be."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_user
from gear.models import Capture
from jobs.pipeline.audio.evaluation import Remark
from jobs.pipeline.audio.nam import ENGINE_VERSION
from jobs.pipeline.audio.render import RENDERER_VERSION
from jobs.pipeline.environment import sample_origin
from jobs.pipeline.recipe import segment_recipe_from_json
from jobs.tests.running import run_until_idle
from shootouts.models import DITrack, Segment, Shootout
from shootouts.services.shootouts import shootout_render
from shootouts.tests.factories import make_shootout, render

pytestmark = pytest.mark.django_db(transaction=True)


def manifest_of(shootout: Shootout) -> dict[str, Any]:
    assert shootout.published_render is not None
    data: dict[str, Any] = shootout.published_render.manifest.data
    return data


def test_every_source_is_named_by_its_hash() -> None:
    manifest = manifest_of(render(make_shootout(make_user())))
    amp, cab = Capture.objects.get(format="nam"), Capture.objects.get(format="ir")
    track = DITrack.objects.get()
    assert manifest["inputs"] == [
        {"sha256": track.sha256, "role": "di", "name": track.name},
        {"sha256": amp.sha256, "role": "amp", "name": "Test Amp 2"},
        {"sha256": cab.sha256, "role": "cab", "name": "Cab"},
    ]
    hashes = {entry["sha256"] for entry in manifest["inputs"]}
    for segment in manifest["segments"]:
        assert set(segment_recipe_from_json(segment["recipe"]).input_digests()) == hashes


def test_it_says_what_computed_it() -> None:
    engine = manifest_of(render(make_shootout(make_user())))["engine"]
    assert (engine["nam"], engine["renderer"]) == (ENGINE_VERSION, RENDERER_VERSION)
    assert {"meter", "recipe", "blas", "blas_kernel", "platform", "python"} <= set(engine)
    assert {"libsndfile", "libsoxr", "libavcodec", "libavformat"} <= set(engine)
    assert all(isinstance(value, str) and value for value in engine.values())


def test_a_segment_from_the_cache_says_where_it_was_rendered() -> None:
    shootout = render(make_shootout(make_user()))
    assert [s["rendered_with"] for s in manifest_of(shootout)["segments"]] == [sample_origin()] * 2
    elsewhere = {**sample_origin(), "blas_kernel": "Z80"}
    for segment in Segment.objects.all():
        segment.measured["rendered_with"] = elsewhere
        segment.save()
    manifest = manifest_of(render(shootout))
    assert [segment["rendered_with"] for segment in manifest["segments"]] == [elsewhere] * 2
    assert manifest["engine"]["blas_kernel"] == sample_origin()["blas_kernel"]


def test_the_certificate_is_whole_in_json_and_on_the_page(client: Client) -> None:
    shootout = render(make_shootout(make_user()))
    manifest = manifest_of(shootout)
    json.dumps(manifest, allow_nan=False)
    for segment in manifest["segments"]:
        assert segment["loudness_after_lufs"] == pytest.approx(
            segment["loudness_before_lufs"] + segment["gain_db"], abs=0.05
        )
        assert segment["true_peak_dbtp"] <= -1.0
        assert set(segment["staging"]) >= {"mode", "basis", "gain_db"}
        assert [block["label"] for block in segment["blocks"] if block["kind"] == "nam"]
    client.force_login(User.objects.get(pk=shootout.owner_id))
    page = client.get(reverse("shootout-detail", args=[shootout.uuid])).content.decode()
    for segment in manifest["segments"]:
        assert segment["pcm_sha256"] in page
        assert next(b["label"] for b in segment["blocks"] if b["kind"] == "nam") in page
    for entry in manifest["inputs"]:
        assert entry["sha256"] in page
    assert manifest["engine"]["meter"] in page


def _paths(value: Any, path: str = "") -> set[str]:
    """The keys of a manifest as docs/manifest.md writes them."""
    if isinstance(value, dict):
        if path.endswith(".parameters"):
            return {f"{path}.*"}
        return {p for key, item in value.items() for p in _paths(item, f"{path}.{key}".lstrip("."))}
    if isinstance(value, list):
        return {p for item in value for p in _paths(item, f"{path}[]")} or {f"{path}[]"}
    return {path}


def test_the_documentation_names_exactly_the_keys_there_are() -> None:
    shootout = render(make_shootout(make_user()))
    whole = manifest_of(shootout)
    shootout_render(shootout=shootout)
    broken = Segment.objects.get(render__version=2, contender_index=1)
    broken.sources = dict.fromkeys(broken.sources, "nowhere.wav")
    broken.render_key = "0" * 64  # not to be taken from the first run
    broken.save()
    run_until_idle()
    shootout.refresh_from_db()
    partial = manifest_of(shootout)
    assert partial["failed_segments"]
    # Rigs as alike as these leave nothing to remark.
    remark = {"notes": [Remark("rms_dbfs", 1.0, "Louder").as_json()]}
    found = _paths(whole) | _paths(partial) | _paths(remark, "segments[]")
    # An empty list says less than one with items in it.
    found -= {p for p in found if any(other.startswith(f"{p}.") for other in found)}

    text = (settings.BASE_DIR / "docs" / "manifest.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    documented = [key for cell in rows for key in re.findall(r"`([^`]+)`", cell)]
    assert len(documented) == len(set(documented))
    assert sorted(set(documented) - found) == []  # nothing that is not there
    assert sorted(found - set(documented)) == []  # nothing left out
    assert f"schema version {whole['schema_version']}" in text.splitlines()[0]
