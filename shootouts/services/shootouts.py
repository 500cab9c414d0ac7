"""Making, changing, rendering and deleting shootouts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from msgspec.structs import replace

from accounts.models import User
from accounts.quotas import renders_check, storage_check
from gear.models import SignalChain
from gear.selectors import chain_errors
from gear.services.chain_groups import SlotInput
from gts.web.errors import ConflictError, ErrorDetail, InvalidInputError, NotFoundError
from gts.web.models import revision_check
from jobs.models import Job
from jobs.pipeline.formats.shootout_info import ShootoutInfo, info_as_json
from jobs.pipeline.recipe import recipe_as_json, render_key
from jobs.pipeline.vocabulary.options import OPTION_NAMES
from jobs.services import job_cancel, job_enqueue
from shootouts import rendering
from shootouts.job_kinds import RENDER_SHOOTOUT
from shootouts.models import (
    Contender,
    DITrack,
    Render,
    Segment,
    Shootout,
    ShootoutDI,
)
from shootouts.models.shootout import SegmentState, ShootoutState
from shootouts.selectors import NO_SHOOTOUT
from shootouts.services.assembly import (
    MIN_CONTENDERS,
    ContenderInput,
    assembly_check,
    chains_check,
    tracks_check,
)


def shootout_create(
    *,
    owner: User,
    title: str,
    di_track_ids: Sequence[UUID],
    contenders: Sequence[ContenderInput] | None = None,
    slots: Sequence[SlotInput] | None = None,
    only_valid: bool = False,
    description: str = "",
    visibility: str = "private",
    labels: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
) -> Shootout:
    """A draft of everything at once, of either chains that are there or slots with options, whose
    chains are made now (``only_valid``: of those that can be played).

    ``labels``: one per chain that the slots make, or none to use what differs between them.
    Raises ``InvalidInputError`` with every finding, each pointing at its field, before anything
    is written.
    """
    found = assembly_check(
        owner=owner,
        di_track_ids=di_track_ids,
        contenders=contenders,
        slots=slots,
        only_valid=only_valid,
        labels=labels,
    )
    shootout = Shootout(
        owner=owner,
        title=title.strip(),
        description=description,
        visibility=visibility,
        **(options or {}),
    )
    _raise_if([*found.details, *_field_errors(shootout)])
    with transaction.atomic():
        shootout.save()
        if found.matrix is not None:
            chains: Sequence[SignalChain] = found.matrix.build(owner=owner, title=shootout.title)
            labels = found.matrix.labels(labels)
        else:
            chains, labels = found.chains, [each.label for each in contenders or ()]
        _set_tracks(shootout, found.tracks)
        _set_contenders(shootout, chains, labels)
    return shootout


def shootout_update(
    *,
    shootout: Shootout,
    di_track_ids: Sequence[UUID] | None = None,
    contenders: Sequence[ContenderInput] | None = None,
    accepted_revisions: Collection[int] | None = None,
    **changes: Any,
) -> Shootout:
    """Change any part; rendering again makes a new version. What is not given stays.

    Raises ``InvalidInputError``; ``ConflictError`` while it renders (title, description and
    visibility may change at any time); ``PreconditionFailedError`` when it is none of
    ``accepted_revisions``.
    """
    details: list[ErrorDetail] = []
    changes_sound = (
        di_track_ids is not None or contenders is not None or bool(set(changes) & {*OPTION_NAMES})
    )
    with transaction.atomic():
        shootout = _locked_for_edit(shootout, accepted_revisions)
        shootout.revision += 1
        if changes_sound and shootout.is_rendering:
            raise ConflictError("This shootout is rendering. Cancel it first, or wait.")
        for field, value in changes.items():
            if field not in (*OPTION_NAMES, "title", "description", "visibility"):
                raise TypeError(f"shootout_update does not change {field}")
            setattr(shootout, field, value)
        details += _field_errors(shootout)
        owner, tracks, chains = shootout.owner, None, None
        if di_track_ids is not None:
            tracks = tracks_check(owner=owner, ids=di_track_ids, details=details)
        if contenders is not None:
            chains = chains_check(owner=owner, contenders=contenders, details=details)
        _raise_if(details)
        shootout.save()
        if tracks is not None:
            shootout.dis.all().delete()
            _set_tracks(shootout, tracks)
        if chains is not None:
            shootout.contenders.all().delete()
            _set_contenders(shootout, chains, [each.label for each in contenders or ()])
    return shootout


def shootout_delete(
    *, shootout: Shootout, accepted_revisions: Collection[int] | None = None
) -> None:
    """Delete a shootout and all it has rendered.

    Raises ``ConflictError`` while it renders, and ``PreconditionFailedError``.
    """
    with transaction.atomic():
        shootout = _locked_for_edit(shootout, accepted_revisions)
        if shootout.is_rendering:
            raise ConflictError("This shootout is rendering. Cancel it first, or wait.")
        _stop_video(shootout)
        shootout.delete()  # and its files, after the commit


def shootout_render(*, shootout: Shootout) -> Job:
    """Freeze what is to be rendered and queue it as a new version.

    Raises ``ConflictError`` while it renders already; ``InvalidInputError`` with every chain and
    track that cannot be rendered as it is; ``LimitError`` with too many renders waiting.
    """
    with transaction.atomic():
        shootout = _locked(shootout)
        tracks, contenders = shootout_parts(shootout)
        info = rendering.shootout_info(shootout, tracks, contenders)
        segments = [
            _segment(shootout, track, chain, di_index, contender_index)
            for di_index, track in enumerate(tracks)
            for contender_index, (_, chain) in enumerate(contenders)
        ]
        return _queue_render(shootout, info, segments)


def shootout_retry(*, shootout: Shootout) -> Job:
    """Queue what the last render left undone, as a new version that takes over what is finished.

    The recipes are those of the last render, whatever was edited since. Raises ``ConflictError``
    ALREADY_RENDERING, or NOTHING_TO_RETRY when the last render is whole or there was none, and
    ``LimitError`` with too many renders waiting.
    """
    with transaction.atomic():
        shootout = _locked(shootout)
        last = shootout.latest_render
        if last is None or not (shootout.is_unfinished or last.lacks_video):
            raise ConflictError("No part of the last render failed.", code="NOTHING_TO_RETRY")
        # Words may have changed meanwhile; they do not change the sound.
        info = replace(last.content, title=shootout.title, description=shootout.description)
        return _queue_render(shootout, info, [_taken_over(old) for old in last.segments.all()])


def shootout_cancel(*, shootout: Shootout) -> Job:
    """Stop the render that is under way. Raises ``ConflictError`` when there is none."""
    render = shootout.latest_render
    if render is None or render.job is None or render.job.is_finished:
        raise ConflictError("This shootout is not rendering.", code="NOT_RENDERING")
    return job_cancel(job=render.job)


def shootout_parts(shootout: Shootout) -> tuple[list[DITrack], list[tuple[str, SignalChain]]]:
    """Its tracks, and its labels with their chains, when all of it is fit to be rendered.

    Raises ``InvalidInputError`` with every chain and track that is not.
    """
    details: list[ErrorDetail] = []
    tracks: list[DITrack] = []
    for index, di in enumerate(shootout.dis.select_related("di_track")):
        pointer = f"/di_tracks/{index}"
        if di.di_track is None:
            details.append(ErrorDetail(pointer, "MISSING", "This DI track was deleted."))
        elif di.di_track.state != "ready":
            message = f"{di.di_track.name} is still being checked."
            details.append(ErrorDetail(pointer, "NOT_READY", message))
        else:
            tracks.append(di.di_track)
    contenders: list[tuple[str, SignalChain]] = []
    query = shootout.contenders.select_related("chain").prefetch_related(
        "chain__blocks__capture__gear", "chain__blocks__extra_irs__capture__gear"
    )
    for index, contender in enumerate(query):
        pointer = f"/contenders/{index}"
        if contender.chain is None:
            details.append(ErrorDetail(pointer, "MISSING", "This chain was deleted."))
            continue
        details += [
            ErrorDetail(_block_pointer(pointer, error.position), error.code, error.message)
            for error in chain_errors(contender.chain)
        ]
        contenders.append((contender.label, contender.chain))
    if not tracks and not details:
        details.append(ErrorDetail("/di_tracks", "REQUIRED", "Pick at least one DI track."))
    if len(contenders) < MIN_CONTENDERS and not details:
        details.append(ErrorDetail("/contenders", "REQUIRED", "Pick at least two chains."))
    _raise_if(details)
    return tracks, contenders


def _locked_for_edit(shootout: Shootout, accepted: Collection[int] | None) -> Shootout:
    row = Shootout.objects.select_for_update().filter(pk=shootout.pk).first()
    if row is None:  # deleted since it was looked up
        raise NotFoundError(NO_SHOOTOUT)
    revision_check(row, accepted)
    return row


def _locked(shootout: Shootout) -> Shootout:
    """Held until the transaction ends. Raises ``ConflictError`` while it renders."""
    # The row alone: an outer join cannot be locked.
    rows = Shootout.objects.select_for_update(of=("self",))
    shootout = rows.select_related("owner", "latest_render__job").get(pk=shootout.pk)
    if shootout.is_rendering:
        raise ConflictError("This shootout is rendering already.", code="ALREADY_RENDERING")
    return shootout


def _queue_render(shootout: Shootout, info: ShootoutInfo, segments: Sequence[Segment]) -> Job:
    storage_check(user=shootout.owner, new_bytes=0)  # how much it takes is known afterwards
    renders_check(user=shootout.owner)
    _stop_video(shootout)
    version = shootout.renders.aggregate(newest=Max("version"))["newest"] or 0
    render = Render.objects.create(shootout=shootout, version=version + 1, info=info_as_json(info))
    for segment in segments:
        segment.render = render
    Segment.objects.bulk_create(segments)
    to_do = [segment for segment in segments if segment.state != SegmentState.COMPLETED]
    render.job = job_enqueue(
        kind=RENDER_SHOOTOUT,
        owner=shootout.owner,
        payload={"render": str(render.uuid), "shootout": str(shootout.uuid)},
        label=shootout.title,
        weight=max(len(to_do), 1),
    )
    render.save(update_fields=["job", "updated_at"])
    shootout.latest_render = render
    shootout.state = ShootoutState.QUEUED
    shootout.save(update_fields=["latest_render", "state", "updated_at"])
    return render.job


def _stop_video(shootout: Shootout) -> None:
    """The audio is published, and its video still being made: no one will see it any more."""
    last = shootout.latest_render
    if last is not None and last.job is not None and not last.job.is_finished:
        with suppress(ConflictError):  # it has ended this moment
            job_cancel(job=last.job)


def _taken_over(old: Segment) -> Segment:
    """The same segment for another render: done when it was done, else to be done."""
    is_done = old.state == SegmentState.COMPLETED
    return Segment(
        di_index=old.di_index,
        contender_index=old.contender_index,
        state=SegmentState.COMPLETED if is_done else SegmentState.PENDING,
        recipe=old.recipe,
        sources=old.sources,
        render_key=old.render_key,
    )


def _segment(
    shootout: Shootout,
    track: DITrack,
    chain: SignalChain,
    di_index: int,
    contender_index: int,
) -> Segment:
    recipe = rendering.segment_recipe(shootout, track, chain)
    return Segment(
        di_index=di_index,
        contender_index=contender_index,
        recipe=recipe_as_json(recipe),
        sources=rendering.segment_sources(track, chain),
        render_key=render_key(recipe),
    )


def _field_errors(shootout: Shootout) -> list[ErrorDetail]:
    try:
        shootout.clean_fields(exclude=["owner", "latest_render", "published_render"])
    except ValidationError as error:
        return [
            ErrorDetail(f"/{field}", "INVALID", message)
            for field, messages in error.message_dict.items()
            for message in messages
        ]
    return []


def _raise_if(details: Sequence[ErrorDetail]) -> None:
    if details:
        raise InvalidInputError("This shootout cannot be made as it is.", details=details)


def _set_tracks(shootout: Shootout, tracks: Sequence[DITrack]) -> None:
    ShootoutDI.objects.bulk_create(
        ShootoutDI(shootout=shootout, di_track=track, position=position)
        for position, track in enumerate(tracks)
    )


def _set_contenders(
    shootout: Shootout, chains: Sequence[SignalChain], labels: Sequence[str]
) -> None:
    contenders = [
        Contender(shootout=shootout, chain=chain, position=position, label=label or chain.name)
        for position, (chain, label) in enumerate(zip(chains, labels, strict=True))
    ]
    Contender.objects.bulk_create(contenders)
    shootout_labels_keep(shootout=shootout, labels=[contender.label for contender in contenders])


def shootout_labels_keep(*, shootout: Shootout, labels: Sequence[str]) -> None:
    """What its contenders are called, where the search looks."""
    shootout.contender_labels = "\n".join(labels)
    shootout.save(update_fields=["contender_labels", "updated_at"])


def _block_pointer(pointer: str, position: int | None) -> str:
    return f"{pointer}/blocks" if position is None else f"{pointer}/blocks/{position}"
