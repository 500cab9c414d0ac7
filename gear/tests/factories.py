"""Gear for tests: real little files, and rows as the services leave them."""

from __future__ import annotations

import io
import json
import math
import struct
import wave
from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from gear.models import Capture, GearItem, SignalChain
from gear.models.item import CaptureFormat, FileState
from gear.services.chains import BlockInput, chain_create


def nam_bytes(*, num_weights: int = 4, version: str = "0.5.4", **metadata: Any) -> bytes:
    """The smallest capture there is: a linear one of four taps."""
    weights = [0.5 / (index + 1) for index in range(num_weights)]
    document = {
        "version": version,
        "architecture": "Linear",
        "config": {"receptive_field": 4, "bias": False},
        "weights": weights,
        "sample_rate": 48_000,
        "metadata": metadata,
    }
    return json.dumps(document).encode()


def wav_bytes(*, num_frames: int = 480, sample_rate_hz: int = 48_000) -> bytes:
    """A decaying tone, 16 bits, mono."""
    samples = [
        round(20_000 * math.exp(-index / 100) * math.cos(index / 5)) for index in range(num_frames)
    ]
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate_hz)
        file.writeframes(struct.pack(f"<{num_frames}h", *samples))
    return buffer.getvalue()


def upload_of(content: bytes, name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def make_capture(
    owner: User,
    kind: str = "amp",
    *,
    name: str = "JCM800",
    is_shared: bool = False,
    **values: Any,
) -> Capture:
    """A capture that was inspected, with a file of its own."""
    item = GearItem.objects.create(owner=owner, kind=kind, name=name, is_shared=is_shared)
    uuid = uuid4()
    file_name = default_storage.save(f"captures/{uuid}/x.bin", ContentFile(uuid.bytes))
    is_ir = kind in ("cab", "space")
    given = {
        "uuid": uuid,
        "format": CaptureFormat.IR if is_ir else CaptureFormat.NAM,
        "name": f"{name}.{'wav' if is_ir else 'nam'}",
        "file": file_name,
        "sha256": uuid.hex * 2,
        "size_bytes": 16,
        "state": FileState.READY,
        **values,
    }
    return Capture.objects.create(gear=item, **given)


def block(slot: str, capture: Capture | None = None, processor: str = "", **parameters: Any) -> Any:
    return BlockInput(
        slot=slot,
        capture_id=capture.uuid if capture else None,
        processor=processor,
        parameters=parameters,
    )


def make_chain(owner: User, name: str = "JCM800 + V30") -> SignalChain:
    """A boost, an amp head and a cab."""
    return chain_create(
        owner=owner,
        name=name,
        blocks=[
            block("pre", processor="gain", gain_db=3.0),
            block("amp", make_capture(owner)),
            block("cab", make_capture(owner, "cab", name="V30")),
        ],
    )
