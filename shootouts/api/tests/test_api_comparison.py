"""Two published segments against each other, and who may hear the difference."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import soundfile
from asgiref.sync import async_to_sync
from django.core.files.storage import default_storage
from django.http import StreamingHttpResponse
from pytest_django import Settings

from accounts.models import User
from accounts.tests.factories import api_client, details_of, make_user
from gear.models import Block
from jobs.files.storage import stored_name
from jobs.models import Job
from jobs.pipeline.signal.samples import FloatArray, db_to_gain
from jobs.tests.running import run_until_idle
from shootouts.api.renders import ComparisonThrottle
from shootouts.models import CachedAudio, RenderedFile, Shootout
from shootouts.services.shootouts import shootout_update
from shootouts.tests.factories import make_capture, make_shootout, render

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice() -> User:
    return make_user()


@pytest.fixture
def shootout(alice: User) -> Shootout:
    """Two contenders of which the second is duller, turned over and 37 samples late."""
    made = make_shootout(alice, visibility="public", options={"is_aligned": False})
    dull = make_capture(alice, weights=[0.0] * 37 + [-0.5, -0.5])
    Block.objects.filter(slot="amp", chain__name="Loud").update(capture=dull)
    return render(made)


def url_of(shootout: Shootout) -> str:
    return f"/api/v1/shootouts/{shootout.uuid}/comparison/"


def asked(url: str, query: dict[str, int] | None = None, user: User | None = None) -> Any:
    """The answer once a worker has done what was asked for."""
    client = api_client(user)
    answer = client.get(url, query)
    if answer.status_code != 202:
        return answer
    assert int(answer["Retry-After"]) > 0
    assert answer.json() == {"state": "queued", "progress": 0.0}
    run_until_idle()
    return client.get(url, query)


def body_of(answer: Any) -> bytes:
    async def read() -> bytes:
        return b"".join([chunk async for chunk in answer.streaming_content])

    return async_to_sync(read)()


def sound(content: bytes) -> FloatArray:
    samples, rate_hz = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    assert rate_hz == 48_000
    heard: FloatArray = samples.T
    return heard


def published(contender: int) -> FloatArray:
    file = RenderedFile.objects.get(kind="segment", segment__contender_index=contender)
    with default_storage.open(stored_name(file.file), "rb") as stored:
        return sound(stored.read())


def test_lag_gain_polarity_and_bands_are_told(shootout: Shootout) -> None:
    answer = asked(url_of(shootout), {"a": 0, "b": 1})
    assert answer.status_code == 200
    found = answer.json()
    assert found["lag_frames"] == 37
    assert found["is_inverted"] is True
    assert 0.0 < found["esr"] < 0.1
    assert found["esr_db"] == pytest.approx(10.0 * np.log10(found["esr"]))
    assert len(found["third_octave_difference_db"]) == len(found["third_octave_centers_hz"])
    back = asked(url_of(shootout), {"di": 0, "a": 1, "b": 0}).json()
    assert back["lag_frames"] == -37
    assert back["third_octave_difference_db"] == [
        None if level is None else -level for level in found["third_octave_difference_db"]
    ]


def test_the_residual_is_what_is_left_to_the_sample(shootout: Shootout) -> None:
    found = asked(url_of(shootout), {"a": 0, "b": 1}).json()
    answer = api_client().get(found["residual_url"])
    assert answer.status_code == 200
    assert answer["Content-Type"] == "audio/flac"
    assert isinstance(answer, StreamingHttpResponse)
    assert answer.is_async  # read beside the event loop
    content = body_of(answer)
    assert int(answer["Content-Length"]) == len(content)
    one, other = published(0), published(1)[:, 37:]
    length = min(one.shape[1], other.shape[1])
    gain = -db_to_gain(found["gain_db"])
    expected = one[:, :length] - np.float32(gain) * other[:, :length]
    residual = sound(content)
    assert residual.shape[1] == length == found["num_frames"]
    assert np.abs(residual - expected).max() < 2.0**-22
    energy = np.square(residual, dtype=np.float64).sum() / np.square(one[:, :length]).sum()
    assert energy == pytest.approx(found["esr"], rel=1e-3)


def test_a_contender_against_itself_leaves_nothing(shootout: Shootout) -> None:
    found = asked(url_of(shootout), {"a": 1, "b": 1}).json()
    assert (found["lag_frames"], found["esr"], found["esr_db"]) == (0, 0.0, None)
    assert found["gain_db"] == pytest.approx(0.0, abs=1e-9)
    assert not sound(body_of(api_client().get(found["residual_url"]))).any()


def test_the_difference_is_as_visible_as_the_shootout(alice: User, shootout: Shootout) -> None:
    query = {"a": 0, "b": 1}
    charlie = make_user("charlie")
    for visibility, expected in (("public", 200), ("unlisted", 200), ("private", 404)):
        shootout = shootout_update(shootout=shootout, visibility=visibility)
        for path in ("", "residual.flac"):
            url = f"{url_of(shootout)}{path}"
            assert asked(url, query, alice).status_code == 200
            assert api_client(charlie).get(url, query).status_code == expected
            assert api_client().get(url, query).status_code == expected


@pytest.mark.parametrize("path", ["", "residual.flac"])
def test_what_is_not_there_and_what_makes_no_sense(
    alice: User, shootout: Shootout, path: str
) -> None:
    client, url = api_client(alice), f"{url_of(shootout)}{path}"
    assert client.get(url, {"a": 0, "b": 2}).status_code == 404
    assert client.get(url, {"di": 1, "a": 0, "b": 1}).status_code == 404
    assert details_of(client.get(url, {"a": "x"})) == [("/a", "INVALID"), ("/b", "REQUIRED")]
    assert details_of(client.get(url, {"a": 0, "b": -1})) == [("/b", "MIN_VALUE")]
    draft = make_shootout(make_user("bob"), visibility="public")
    assert (
        api_client(draft.owner).get(f"{url_of(draft)}{path}", {"a": 0, "b": 1}).status_code == 404
    )


def test_a_lost_file_is_told(alice: User, shootout: Shootout) -> None:
    file = RenderedFile.objects.filter(kind="segment").earliest("id")
    default_storage.delete(stored_name(file.file))
    answer = asked(url_of(shootout), {"a": 0, "b": 1}, alice)
    assert (answer.status_code, answer.json()["code"]) == (409, "FILE_MISSING")
    run_until_idle()
    assert (
        Job.objects.filter(kind="shootouts.compare_segments").count() == 1
    )  # not again for each who asks


def test_a_pair_is_compared_once(shootout: Shootout) -> None:
    """Also for those who ask while it is under way, and for what is left."""
    waiting = [
        api_client().get(f"{url_of(shootout)}{path}", {"a": 0, "b": 1})
        for path in ("", "residual.flac", "")
    ]
    assert [answer.status_code for answer in waiting] == [202, 202, 202]
    run_until_idle()
    answers = [api_client().get(url_of(shootout), {"a": 0, "b": 1}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert api_client().get(answers[0].json()["residual_url"]).status_code == 200
    job = Job.objects.get(kind="shootouts.compare_segments")
    assert (job.owner, job.state) == (shootout.owner, "completed")


def test_a_head_starts_nothing_and_sees_what_is_there(shootout: Shootout) -> None:
    client, query = api_client(), {"a": 0, "b": 1}
    paths = (url_of(shootout), f"{url_of(shootout)}residual.flac")
    for path in paths:
        answer = client.head(path, query)
        assert (answer.status_code, answer["Retry-After"], answer.content) == (202, "1", b"")
        assert client.head(path, {"a": 0, "b": 9}).status_code == 404
    assert not Job.objects.filter(kind="shootouts.compare_segments").exists()
    assert [client.get(path, query).status_code for path in paths] == [202, 202]
    assert [client.head(path, query).status_code for path in paths] == [202, 202]
    run_until_idle()
    assert [client.head(path, query).status_code for path in paths] == [200, 200]
    assert Job.objects.filter(kind="shootouts.compare_segments").count() == 1


def test_a_part_of_the_residual_is_sent(shootout: Shootout) -> None:
    url = asked(url_of(shootout), {"a": 0, "b": 1}).json()["residual_url"]
    whole = body_of(api_client().get(url))
    answer = api_client().get(url, headers={"range": "bytes=4-11"})
    assert answer.status_code == 206
    assert body_of(answer) == whole[4:12]


def test_what_is_left_goes_with_the_shootout(shootout: Shootout) -> None:
    asked(url_of(shootout), {"a": 0, "b": 1})
    residual = CachedAudio.objects.latest("id")
    assert default_storage.exists(stored_name(residual.file))
    shootout.delete()
    assert not CachedAudio.objects.filter(pk=residual.pk).exists()
    assert not default_storage.exists(stored_name(residual.file))


def test_no_one_may_ask_without_end(
    shootout: Shootout, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ComparisonThrottle, "num", 2)
    answers = [api_client().get(url_of(shootout), {"a": 0, "b": 1}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert int(answers[2]["Retry-After"]) > 0
