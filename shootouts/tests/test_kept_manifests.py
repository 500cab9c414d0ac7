"""Manifests of every age on pages and in the API."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import make_user
from jobs.pipeline.formats.manifest import read_manifest
from jobs.pipeline.tests.kept_manifests import NAMES, kept_manifest
from jobs.pipeline.video.production import scene_from_manifest
from shootouts.models import Manifest, Shootout
from shootouts.published import player
from shootouts.tests.factories import make_published, overwrite_manifest

pytestmark = pytest.mark.django_db


def published(name: str) -> tuple[Shootout, Manifest]:
    """With media as a server names them."""
    data = kept_manifest(name)
    for segment in data["segments"]:
        segment["media"] = str(uuid4())
    shootout = make_published(make_user())
    manifest = Manifest.objects.get()
    manifest.data = data
    overwrite_manifest(manifest)
    return shootout, Manifest.objects.get()


@pytest.mark.parametrize("name", NAMES)
def test_every_manifest_has_a_page(client: Client, name: str) -> None:
    shootout, manifest = published(name)
    data: dict[str, Any] = manifest.data
    page = client.get(reverse("shootout-detail", args=[shootout.uuid])).content.decode()
    for segment in data["segments"]:
        assert f'data-fair="{segment["di"]}-{segment["contender"]}"' in page
        assert segment["pcm_sha256"] in page
        for version in segment["rendered_with"].values():
            assert version in page
    for contender in data["contenders"]:
        assert contender["label"] in page
        for line in contender["gear"]:
            assert line["name"] in page
    for failed in data["failed_segments"]:
        assert failed["reason"] in page
    played = player.player_data(manifest)["segments"]
    assert [one["duration_s"] for one in played] == [one["duration_s"] for one in data["segments"]]


@pytest.mark.parametrize("name", NAMES)
def test_every_manifest_is_served_as_it_was_stored(client: Client, name: str) -> None:
    shootout, manifest = published(name)
    served = client.get(reverse("api-shootout-manifest", args=[shootout.uuid])).json()
    assert served == manifest.data
    metrics = client.get(reverse("api-shootout-metrics", args=[shootout.uuid])).json()
    measured = [one["metrics"] for one in manifest.data["segments"] if "metrics" in one]
    assert [one["metrics"] for one in metrics["segments"]] == measured


@pytest.mark.parametrize("name", NAMES)
def test_every_manifest_can_become_a_video(name: str) -> None:
    stored = kept_manifest(name)
    manifest = read_manifest(stored)
    scene = scene_from_manifest(manifest)
    assert [contender.label for contender in scene.contenders] == [
        contender["label"] for contender in stored["contenders"]
    ]
    assert manifest.timeline.spans()[-1].end_frame == stored["timeline"]["total_frames"]
