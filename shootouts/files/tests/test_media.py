"""Range, ETag, HEAD, and who may listen."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import api_client, make_user
from shootouts.models import DITrack, RenderedFile, Shootout
from shootouts.services.shootouts import shootout_update
from shootouts.tests.factories import make_shootout, render

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice() -> User:
    return make_user()


@pytest.fixture
def shootout(alice: User) -> Shootout:
    return render(make_shootout(alice, visibility="public"))


def _segment_url() -> str:
    file = RenderedFile.objects.filter(kind="segment").earliest("id")
    return f"/api/v1/media/{file.uuid}/"


async def _body(response: Any) -> bytes:
    return b"".join([chunk async for chunk in response.streaming_content])


def _read(response: Any) -> bytes:
    from asgiref.sync import async_to_sync

    return async_to_sync(_body)(response)


def test_a_whole_file_is_the_file_of_the_manifest(shootout: Shootout) -> None:
    assert shootout.published_render is not None
    segment = shootout.published_render.manifest.data["segments"][0]
    answer = api_client().get(f"/api/v1/media/{segment['media']}/")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "audio/flac"
    assert answer["ETag"] == f'"{segment["sha256"]}"'
    content = _read(answer)
    assert hashlib.sha256(content).hexdigest() == segment["sha256"]
    assert int(answer["Content-Length"]) == len(content)


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=10-19", slice(10, 20)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=5-999999999", slice(5, None)),
    ],
)
def test_a_range_is_that_part_of_the_whole(shootout: Shootout, header: str, span: slice) -> None:
    url = _segment_url()
    whole = _read(api_client().get(url))
    answer = api_client().get(url, HTTP_RANGE=header)
    assert answer.status_code == 206
    part = whole[span]
    first = whole.index(part) if len(part) > 20 else range(len(whole))[span].start
    assert _read(answer) == part
    assert answer["Content-Range"] == f"bytes {first}-{first + len(part) - 1}/{len(whole)}"
    assert answer["Content-Length"] == str(len(part))


@pytest.mark.parametrize("header", ["bytes=999999999-", "bytes=-0"])
def test_a_range_outside_is_416_and_names_the_size(shootout: Shootout, header: str) -> None:
    answer = api_client().get(_segment_url(), HTTP_RANGE=header)
    assert answer.status_code == 416
    assert answer["Content-Range"].startswith("bytes */")


@pytest.mark.parametrize(
    "header", ["bytes=0-1,5-6", "lines=1-2", "bytes=9-3", "bytes=-", f"bytes={'9' * 5000}-"]
)
def test_a_range_that_is_none_is_ignored(shootout: Shootout, header: str) -> None:
    assert api_client().get(_segment_url(), HTTP_RANGE=header).status_code == 200


def test_conditional_requests(shootout: Shootout) -> None:
    url = _segment_url()
    etag = api_client().head(url)["ETag"]
    for header in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        assert api_client().get(url, HTTP_IF_NONE_MATCH=header).status_code == 304
    assert api_client().get(url, HTTP_IF_NONE_MATCH='"other"').status_code == 200
    same = api_client().get(url, HTTP_RANGE="bytes=0-1", HTTP_IF_RANGE=etag)
    other = api_client().get(url, HTTP_RANGE="bytes=0-1", HTTP_IF_RANGE='"other"')
    assert (same.status_code, other.status_code) == (206, 200)


def test_head_has_the_headers_and_no_body(shootout: Shootout) -> None:
    answer = api_client().head(_segment_url())
    assert answer.status_code == 200
    assert int(answer["Content-Length"]) > 1000
    assert answer.content == b""


def test_a_player_that_accepts_only_audio_is_served(shootout: Shootout) -> None:
    assert api_client().get(_segment_url(), HTTP_ACCEPT="audio/flac").status_code == 200


def test_download_asks_for_a_file_to_save_and_nothing_else_is_a_parameter(
    alice: User, shootout: Shootout
) -> None:
    track = DITrack.objects.get(owner=alice)
    client = api_client(alice)
    for url in (
        _segment_url(),
        f"/api/v1/shootouts/{shootout.uuid}/montage/",
        f"/api/v1/di-tracks/{track.uuid}/audio/",
    ):
        for query in ("?download", "?download=1"):
            saved = client.get(url + query)
            assert (saved.status_code, saved["Content-Disposition"][:11]) == (200, "attachment;")
        assert client.get(url)["Content-Disposition"][:7] == "inline;"
        refused = client.get(f"{url}?saved")
        assert (refused.status_code, refused.json()["code"]) == (422, "INVALID")


def test_media_are_as_visible_as_their_shootout(alice: User, shootout: Shootout) -> None:
    url = _segment_url()
    charlie = make_user("charlie")
    for visibility, expected in (("public", 200), ("unlisted", 200), ("private", 404)):
        shootout = shootout_update(shootout=shootout, visibility=visibility)
        assert api_client(charlie).get(url).status_code == expected
        assert api_client().get(url).status_code == expected
        assert api_client(alice).get(url).status_code == 200
    private = f"/api/v1/shootouts/{shootout.uuid}/montage/"
    assert api_client(alice).get(private).status_code == 200
    assert api_client(charlie).get(private).status_code == 404
    assert api_client().get(private).status_code == 404


def test_only_public_media_may_be_cached_by_others(shootout: Shootout) -> None:
    # Kept by a cache, but asked for each time: what turns private is gone at once.
    assert api_client().get(_segment_url())["Cache-Control"] == "public, no-cache"
    shootout_update(shootout=shootout, visibility="unlisted")
    assert api_client().get(_segment_url())["Cache-Control"] == "private, no-cache"
