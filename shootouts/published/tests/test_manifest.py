"""What the manifest of a render through the real jobs says about how it came to be."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags
from msgspec import to_builtins

from accounts.models import User
from accounts.tests.factories import make_user
from gear.models import Block, Capture, GearItem
from gear.services.captures import gear_upload
from gear.services.chains import BlockInput, IRInput, chain_create, chain_update
from gts.web.display import number, signed
from jobs.pipeline.environment import sample_origin
from jobs.pipeline.formats.manifest import Descriptor, YouTube, YouTubeChapter
from jobs.pipeline.recipe import segment_recipe_from_json
from jobs.pipeline.tests.kept_manifests import NAMES, kept_manifest
from jobs.pipeline.versions import ENGINE_VERSION, RENDERER_VERSION
from jobs.tests.running import run_until_idle
from shootouts.models import CachedAudio, DITrack, Segment, Shootout
from shootouts.services.shootouts import shootout_create, shootout_render
from shootouts.tests.factories import (
    contenders_of,
    linear_nam_bytes,
    make_cab,
    make_capture,
    make_di_track,
    make_shootout,
    make_space,
    plucked,
    render,
    upload,
    wav_bytes,
)

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


def test_a_file_behind_a_blended_cabinet_keeps_its_name() -> None:
    owner = make_user()
    amp, cab, pedal = make_capture(owner), make_cab(owner), make_capture(owner, weights=(0.9,))
    GearItem.objects.filter(pk=pedal.gear_id).update(kind="pedal", name="Squeeze")
    room, _ = gear_upload(
        owner=owner, upload=upload(wav_bytes(plucked(300.0, 0.2)), "r.wav"), kind="cab", name="Room"
    )
    run_until_idle()
    mixed = BlockInput("cab", cab.uuid, extra_irs=[IRInput(room.uuid)])
    blocks = [BlockInput("amp", amp.uuid), mixed, BlockInput("post", pedal.uuid)]
    chains = [chain_create(owner=owner, name=name, blocks=blocks) for name in ("One", "Two")]
    shootout = shootout_create(
        owner=owner,
        title="Mics",
        di_track_ids=[make_di_track(owner).uuid],
        contenders=contenders_of(chains),
        options={"has_video": False},
    )
    named = [(i["role"], i["name"]) for i in manifest_of(render(shootout))["inputs"]]
    assert named == [
        ("di", "riff"),
        ("amp", "Test Amp 2"),
        ("cab", "Cab"),
        ("cab", "Room"),
        ("post", "Test Squeeze"),
    ]


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
    for row in CachedAudio.objects.all():
        row.described["rendered_with"] = elsewhere
        row.save()
    manifest = manifest_of(render(shootout))
    assert [segment["rendered_with"] for segment in manifest["segments"]] == [elsewhere] * 2
    assert manifest["engine"]["blas_kernel"] == sample_origin()["blas_kernel"]


def test_the_level_report_is_whole_in_json_and_on_the_page(client: Client) -> None:
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
        assert set(segment["alignment"]) >= {"lag_samples", "is_inverted", "is_accepted"}
        assert {"nam", "renderer", "meter"} <= set(segment["rendered_with"])
    client.force_login(User.objects.get(pk=shootout.owner_id))
    served = client.get(reverse("api-shootout-manifest", args=[shootout.uuid])).json()
    assert served["segments"] == manifest["segments"]
    page = client.get(reverse("shootout-detail", args=[shootout.uuid])).content.decode()
    for segment in manifest["segments"]:
        for digest in ("pcm_sha256", "sha256", "recipe_digest"):
            assert segment[digest] in page
        for level in ("loudness_before_lufs", "loudness_after_lufs", "true_peak_dbtp"):
            assert number(segment[level], 2) in page
        assert signed(segment["gain_db"], 2) in page
        assert next(b["label"] for b in segment["blocks"] if b["kind"] == "nam") in page
        for name, version in segment["rendered_with"].items():
            assert f"{name} {version}" in page
    for entry in manifest["inputs"]:
        assert entry["sha256"] in page
    assert manifest["engine"]["meter"] in page


@pytest.mark.parametrize(
    ("input_mode", "staged", "words"),
    [
        ("auto", {"mode": "calibrated", "basis": "calibrated", "gain_db": -6.0}, "calibrated"),
        ("calibrated", {"mode": "calibrated", "basis": "calibrated"}, "calibrated"),
        ("normalized", {"mode": "normalized", "basis": "assumed"}, "normalized"),
        ("raw", {"mode": "raw", "basis": "unknown", "gain_db": 0.0}, "raw"),
    ],
)
def test_every_contender_shows_how_its_input_was_staged(
    client: Client, input_mode: str, staged: dict[str, Any], words: str
) -> None:
    owner = make_user()
    shootout = make_shootout(owner, options={"input_mode": input_mode})
    DITrack.objects.update(input_level_dbu=12.0)
    known = linear_nam_bytes().replace(
        b'"sample_rate"', b'"metadata": {"input_level_dbu": 18}, "sample_rate"'
    )
    capture, _ = gear_upload(owner=owner, upload=upload(known, "known.nam"), kind="amp")
    run_until_idle()
    Block.objects.filter(slot="amp").update(capture=capture)
    manifest = manifest_of(render(shootout))
    client.force_login(owner)
    page = client.get(reverse("shootout-detail", args=[shootout.uuid])).content.decode()
    for segment in manifest["segments"]:
        assert segment["staging"].items() >= {**staged, "requested": input_mode}.items()
        gain = re.escape(signed(segment["staging"]["gain_db"]))
        shown = rf'<span class="num">{gain} dB</span> \({words}\)'
        chain = page[page.index(f'data-contender-chain="{segment["contender"]}"') :]
        assert re.search(shown, chain[: chain.index("</article>")])
        row = page[page.index(f'data-fair="0-{segment["contender"]}"') :]
        assert re.search(shown, row[: row.index("</tr>")])


@pytest.mark.parametrize(
    ("weights", "is_aligned", "words"),
    [
        (
            [0.0] * 37 + [-0.5],
            True,
            '<span class="num">37</span> samples (<span class="num">0.77 ms</span>) earlier, '
            "polarity inverted against the others<small",
        ),
        (
            [0.5],
            True,
            '<span class="num">0</span> samples (<span class="num">0.00 ms</span>) earlier, '
            "polarity kept<small",
        ),
        ([0.5], False, "off<"),
    ],
)
def test_the_page_tells_lag_and_polarity(
    client: Client, weights: list[float], is_aligned: bool, words: str
) -> None:
    owner = make_user()
    shootout = make_shootout(owner, options={"is_aligned": is_aligned})
    late = shootout.contenders.order_by("position")[0].chain
    Block.objects.filter(slot="amp").update(capture=make_capture(owner, weights=[0.4]))
    Block.objects.filter(slot="amp", chain=late).update(
        capture=make_capture(owner, weights=weights)
    )
    Block.objects.filter(slot="cab").update(capture=make_unit_cab(owner))
    render(shootout)
    client.force_login(owner)
    page = client.get(reverse("shootout-detail", args=[shootout.uuid])).content.decode()
    row = page[page.index('data-fair="0-0"') :]
    assert f"<td>{words}" in row[: row.index("</tr>")]


def test_the_page_says_how_far_alignment_is_trusted_and_reads_older_manifests() -> None:
    def said(**alignment: Any) -> str:
        template = "shootouts/_alignment.html"
        return strip_tags(render_to_string(template, {"alignment": alignment}))

    moved = {"is_accepted": True, "lag_samples": 12, "lag_ms": 0.25}
    assert "12 samples (0.25 ms) earlier, polarity kept" in said(
        **moved, method="first_sound", polarity="same"
    )
    by_group = said(**moved, method="group", polarity="unclear")
    assert "polarity not clear" in by_group
    assert "not trusted: moved as the others are" in by_group
    assert "not moved" in said(is_accepted=False, method="none", polarity="unclear")
    # Before contenders were aligned to each other.
    assert "12 samples earlier, polarity inverted" in said(
        is_accepted=True, lag_samples=12, is_inverted=True
    )
    assert "not clear, left as it was" in said(is_accepted=False, lag_samples=12)


def make_unit_cab(owner: User) -> Capture:
    impulse = np.zeros(64, dtype=np.float32)
    impulse[0] = 0.5
    cab, _ = gear_upload(owner=owner, upload=upload(wav_bytes(impulse), "u.wav"), kind="cab")
    run_until_idle()
    return cab


def test_what_a_render_warns_of_is_on_the_page(client: Client) -> None:
    owner = make_user()
    shootout = render(make_shootout(owner, options={"input_mode": "calibrated"}))
    [warning] = {w for s in manifest_of(shootout)["segments"] for w in s["warnings"]}
    client.force_login(owner)
    page = client.get(reverse("shootout-detail", args=[shootout.uuid])).content.decode()
    assert page.count(f": {warning}</p>") == 2


def _paths(value: Any, path: str = "") -> set[str]:
    """The keys of a manifest as docs/manifest.md writes them."""
    if isinstance(value, dict):
        if path.endswith(".parameters"):
            return {f"{path}.*"}
        return {p for key, item in value.items() for p in _paths(item, f"{path}.{key}".lstrip("."))}
    if isinstance(value, list | tuple):
        return {p for item in value for p in _paths(item, f"{path}[]")} or {f"{path}[]"}
    return {path}


def test_the_documentation_names_exactly_the_keys_there_are() -> None:
    owner = make_user()
    shootout = make_shootout(owner)
    chain = shootout.contenders.get(position=1).chain
    assert chain is not None
    blocks = [
        BlockInput("amp", Capture.objects.get(format="nam").uuid),
        BlockInput("cab", Capture.objects.get(format="ir").uuid),
        BlockInput("post", make_space(owner).uuid),
    ]
    chain_update(chain=chain, blocks=blocks)
    render(shootout)
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
    # Chains as alike as these get no descriptor.
    remark = {"notes": [to_builtins(Descriptor("rms_dbfs", 1.0, "Louder"))]}
    # Segments as short as these leave no chapters for YouTube.
    chapter = YouTubeChapter(start_s=0, title="A")
    listed = {"youtube": to_builtins(YouTube(chapters=(chapter,), note=""))}
    found = _paths(whole) | _paths(partial) | _paths(remark, "segments[]") | _paths(listed)
    found |= {path for name in NAMES for path in _paths(kept_manifest(name))}
    # An empty list says less than one with items in it.
    found -= {p for p in found if any(other.startswith(f"{p}.") for other in found)}

    text = (settings.BASE_DIR / "docs" / "manifest.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    documented = [key for cell in rows for key in re.findall(r"`([^`]+)`", cell)]
    assert len(documented) == len(set(documented))
    assert sorted(set(documented) - found) == []  # nothing that is not there
    assert sorted(found - set(documented)) == []  # nothing left out
    assert f"schema version {whole['schema_version']}" in text.splitlines()[0]
