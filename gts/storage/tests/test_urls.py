"""GTS_STORAGE and GTS_MEDIA_REDIRECT: what they mean, and what is refused at the start."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from gts.checks import check_storage_is_writable, refuse_bad_start
from gts.service_settings import redirect_from, redirect_origins, s3_options
from gts.storage.tests.buckets import Bucket, answering
from gts.tests.processes import environment, manage


def test_the_url_says_everything_but_the_credentials() -> None:
    assert s3_options("s3://gts/a/b?endpoint=https://s3.example:9000/&region=eu-1") == {
        "bucket_name": "gts",
        "location": "a/b",
        "endpoint_url": "https://s3.example:9000",
        "region_name": "eu-1",
        "addressing_style": "path",
    }
    amazon = s3_options("s3://gts.media")
    assert (amazon["endpoint_url"], amazon["addressing_style"]) == (None, "virtual")
    assert s3_options("s3://gts?endpoint=http://a&addressing=virtual")["addressing_style"] == (
        "virtual"
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://s3.example/gts",
        "s3://[gts",
        "s3://gts?endpoint=https://minio:port",
        "s3://",
        "s3://key:secret@gts",
        "s3://UPPER",
        "s3://gts?endpoint=minio:9000",
        "s3://gts?endpoint=https://key:secret@minio",
        "s3://gts?endpoint=file:///etc",
        "s3://gts?addressing=magic",
        "s3://gts?regoin=eu-1",
    ],
)
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="GTS_STORAGE") as error:
        s3_options(url)
    assert "secret" not in str(error.value)


def test_where_redirects_lead_is_what_pages_may_load_from() -> None:
    amazon = s3_options("s3://gts?region=eu-1")
    own = s3_options("s3://gts?endpoint=http://minio:9000")
    assert redirect_from("", "") == redirect_from("0", "s3://gts") == (False, None)
    assert redirect_from("1", "s3://gts") == (True, None)
    assert redirect_from("https://m.example/", "s3://gts") == (True, "https://m.example")
    assert redirect_origins(amazon, None) == [
        "https://gts.s3.amazonaws.com",
        "https://gts.s3.eu-1.amazonaws.com",
    ]
    assert redirect_origins(own, None) == ["http://minio:9000"]
    assert redirect_origins(own, "https://m.example") == ["https://m.example"]
    for value, storage in (("1", ""), ("m.example", "s3://gts"), ("ftp://m", "s3://gts")):
        with pytest.raises(ImproperlyConfigured):
            redirect_from(value, storage)


def test_a_whole_installation_is_set_up_by_the_environment(
    new_bucket: Bucket, tmp_path: Path
) -> None:
    env = environment(tmp_path, GTS_STORAGE=new_bucket.url, GTS_MEDIA_REDIRECT="https://m.example")
    program = (
        "from django.core.files.base import ContentFile;"
        "from django.core.files.storage import default_storage as s;"
        "from gts.web.headers import CONTENT_SECURITY_POLICY as policy;"
        "print(s.save('di/a.wav', ContentFile(b'abc')), policy)"
    )
    said = manage(env, "shell", "--no-imports", "-c", program)
    assert new_bucket.names() == ["media/di/a.wav"]
    assert "media-src 'self' blob: https://m.example;" in said
    assert "connect-src 'self' https://m.example;" in said


def problems() -> list[CheckMessage]:
    return check_storage_is_writable()


def test_a_bucket_that_is_there_is_fine(bucket: Bucket) -> None:
    assert problems() == []


def test_a_bucket_that_is_not_there_or_not_ours_is_refused(
    bucket: Bucket, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def use(**options: object) -> None:
        settings.STORAGES = {**settings.STORAGES, "default": bucket.storage(**options)}

    use(bucket_name="no-such-bucket-at-all")
    assert [problem.id for problem in problems()] == ["gts.E013"]
    with pytest.raises(ImproperlyConfigured, match="no-such-bucket-at-all"):
        refuse_bad_start()
    with answering(403, "AccessDenied") as endpoint:
        use(endpoint_url=endpoint)
        assert [problem.id for problem in problems()] == ["gts.E014"]
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    use()
    assert [problem.id for problem in problems()] == ["gts.E015"]


def test_a_bucket_that_is_away_is_no_reason_not_to_start(
    bucket: Bucket, settings: Settings
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{probe.getsockname()[1]}"
    default = bucket.storage(endpoint_url=endpoint, connect_timeout_s=0.2)
    settings.STORAGES = {**settings.STORAGES, "default": default}
    assert [problem.id for problem in problems()] == ["gts.W003"]
    refuse_bad_start()
    with answering(503, "SlowDown") as endpoint:
        default = bucket.storage(endpoint_url=endpoint)
        settings.STORAGES = {**settings.STORAGES, "default": default}
        assert [problem.id for problem in problems()] == ["gts.W003"]
