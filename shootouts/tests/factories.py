"""Rows and files for tests, made through the services: alice owns, charlie is a stranger."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import soundfile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import QuerySet

from accounts.models import User
from gear.models import Capture, SignalChain
from gear.services.captures import gear_upload
from gear.services.chains import BlockInput, IRInput, chain_create
from gear.services.gear import IRSettingsChange, gear_update
from jobs.pipeline.signal.samples import FloatArray
from jobs.tests.running import run_until_idle
from shootouts.models import DITrack, Manifest, Render, Shootout
from shootouts.models.shootout import ShootoutState
from shootouts.services.assembly import ContenderInput
from shootouts.services.di_tracks import di_track_upload
from shootouts.services.shootouts import shootout_create, shootout_render


def plucked(
    frequency_hz: float = 196.0, duration_s: float = 1.5, rate_hz: int = 48_000
) -> FloatArray:
    """A decaying harmonic tone, shape ``(frames,)``."""
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    tone = sum(np.sin(2 * np.pi * n * frequency_hz * time_s) / n for n in range(1, 6))
    return np.asarray(0.2 * tone * np.exp(-2.0 * time_s), dtype=np.float32)


def wav_bytes(samples: FloatArray, rate_hz: int = 48_000) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, format="WAV", subtype="PCM_24")
    return file.getvalue()


def linear_nam_bytes(weights: Sequence[float] = (0.5, 0.25)) -> bytes:
    """A capture that is a short FIR filter: real, and quick to run."""
    nam = {
        "version": "0.5.4",
        "architecture": "Linear",
        "config": {"receptive_field": len(weights), "bias": False},
        "weights": list(weights),
        "sample_rate": 48000,
    }
    return json.dumps(nam).encode()


def upload(content: bytes, name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def make_di_track(owner: User, *, frequency_hz: float = 196.0, **metadata: Any) -> DITrack:
    """Uploaded and inspected."""
    content = wav_bytes(plucked(frequency_hz))
    track, _ = di_track_upload(owner=owner, upload=upload(content, "riff.wav"), **metadata)
    run_until_idle()
    track.refresh_from_db()
    return track


def make_unjudged_track(owner: User, *, is_left_only: bool = True) -> DITrack:
    """As inspections left them before there were reports."""
    riff = plucked(220.0 if is_left_only else 330.0)
    content = wav_bytes(np.stack([riff, 0 * riff if is_left_only else riff], axis=1))
    track, _ = di_track_upload(owner=owner, upload=upload(content, "old.wav"), name="Old")
    run_until_idle()
    track.refresh_from_db()
    kept = ("sample_rate_hz", "num_channels", "peak_dbfs", "rms_dbfs", "waveform", "warnings")
    track.info = {key: track.info[key] for key in kept}
    track.save()
    return track


def make_capture(owner: User, *, weights: Sequence[float] = (0.5, 0.25)) -> Capture:
    """An amp, uploaded and inspected."""
    capture, _ = gear_upload(
        owner=owner,
        upload=upload(linear_nam_bytes(weights), "amp.nam"),
        kind="amp",
        name=f"Amp {len(weights)}",
        make="Test",
        creator="alice",
        licence="CC0-1.0",
    )
    run_until_idle()
    capture.refresh_from_db()
    return capture


def make_cab(owner: User) -> Capture:
    impulse = np.zeros(256, dtype=np.float32)
    impulse[:3] = (0.9, 0.3, -0.1)
    content = wav_bytes(impulse)
    cab, _ = gear_upload(owner=owner, upload=upload(content, "cab.wav"), kind="cab", name="Cab")
    run_until_idle()
    cab.refresh_from_db()
    return cab


def space_taps(num_channels: int, duration_s: float = 0.4, rt60_s: float = 0.3) -> FloatArray:
    """``(frames, channels)``: noise that falls by 60 dB in ``rt60_s``, another one each."""
    t = np.arange(round(duration_s * 48_000))[:, np.newaxis] / 48_000
    noise = np.random.default_rng(7).uniform(-0.5, 0.5, (len(t), num_channels))
    return (noise * 10.0 ** (-3.0 * t / rt60_s)).astype(np.float32)


def make_space(owner: User, *, num_channels: int = 4, name: str = "Hall") -> Capture:
    """A reverb, uploaded and inspected; true stereo unless told otherwise."""
    content = wav_bytes(space_taps(num_channels))
    space, _ = gear_upload(owner=owner, upload=upload(content, "hall.wav"), kind="space", name=name)
    run_until_idle()
    space.refresh_from_db()
    return space


def make_chain(
    owner: User, amp: Capture, cab: Capture, *, name: str = "Amp + Cab", gain_db: float = 0.0
) -> SignalChain:
    return chain_create(
        owner=owner,
        name=name,
        blocks=[
            BlockInput(slot="pre", processor="gain", parameters={"gain_db": gain_db}),
            BlockInput(slot="amp", capture_id=amp.uuid),
            BlockInput(slot="cab", capture_id=cab.uuid),
        ],
    )


def make_shootout(owner: User, **values: Any) -> Shootout:
    """One DI, two chains over one amp and one cab; no video unless asked for."""
    amp, cab = make_capture(owner), make_cab(owner)
    chains = [
        make_chain(owner, amp, cab, name="Quiet", gain_db=-6.0),
        make_chain(owner, amp, cab, name="Loud", gain_db=6.0),
    ]
    options = {"has_video": False, **values.pop("options", {})}
    return shootout_create(
        owner=owner,
        title=values.pop("title", "Amps"),
        di_track_ids=[make_di_track(owner).uuid],
        contenders=contenders_of(chains),
        options=options,
        **values,
    )


def contenders_of(
    chains: Iterable[SignalChain | None], labels: Sequence[str] = ()
) -> list[ContenderInput]:
    """Of chains that are still there, with these labels or their names."""
    there = [chain for chain in chains if chain is not None]
    return [
        ContenderInput(chain.uuid, label)
        for chain, label in zip(there, labels or [""] * len(there), strict=True)
    ]


def rich_shootout(owner: User) -> Shootout:
    """Two recordings, a cabinet of two responses, a space, processors, no option at its default."""
    amp, cab = make_capture(owner), make_cab(owner)
    room, _ = gear_upload(
        owner=owner, upload=upload(wav_bytes(plucked(300.0, 0.2)), "r.wav"), kind="cab", name="Room"
    )
    run_until_idle()
    settings: IRSettingsChange = {
        "channel_rule": "left",
        "tail_end_db": -70.0,
        "is_lead_trimmed": True,
    }
    gear_update(item=room.gear, ir_settings=settings)
    mixed = BlockInput(
        "cab",
        cab.uuid,
        parameters={"gain_db": -3.0, "is_aligned": True},
        extra_irs=[IRInput(room.uuid, {"delay_ms": 0.5, "is_inverted": True})],
    )
    delay = BlockInput("post", processor="delay")
    space = make_space(owner, num_channels=2)
    gear_update(item=space.gear, ir_settings={"tail_end_db": -50.0, "is_lead_trimmed": True})
    hall = BlockInput("post", space.uuid, parameters={"mix_pct": 35.0})
    ends = [mixed, delay, hall]
    chains = [
        make_chain(owner, amp, cab, name="Dry", gain_db=-6.0),
        chain_create(owner=owner, name="Wet", blocks=[BlockInput("amp", amp.uuid), *ends]),
    ]
    tracks = [
        make_di_track(owner, name="Riff “one”", bpm=120, input_level_dbu=12.0, notes="Two\nlines"),
        make_di_track(
            owner,
            frequency_hz=110.0,
            guitar="Solid body",
            channel_rule="left",
            start_s=0.25,
            end_s=1.25,
        ),
    ]
    return shootout_create(
        owner=owner,
        title='Dry/Wet: ../ the "first" & last',
        description="Line one\nLine two",
        visibility="public",
        di_track_ids=[track.uuid for track in tracks],
        contenders=contenders_of(chains, ["A", "B"]),
        options={
            "playback_order": "alternating",
            "slice_s": 2.5,
            "target_loudness_lufs": -16.0,
            "input_mode": "normalized",
            "has_video": False,
            "theme": "light",
            "is_aligned": False,
        },
    )


def make_published(owner: User, *, title: str = "Amps", visibility: str = "public") -> Shootout:
    """With a manifest that says next to nothing: for what only asks whether there is one."""
    shootout = Shootout.objects.create(owner=owner, title=title, visibility=visibility)
    render = Render.objects.create(shootout=shootout, version=1, info={"title": title})
    manifest = Manifest.objects.create(render=render, schema_version=1, data={"title": title})
    shootout.latest_render = shootout.published_render = render
    shootout.published_at = manifest.created_at
    shootout.state = ShootoutState.COMPLETED
    shootout.save()
    return shootout


def overwrite_manifest(manifest: Manifest) -> None:
    """What no code of ours can do: a row that says something else than was published."""
    QuerySet(Manifest).filter(pk=manifest.pk).update(data=manifest.data)


def render(shootout: Shootout) -> Shootout:
    """Render it to the end, as workers would."""
    shootout_render(shootout=shootout)
    run_until_idle()
    shootout.refresh_from_db()
    return shootout
