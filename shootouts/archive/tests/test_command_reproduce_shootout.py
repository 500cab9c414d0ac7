"""`manage.py reproduce_shootout`, with renders through the real jobs."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from accounts.tests.factories import make_user
from gear.models import Block, Capture
from gear.services.captures import gear_delete
from jobs.files.storage import stored_name
from jobs.pipeline.files import sha256_of
from jobs.pipeline.recipe import segment_recipe_from_json
from jobs.pipeline.render.publishing import publish_segment
from jobs.pipeline.render.segment import render_segment
from shootouts.models import CachedAudio, DITrack, Manifest, RenderedFile
from shootouts.services.di_tracks import di_track_delete
from shootouts.tests.factories import (
    make_cab,
    make_capture,
    make_di_track,
    make_shootout,
    overwrite_manifest,
    render,
)

pytestmark = pytest.mark.django_db(transaction=True)


def reproduce(shootout: Any, **options: Any) -> tuple[list[str], str]:
    """The lines it printed and what it complained about."""
    out = StringIO()
    try:
        call_command("reproduce_shootout", str(shootout.uuid), stdout=out, **options)
    except CommandError as error:
        return out.getvalue().splitlines(), str(error)
    return out.getvalue().splitlines(), ""


def test_the_same_samples_come_out_again_and_nothing_is_stored(media_root: Path) -> None:
    shootout = render(make_shootout(make_user()))
    # What is compared is made again: neither kept renders nor published files take part.
    for name in [
        *CachedAudio.objects.values_list("file", flat=True),
        *RenderedFile.objects.values_list("file", flat=True),
    ]:
        (media_root / name).unlink()
    before = sorted(media_root.rglob("*"))
    lines, complaint = reproduce(shootout)
    assert complaint == ""
    hashes = [segment["pcm_sha256"] for segment in Manifest.objects.get().data["segments"]]
    assert [line.split()[0] for line in lines] == ["same", "same", "2"]
    assert [line.split()[-1] for line in lines[:2]] == hashes
    assert len(set(hashes)) == 2
    assert lines[-1] == "2 segments: 2 same"
    assert sorted(media_root.rglob("*")) == before


def test_what_was_moved_comes_out_again_of_this_version_and_of_older_ones(tmp_path: Path) -> None:
    owner = make_user()
    shootout = make_shootout(owner)
    late = make_capture(owner, weights=[0.0] * 37 + [-0.5])
    Block.objects.filter(slot="amp", chain__name="Loud").update(capture=late)
    render(shootout)
    manifest = Manifest.objects.get()
    lags = [segment["alignment"]["lag_samples"] for segment in manifest.data["segments"]]
    assert lags[1] - lags[0] == 37
    assert reproduce(shootout)[1] == ""

    # As it was published when alignment belonged to the recipe: moved while it was rendered.
    for segment in manifest.data["segments"]:
        recipe = segment_recipe_from_json(segment["recipe"])
        paths = {
            sha256_of(Path(file.path)): Path(file.path)
            for model in (DITrack, Capture)
            for file in (row.file for row in model._default_manager.all())
        }
        advance = segment["alignment"]["lag_samples"]
        render_segment(recipe, paths, tmp_path / "a.wav", advance_frames=advance)
        published = publish_segment(tmp_path / "a.wav", segment["gain_db"], tmp_path / "a.flac")
        segment["pcm_sha256"] = published.pcm_sha256
        segment["recipe"]["is_aligned"] = True
        segment["alignment"] = {
            "lag_samples": advance,
            "is_inverted": False,
            "is_accepted": True,
            "peak_ratio": 3.0,
        }
    overwrite_manifest(manifest)
    assert reproduce(shootout)[1] == ""


def test_a_difference_is_found_measured_and_ends_with_an_error() -> None:
    shootout = render(make_shootout(make_user()))
    manifest = Manifest.objects.get()
    changed = manifest.data["segments"][1]
    [gain] = [block for block in changed["recipe"]["blocks"] if block["kind"] == "processor"]
    gain["parameters"]["gain_db"] += 6.0
    changed["rendered_with"]["blas_kernel"] = "Z80"
    overwrite_manifest(manifest)
    lines, complaint = reproduce(shootout)
    assert [line.split()[0] for line in lines[:2]] == ["same", "different"]
    assert "frames instead of" in lines[1]  # a louder tail is a longer one
    assert "blas_kernel was Z80" in lines[1]
    assert lines[-1] == "2 segments: 1 same, 1 different"
    assert "does not come out as it was published" in complaint


def test_another_gain_is_a_difference() -> None:
    shootout = render(make_shootout(make_user()))
    manifest = Manifest.objects.get()
    manifest.data["segments"][0]["gain_db"] += 0.01
    overwrite_manifest(manifest)
    lines, _ = reproduce(shootout)
    assert [line.split()[0] for line in lines[:2]] == ["different", "same"]
    # 0.01 dB of a signal that peaks at full scale or below is less than −58 dBFS.
    assert -90.0 < float(lines[0].split("at most ")[1].removesuffix(" dBFS")) < -58.0


def test_a_published_file_that_is_right_clears_itself() -> None:
    shootout = render(make_shootout(make_user()))
    manifest = Manifest.objects.get()
    manifest.data["segments"][0]["pcm_sha256"] = "0" * 64
    overwrite_manifest(manifest)
    assert "the published file has these samples" in reproduce(shootout)[0][0]


def test_a_recipe_that_cannot_be_rendered_is_told() -> None:
    shootout = render(make_shootout(make_user()))
    manifest = Manifest.objects.get()
    manifest.data["segments"][0]["recipe"]["blocks"][0]["processor"] = "no_such"
    overwrite_manifest(manifest)
    lines, complaint = reproduce(shootout)
    assert lines[0].startswith("failed")
    assert complaint


def test_sources_that_are_gone_are_named_and_found_again_by_their_hash() -> None:
    alice = make_user()
    shootout = render(make_shootout(alice))
    di_track_delete(track=DITrack.objects.get())
    gear_delete(item=Capture.objects.get(format="ir").gear)
    lines, complaint = reproduce(shootout)
    assert all(line.startswith("sources gone") for line in lines[:2])
    assert "di “riff" in lines[0]
    assert "cab “Cab”" in lines[0]
    assert "amp" not in lines[0].split("no longer stored:")[1]
    assert "deleted after" in complaint
    make_cab(alice)
    make_di_track(make_user("charlie"))  # the same file, in another library
    assert reproduce(shootout)[1] == ""


def test_a_source_that_changed_is_not_used(media_root: Path) -> None:
    shootout = render(make_shootout(make_user()))
    track = DITrack.objects.get()
    path = media_root / stored_name(track.file)
    path.write_bytes(path.read_bytes()[:-3] + b"abc")
    assert "sources gone" in reproduce(shootout)[0][0]


def test_an_earlier_render_can_be_asked_for() -> None:
    shootout = render(render(make_shootout(make_user())))
    assert reproduce(shootout, render=1)[1] == ""
    assert "no published render number 3" in reproduce(shootout, render=3)[1]


def test_what_is_not_published_cannot_be_compared() -> None:
    assert "no published render" in reproduce(make_shootout(make_user()))[1]
    with pytest.raises(CommandError):
        call_command("reproduce_shootout", str(uuid4()))
