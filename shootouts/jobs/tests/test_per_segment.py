"""Whatever is said of a segment comes from that segment: three DIs of different level, two chains,
six different input gains, compared everywhere with the manifest of the segment that sounds."""

from __future__ import annotations

import html
import json
import re
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_user
from gear.services.captures import gear_upload
from gts.web.display import number, signed
from jobs.pipeline.formats.manifest import read_manifest
from jobs.pipeline.formats.timeline import TimelineEntry
from jobs.pipeline.measure.third_octaves import third_octave_difference_db
from jobs.pipeline.video.canvas import FontBook
from jobs.pipeline.video.chapters import srt, web_vtt
from jobs.pipeline.video.layout import Layout
from jobs.pipeline.video.production import scene_from_manifest
from jobs.tests.running import run_until_idle
from shootouts.models import DITrack, Segment, Shootout
from shootouts.models.media import RenderedFileKind
from shootouts.published.player import player_data
from shootouts.rendering import font_paths, render_svg
from shootouts.services.di_tracks import di_track_upload
from shootouts.services.renders import rendered_file_store
from shootouts.services.shootouts import shootout_create, shootout_render
from shootouts.tests.factories import (
    contenders_of,
    linear_nam_bytes,
    make_cab,
    make_capture,
    make_chain,
    plucked,
    render,
    upload,
    wav_bytes,
)

pytestmark = pytest.mark.django_db(transaction=True)

# Level in the file, and that of the interface: the one decides where the input is normalized, the
# other where it is calibrated.
DIS = {"Soft": (0.25, 8.0), "Medium": (0.5, 12.0), "Loud": (1.6, 17.0)}
KEYS = list(product(range(2), range(3)))  # contender, DI


def draft(owner: User) -> Shootout:
    calibrated = linear_nam_bytes((0.4, 0.2, -0.1)).replace(
        b'"sample_rate"', b'"metadata": {"input_level_dbu": 18}, "sample_rate"'
    )
    known, _ = gear_upload(
        owner=owner, upload=upload(calibrated, "known.nam"), kind="amp", name="Known"
    )
    cab, unknown = make_cab(owner), make_capture(owner)
    tracks: list[DITrack] = []
    for name, (level, level_dbu) in DIS.items():
        content = wav_bytes(level * plucked(110.0 + 40.0 * len(tracks), 3.0 + len(tracks)))
        track, _ = di_track_upload(
            owner=owner,
            upload=upload(content, f"{name}.wav"),
            name=name,
            input_level_dbu=level_dbu,
        )
        tracks.append(track)
    run_until_idle()
    chains = [
        make_chain(owner, amp, cab, name=name)
        for name, amp in (("Known", known), ("Unknown", unknown))
    ]
    return shootout_create(
        owner=owner,
        title="Three levels",
        di_track_ids=[track.uuid for track in tracks],
        contenders=contenders_of(chains),
        options={"has_video": False},
    )


@pytest.fixture
def shootout() -> Shootout:
    return render(draft(make_user()))


def data_of(shootout: Shootout) -> dict[str, Any]:
    assert shootout.published_render is not None
    data: dict[str, Any] = shootout.published_render.manifest.data
    return data


def by_key(data: dict[str, Any]) -> dict[tuple[int, int], dict[str, Any]]:
    found = {(s["contender"], s["di"]): s for s in data["segments"]}
    assert sorted(found) == KEYS
    gains = {f"{segment['staging']['gain_db']:.1f}" for segment in found.values()}
    assert len(gains) == len(KEYS)  # else a wrong one would not be seen
    return found


def svg_texts(svg: str) -> str:
    root = ElementTree.fromstring(svg)
    return "\n".join(
        "".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")
    )


def test_every_frame_is_about_the_segment_that_sounds(shootout: Shootout) -> None:
    data = data_of(shootout)
    manifest = read_manifest(data)
    segments, timeline = by_key(data), manifest.timeline
    scene = scene_from_manifest(manifest)
    layout = Layout(scene, FontBook(font_paths()), (1920, 1080))
    shown = set()
    for span in timeline.video_spans():
        if not isinstance(span.what, TimelineEntry):
            continue
        key = (span.what.contender_index, span.what.di_index)
        segment = segments[key]
        values = {**layout.contender(*key), "duration": "0:03", "duration_x": "200"}
        texts = svg_texts(render_svg("video/contender.svg", values))
        staging = segment["staging"]
        assert staging["requested"] == "auto"
        reason = "calibrated" if staging["basis"] == "calibrated" else "no calibration"
        trims = re.findall(r"input trim ([+-][\d.]+) dB \((.*)\)", texts)
        assert trims == [(f"{staging['gain_db']:+.1f}", reason)]
        assert f"Level-matched to {number(segment['loudness_after_lufs'])} LUFS" in texts
        assert data["contenders"][key[0]]["label"] in texts
        assert f"DI {key[1] + 1} / 3\n{data['dis'][key[1]]['name']}" in texts
        shown.add(key)
    assert sorted(shown) == KEYS
    # Said of a contender as a whole is only what is true of it over every DI.
    assert [contender.note for contender in scene.contenders] == ["", ""]


def test_every_chapter_and_subtitle_is_about_the_segment_that_sounds(shootout: Shootout) -> None:
    data = data_of(shootout)
    manifest = read_manifest(data)
    segments, timeline = by_key(data), manifest.timeline
    scene = scene_from_manifest(manifest)
    chapters = data["chapters"]
    titles = [line for line in web_vtt(timeline, scene).splitlines() if "·" in line]
    assert [line for line in srt(timeline, scene).splitlines() if "·" in line] == titles
    for entry, title in zip(timeline.entries, titles, strict=True):
        di = data["dis"][entry.di_index]["name"]
        label = data["contenders"][entry.contender_index]["label"]
        assert title == f"{label} · {di}"
        start_s = entry.start_frame / timeline.sample_rate_hz
        [chapter] = [c for c in chapters if c["start_s"] == pytest.approx(start_s)]
        assert chapter["title"] == title
        length_s = segments[entry.contender_index, entry.di_index]["duration_s"]
        assert entry.num_frames / timeline.sample_rate_hz == pytest.approx(length_s)


def test_the_player_plays_and_draws_each_segment(shootout: Shootout) -> None:
    data = data_of(shootout)
    assert shootout.published_render is not None
    player = player_data(shootout.published_render.manifest)
    played = {(s["contender"], s["di"]): s for s in player["segments"]}
    for key, segment in by_key(data).items():
        assert played[key]["url"] == reverse("media", args=[segment["media"]])
        assert played[key]["duration_s"] == segment["duration_s"]
        assert played[key]["num_channels"] == segment["num_channels"]
        assert max(played[key]["waveform"]) == pytest.approx(max(segment["waveform"]), abs=6e-4)
    assert len({segment["url"] for segment in played.values()}) == len(KEYS)


def test_every_row_of_the_page_is_about_its_segment(client: Client, shootout: Shootout) -> None:
    data = data_of(shootout)
    client.force_login(User.objects.get(pk=shootout.owner_id))
    page = client.get(reverse("shootout-detail", args=[shootout.uuid])).content.decode()
    embedded = re.search(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    assert embedded
    assert shootout.published_render is not None
    assert json.loads(embedded[1]) == player_data(shootout.published_render.manifest)
    for (contender, di), segment in by_key(data).items():
        staged = f"{signed(segment['staging']['gain_db'])} dB"
        row = part(page, f'data-fair="{di}-{contender}"', "</tr>")
        if segment["staging"]["basis"] == "calibrated":
            reason = "calibrated"
        elif segment["recipe"]["di"]["input_level_dbu"] is None:
            reason = "DI track has no input level"
        else:
            reason = "capture has no calibration"
        trims = re.findall(r'<span class="num">([+−][\d.]+ dB)</span> \((.*?)\)</td>', row)
        assert trims == [(staged, reason)]
        numbers = [
            number(segment["loudness_before_lufs"], 2),
            signed(segment["gain_db"], 2),
            number(segment["loudness_after_lufs"], 2),
            number(segment["true_peak_dbtp"], 2),
        ]
        assert re.findall(r'<td class="is-number">(.*?)</td>', row) == numbers
        chain = part(page, f'data-contender-chain="{contender}"', "</article>")
        name = data["dis"][di]["name"]
        trims = re.findall(rf'{name}: .*?<span class="num">(.*?)</span> \((.*?)\)', chain)
        assert trims == [(staged, reason)]
        lane = part(part(page, f'data-lanes="{di}"', "lanes--end"), f'data-lane="{contender}"')
        assert f'<span class="num">{signed(segment["gain_db"])} dB</span>' in lane
        table = part(page, f'aria-label="Metrics of {name}"', "</table>")
        metrics = part(table, f'data-contender="{contender}"', "</tr>")
        assert f">{number(segment['metrics']['spectral_centroid_hz'], 0)}</td>" in metrics
        assert f">{number(segment['metrics']['crest_factor_db'])}</td>" in metrics
        label = data["contenders"][contender]["label"]
        url = reverse("media", args=[segment["media"]])
        assert f'<a href="{url}?download" download>{label} · {name}</a>' in page
        checksum = part(page, f'<th scope="row">{label} · {name}</th>', "</tr>")
        assert segment["pcm_sha256"] in checksum
        below = part(page, f'aria-label="Levels of {name}"', "<h3>")
        for warning in segment["warnings"]:
            assert f"{label}: {html.escape(warning)}" in below


def part(page: str, start: str, end: str = "</div>\n    </div>") -> str:
    found = page[page.index(start) :]
    return found[: found.index(end)] if end in found else found


def test_the_api_says_of_each_segment_what_its_manifest_says(
    client: Client, shootout: Shootout
) -> None:
    data = data_of(shootout)
    client.force_login(User.objects.get(pk=shootout.owner_id))

    def get(name: str, **query: int) -> Any:
        url = reverse(name, args=[shootout.uuid])
        response = client.get(url, query)
        if response.status_code == 202:  # the first who asks for a comparison waits for its job
            run_until_idle()
            response = client.get(url, query)
        assert response.status_code == 200
        return response.json()

    assert get("api-shootout-manifest") == data
    measured = {(s["contender"], s["di"]): s for s in get("api-shootout-metrics")["segments"]}
    rows = get("api-shootout-segments")
    stored = {(row["contender_index"], row["di_index"]): row for row in rows.get("results", rows)}
    for key, segment in by_key(data).items():
        assert measured[key]["metrics"] == segment["metrics"]
        assert measured[key]["notes"] == segment["notes"]
        assert measured[key]["label"] == data["contenders"][key[0]]["label"]
        assert measured[key]["di_name"] == data["dis"][key[1]]["name"]
        assert stored[key]["media"]["id"] == segment["media"]
        assert stored[key]["media"]["sha256"] == segment["sha256"]
    for di in range(3):
        compared = get("api-shootout-comparison", di=di, a=0, b=1)["third_octave_difference_db"]
        pair = [measured[contender, di]["metrics"]["third_octave_dbfs"] for contender in (0, 1)]
        assert [None if level is None else round(level, 2) for level in compared] == [
            None if level is None else round(level, 2)
            for level in third_octave_difference_db(pair[1], pair[0])
        ]


def test_measurements_are_shown_when_the_first_di_failed(client: Client) -> None:
    owner = make_user()
    shootout = draft(owner)
    shootout_render(shootout=shootout)
    for segment in Segment.objects.filter(di_index=0):
        segment.sources = dict.fromkeys(segment.sources, "nowhere.wav")
        segment.save()
    run_until_idle()
    shootout.refresh_from_db()
    data = data_of(shootout)
    assert {segment["di"] for segment in data["segments"]} == {1, 2}
    client.force_login(owner)
    page = client.get(reverse("shootout-detail", args=[shootout.uuid])).content.decode()
    assert "Metrics of Soft" not in page
    for name in ("Medium", "Loud"):
        assert f"Metrics of {name}" in page


def test_the_page_says_why_there_are_no_chapters_to_download(
    client: Client, rendered: Shootout, alice: User, tmp_path: Path
) -> None:
    assert rendered.published_render is not None
    youtube = data_of(rendered)["youtube"]
    assert youtube["chapters"] == []
    for kind, name, content in (
        (RenderedFileKind.VIDEO, "film.mp4", b"film"),
        (RenderedFileKind.CHAPTERS, "chapters.txt", b""),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        rendered_file_store(render=rendered.published_render, kind=kind, path=path, name=name)
    client.force_login(alice)
    page = client.get(reverse("shootout-detail", args=[rendered.uuid])).content.decode()
    assert youtube["note"] in page
    assert ">Video</a>" in page
    assert "Chapters for the video description" not in page
