"""Rows and addresses for the tests of pages, made without any rendering."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.urls import reverse

from accounts.models import User
from gear.models.item import FileState
from shootouts.models import DITrack, Shootout

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


def make_track(owner: User, name: str = "Riff") -> DITrack:
    return DITrack.objects.create(
        owner=owner,
        name=name,
        file=f"di/{name}",
        file_name=f"{name}.wav",
        sha256=uuid4().hex * 2,
        size_bytes=10,
        state=FileState.READY,
        duration_s=12.5,
        info={"waveform": [0.1, 0.5, 0.2]},
    )


def make_draft(owner: User, **values: Any) -> Shootout:
    return Shootout.objects.create(owner=owner, **{"title": "Amps", **values})


def detail_url(shootout: Shootout) -> str:
    return reverse("shootout-detail", args=[shootout.uuid])
