"""Impulse responses that were checked before there were pictures get one."""

from __future__ import annotations

import pytest
from django.core.files.storage import default_storage

from accounts.models import User
from gear.models import Capture
from gear.services.captures import gear_upload
from gear.services.ir_pictures import ir_pictures_add
from gear.tests.factories import nam_bytes, upload_of, wav_bytes
from jobs.tests.running import run_until_idle

pytestmark = pytest.mark.django_db(transaction=True)


def make_old_cab(owner: User) -> Capture:
    gear_upload(owner=owner, upload=upload_of(wav_bytes(num_frames=2_048), "cab.wav"))
    gear_upload(owner=owner, upload=upload_of(nam_bytes(), "amp.nam"))
    run_until_idle()
    cab = Capture.objects.get(format="ir")
    cab.info = {key: value for key, value in cab.info.items() if key not in DRAWN}
    cab.save()
    return cab


DRAWN = ("waveform", "response_db")


def test_each_gets_one_once_and_keeps_its_other_facts(alice: User) -> None:
    cab = make_old_cab(alice)
    assert ir_pictures_add() == 1
    found = Capture.objects.get(pk=cab.pk).info
    assert len(found["waveform"]) == 160
    assert len(found["response_db"]) == 51
    assert {key: value for key, value in found.items() if key not in DRAWN} == cab.info
    assert ir_pictures_add() == 0


def test_a_file_that_is_away_is_tried_again(alice: User) -> None:
    cab = make_old_cab(alice)
    name = str(cab.file.name)
    with default_storage.open(name, "rb") as file:
        content = file.read()
    default_storage.delete(name)
    assert ir_pictures_add() == 0
    assert "waveform" not in Capture.objects.get(pk=cab.pk).info
    with default_storage.open(name, "wb") as file:
        file.write(content)
    assert ir_pictures_add() == 1
