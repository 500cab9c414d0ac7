"""Files that come in pieces, into a bucket: whole, and nothing of them left over."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.models import User
from gts.storage.tests.buckets import Bucket
from jobs.tests.running import run_until_idle
from shootouts.files.consistency import orphans_find
from shootouts.models import DITrack, Upload
from shootouts.services.uploads import (
    upload_append,
    upload_create,
    upload_delete,
    upload_wish,
    uploads_expire,
)
from shootouts.tests.factories import plucked, wav_bytes

pytestmark = pytest.mark.django_db(transaction=True)


def names_in(bucket: Bucket) -> set[str]:
    found = bucket.client.list_objects_v2(Bucket=bucket.name).get("Contents", [])
    return {each["Key"].split("/")[1] for each in found}


def test_pieces_in_a_bucket_become_one_file(bucket: Bucket, alice: User) -> None:
    content = wav_bytes(plucked())
    wish = upload_wish({"filename": "riff.wav"})
    upload = upload_create(owner=alice, length_bytes=len(content), wish=wish)
    for offset in range(0, len(content), 70_000):
        piece = ContentFile(content[offset : offset + 70_000])
        upload = upload_append(upload=upload, offset_bytes=offset, content=piece)
    assert names_in(bucket) == {"uploads"}
    assert orphans_find(older_than=timezone.now() + timedelta(days=2)).orphans == []
    run_until_idle()
    track = DITrack.objects.get()
    assert (track.state, track.sha256) == ("ready", hashlib.sha256(content).hexdigest())
    Upload.objects.update(updated_at=timezone.now() - timedelta(hours=2))
    uploads_expire()
    assert names_in(bucket) == {"di"}
    second = upload_create(owner=alice, length_bytes=10, wish=wish)
    second = upload_append(upload=second, offset_bytes=0, content=ContentFile(b"RIFF"))
    upload_delete(upload=second)
    assert names_in(bucket) == {"di"}
