"""Recordings that were inspected before there were reports get one."""

from __future__ import annotations

import hashlib
from io import StringIO

import pytest
import soundfile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import api_client
from jobs.models import Job, Notification
from jobs.tests.running import run_until_idle
from shootouts.models import DITrack
from shootouts.services.di_tracks import Judged, di_reports_add, di_track_upload
from shootouts.tests.factories import make_unjudged_track, plucked, upload, wav_bytes

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_gets_its_report_once_and_nothing_else_happens(alice: User, charlie: User) -> None:
    old = [make_unjudged_track(alice), make_unjudged_track(charlie, is_left_only=False)]
    rows = Job.objects.count(), Notification.objects.count()
    assert di_reports_add() == Judged(2, 0)
    assert (Job.objects.count(), Notification.objects.count()) == rows
    body = api_client(alice).get(f"/api/v1/di-tracks/{old[0].uuid}/").json()
    assert [finding["code"] for finding in body["report"]] == ["CHANNELS"]
    assert (body["channels"]["rule"], body["channel_rule"]) == ("left", "auto")
    assert (body["name"], body["state"]) == ("Old", "ready")
    assert api_client(charlie).get(f"/api/v1/di-tracks/{old[1].uuid}/").json()["report"] == []
    updated = list(DITrack.objects.values_list("updated_at", flat=True))
    assert di_reports_add() == Judged(0, 0)
    assert list(DITrack.objects.values_list("updated_at", flat=True)) == updated


def test_one_that_is_being_checked_is_left_to_its_check(alice: User) -> None:
    di_track_upload(owner=alice, upload=upload(wav_bytes(plucked()), "new.wav"))
    assert di_reports_add() == Judged(0, 0)
    run_until_idle()
    assert "report" in DITrack.objects.get().info


def test_one_that_would_be_refused_today_stays_and_says_why(client: Client, alice: User) -> None:
    track = make_unjudged_track(alice)
    impossible = plucked()
    impossible[5] = 3e38
    with default_storage.open(str(track.file.name), "wb") as file:
        soundfile.write(file, impossible, 48_000, format="WAV", subtype="FLOAT")
    with default_storage.open(str(track.file.name), "rb") as file:  # it was so from the beginning
        DITrack.objects.update(sha256=hashlib.sha256(file.read()).hexdigest())
    assert di_reports_add() == Judged(1, 0)
    track.refresh_from_db()
    assert track.state == "ready"
    [finding] = track.info["report"]
    assert finding["code"] == "DI_IMPLAUSIBLE_LEVEL"
    client.force_login(alice)
    page = client.get(reverse("di-detail", args=[track.uuid])).content.decode()
    assert finding["message"] in page
    assert di_reports_add() == Judged(0, 0)


def test_a_file_that_cannot_be_read_now_is_tried_again(alice: User) -> None:
    lost, other = make_unjudged_track(alice), make_unjudged_track(alice, is_left_only=False)
    name = str(lost.file.name)
    with default_storage.open(name, "rb") as file:
        content = file.read()
    default_storage.delete(name)
    with pytest.raises(CommandError, match="1 could not be read"):
        call_command("judge_di_tracks", stdout=StringIO())
    other.refresh_from_db()
    assert "report" in other.info
    with default_storage.open(name, "wb") as file:
        file.write(content)
    out = StringIO()
    call_command("judge_di_tracks", stdout=out)
    assert out.getvalue() == "1 DI tracks judged\n"
