"""The demo pack as rows: through the same services and inspections as anybody's uploads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path

from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.models import User
from accounts.services import DEMO_USERNAME, user_get_or_create_demo
from gear.models import Capture, GearItem, SignalChain
from gear.models.item import FileState, GearSource
from gear.services.captures import capture_reject, gear_upload
from gear.services.chains import chain_create
from gts.web.errors import ConflictError
from jobs.models import Job
from jobs.pipeline.formats.shootout_file import FileChain, FileDI, FileGear, ShootoutFile
from jobs.queue.runner import run_job
from shootouts.models import DITrack, Shootout
from shootouts.services.assembly import ContenderInput
from shootouts.services.di_tracks import di_track_delete, di_track_upload
from shootouts.services.imports import block_inputs
from shootouts.services.shootouts import shootout_create, shootout_render, shootout_retry


class DemoOutcome(StrEnum):
    """What seeding has done, for people."""

    ADDED = "added, its render is queued"
    QUEUED_AGAIN = "its render did not end well, and is queued again"
    THERE = "is there already"


def demo_seed(*, file: ShootoutFile) -> tuple[Shootout, DemoOutcome]:
    """Add what is missing of the demo, and render it, or what of it could not be rendered.

    The demo user owns it and cannot log in. Raises ``ConflictError`` when a person has its name.
    """
    owner = user_get_or_create_demo()
    if owner.has_usable_password():
        raise ConflictError(f"{DEMO_USERNAME} is someone's account: the demo is not put there.")
    shootout = Shootout.objects.filter(owner=owner, title=file.title).first()
    if shootout is not None:
        return shootout, _render_again(shootout)
    tracks = [_di_track(owner, di) for di in file.dis]
    captures = {gear.id: _capture(owner, gear) for gear in file.gear}
    with transaction.atomic():
        # Those of a demo that someone deleted.
        SignalChain.objects.filter(owner=owner).delete()
        chains = [_chain(owner, chain, captures) for chain in file.chains]
        shootout = shootout_create(
            owner=owner,
            title=file.title,
            description=file.description,
            visibility="public",
            di_track_ids=[track.uuid for track in tracks],
            contenders=[ContenderInput(chain.uuid) for chain in chains],
            options=asdict(file.options),
        )
        shootout_render(shootout=shootout)
    return shootout, DemoOutcome.ADDED


def _render_again(shootout: Shootout) -> DemoOutcome:
    """No one else can: its owner cannot log in."""
    try:
        shootout_retry(shootout=shootout)
    except ConflictError:  # it is whole, or on its way
        return DemoOutcome.THERE
    return DemoOutcome.QUEUED_AGAIN


def _di_track(owner: User, di: FileDI) -> DITrack:
    existing = DITrack.objects.filter(owner=owner, sha256=di.source.sha256).first()
    if existing is not None:
        if existing.state == FileState.READY:
            return existing
        di_track_delete(track=existing)  # a seed that was cut short: its check may never come
    info = di.info
    with _upload(di.path) as upload:
        track, job = di_track_upload(
            owner=owner,
            upload=upload,
            name=info.name,
            guitar=info.guitar,
            pickup=info.pickup,
            tuning=info.tuning,
            bpm=info.bpm,
            notes=info.notes,
            input_level_dbu=di.source.input_level_dbu,
            channel_rule=di.channel_rule,
            start_s=di.source.start_s,
            end_s=di.source.end_s,
        )
    _inspect_now(job)
    track.refresh_from_db()
    return track


def _capture(owner: User, gear: FileGear) -> Capture:
    existing = Capture.objects.filter(gear__owner=owner, sha256=gear.sha256).first()
    if existing is not None:
        if existing.state == FileState.READY:
            return existing
        capture_reject(capture_id=existing.uuid)  # as above
    with _upload(gear.path) as upload:
        capture, job = gear_upload(
            owner=owner,
            upload=upload,
            kind=gear.kind,
            name=gear.name,
            make=gear.make,
            creator=gear.creator,
            licence=gear.licence,
            description=gear.description,
        )
    _inspect_now(job)
    GearItem.objects.filter(pk=capture.gear_id).update(is_shared=True, source=GearSource.DEMO)
    capture.refresh_from_db()
    return capture


def _chain(owner: User, chain: FileChain, captures: dict[str, Capture]) -> SignalChain:
    return chain_create(
        owner=owner,
        name=chain.label,
        blocks=block_inputs(chain, captures),
    )


def _inspect_now(job: Job) -> None:
    """Here and now: the seed needs no worker. One that is up may be first, which is as good."""
    run_job(job.uuid)


@contextmanager
def _upload(path: Path) -> Iterator[UploadedFile[bytes]]:
    with open(path, "rb") as file:
        yield UploadedFile(File(file), name=path.name, size=path.stat().st_size)
