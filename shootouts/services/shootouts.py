"""Making, changing, rendering and deleting shootouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from accounts.errors import ConflictError, ErrorDetail, InvalidInputError
from accounts.models import User
from gear.models import SignalChain
from gear.selectors import chain_errors
from jobs.models import Job
from jobs.pipeline.shootout import info_as_json
from jobs.services import job_cancel, job_enqueue
from shootouts import rendering
from shootouts.models import (
    Contender,
    DITrack,
    Render,
    Segment,
    Shootout,
    ShootoutDI,
)
from shootouts.models.shootout import ShootoutState

OPTIONS = (
    "playback_order",
    "slice_s",
    "target_loudness_lufs",
    "input_mode",
    "has_video",
    "theme",
    "is_aligned",
)
MIN_CONTENDERS = 2


def shootout_create(
    *,
    owner: User,
    title: str,
    di_track_ids: Sequence[UUID],
    chain_ids: Sequence[UUID],
    description: str = "",
    visibility: str = "private",
    labels: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
) -> Shootout:
    """A draft of everything at once. ``labels``: one per chain, or none to use their names.

    Raises ``InvalidInputError`` with every finding, each pointing at its field.
    """
    details: list[ErrorDetail] = []
    tracks = _tracks(owner, di_track_ids, details)
    chains = _chains(owner, chain_ids, details)
    if labels and len(labels) != len(chain_ids):
        details.append(ErrorDetail("/labels", "COUNT", "Give one label per chain, or none."))
    shootout = Shootout(
        owner=owner,
        title=title.strip(),
        description=description,
        visibility=visibility,
        **(options or {}),
    )
    details += _field_errors(shootout)
    _raise_if(details)
    with transaction.atomic():
        shootout.save()
        _set_tracks(shootout, tracks)
        _set_contenders(shootout, chains, labels)
    return shootout


def shootout_update(
    *,
    shootout: Shootout,
    di_track_ids: Sequence[UUID] | None = None,
    chain_ids: Sequence[UUID] | None = None,
    labels: Sequence[str] = (),
    **changes: Any,
) -> Shootout:
    """Change any part; rendering again makes a new version. What is not given stays.

    Raises ``InvalidInputError``; ``ConflictError`` while it renders (title, description and
    visibility may change at any time).
    """
    details: list[ErrorDetail] = []
    changes_sound = (
        di_track_ids is not None or chain_ids is not None or bool(set(changes) & {*OPTIONS})
    )
    with transaction.atomic():
        shootout = Shootout.objects.select_for_update().get(pk=shootout.pk)
        if changes_sound and shootout.is_rendering:
            raise ConflictError("This shootout is rendering. Cancel it first, or wait.")
        for field, value in changes.items():
            if field not in (*OPTIONS, "title", "description", "visibility"):
                raise TypeError(f"shootout_update does not change {field}")
            setattr(shootout, field, value)
        details += _field_errors(shootout)
        tracks = None if di_track_ids is None else _tracks(shootout.owner, di_track_ids, details)
        chains = None if chain_ids is None else _chains(shootout.owner, chain_ids, details)
        if labels and chain_ids is not None and len(labels) != len(chain_ids):
            details.append(ErrorDetail("/labels", "COUNT", "Give one label per chain, or none."))
        _raise_if(details)
        shootout.save()
        if tracks is not None:
            shootout.dis.all().delete()
            _set_tracks(shootout, tracks)
        if chains is not None:
            shootout.contenders.all().delete()
            _set_contenders(shootout, chains, labels)
    return shootout


def shootout_delete(*, shootout: Shootout) -> None:
    """Delete a shootout and all it has rendered. Raises ``ConflictError`` while it renders."""
    with transaction.atomic():
        shootout = Shootout.objects.select_for_update().get(pk=shootout.pk)
        if shootout.is_rendering:
            raise ConflictError("This shootout is rendering. Cancel it first, or wait.")
        shootout.delete()  # and its files, after the commit


def shootout_render(*, shootout: Shootout) -> Job:
    """Freeze what is to be rendered and queue it as a new version.

    Raises ``ConflictError`` while it renders already; ``InvalidInputError`` with every chain and
    track that cannot be rendered as it is.
    """
    with transaction.atomic():
        shootout = Shootout.objects.select_for_update().select_related("owner").get(pk=shootout.pk)
        if shootout.is_rendering:
            raise ConflictError("This shootout is rendering already.", code="ALREADY_RENDERING")
        tracks, contenders = _renderable(shootout)
        version = shootout.renders.aggregate(newest=Max("version"))["newest"] or 0
        info = rendering.shootout_info(shootout, tracks, contenders)
        render = Render.objects.create(
            shootout=shootout, version=version + 1, info=info_as_json(info)
        )
        Segment.objects.bulk_create(
            _segment(render, shootout, track, chain, di_index, contender_index)
            for di_index, track in enumerate(tracks)
            for contender_index, (_, chain) in enumerate(contenders)
        )
        render.job = job_enqueue(
            kind="shootout.render",
            owner=shootout.owner,
            payload={"render": str(render.uuid), "shootout": str(shootout.uuid)},
            label=shootout.title,
        )
        render.save(update_fields=["job", "updated_at"])
        shootout.latest_render = render
        shootout.state = ShootoutState.QUEUED
        shootout.save(update_fields=["latest_render", "state", "updated_at"])
    return render.job


def shootout_cancel(*, shootout: Shootout) -> Job:
    """Stop the render that is under way. Raises ``ConflictError`` when there is none."""
    render = shootout.latest_render
    if render is None or render.job is None or render.job.is_finished:
        raise ConflictError("This shootout is not rendering.", code="NOT_RENDERING")
    return job_cancel(job=render.job)


def _renderable(shootout: Shootout) -> tuple[list[DITrack], list[tuple[str, SignalChain]]]:
    details: list[ErrorDetail] = []
    tracks: list[DITrack] = []
    for index, di in enumerate(shootout.dis.select_related("di_track")):
        pointer = f"/di_track_ids/{index}"
        if di.di_track is None:
            details.append(ErrorDetail(pointer, "MISSING", "This DI track was deleted."))
        elif di.di_track.status != "ready":
            message = f"{di.di_track.name} is still being checked."
            details.append(ErrorDetail(pointer, "NOT_READY", message))
        else:
            tracks.append(di.di_track)
    contenders: list[tuple[str, SignalChain]] = []
    query = shootout.contenders.select_related("chain").prefetch_related(
        "chain__blocks__capture__gear", "chain__blocks__extra_irs__capture__gear"
    )
    for index, contender in enumerate(query):
        pointer = f"/chain_ids/{index}"
        if contender.chain is None:
            details.append(ErrorDetail(pointer, "MISSING", "This chain was deleted."))
            continue
        details += [
            ErrorDetail(_block_pointer(pointer, error.position), error.code, error.message)
            for error in chain_errors(contender.chain)
        ]
        contenders.append((contender.label, contender.chain))
    if not tracks and not details:
        details.append(ErrorDetail("/di_track_ids", "REQUIRED", "Pick at least one DI track."))
    if len(contenders) < MIN_CONTENDERS and not details:
        details.append(ErrorDetail("/chain_ids", "REQUIRED", "Pick at least two chains."))
    _raise_if(details)
    return tracks, contenders


def _segment(
    render: Render,
    shootout: Shootout,
    track: DITrack,
    chain: SignalChain,
    di_index: int,
    contender_index: int,
) -> Segment:
    recipe = rendering.segment_recipe(shootout, track, chain)
    return Segment(
        render=render,
        di_index=di_index,
        contender_index=contender_index,
        recipe=rendering.recipe_as_json(recipe),
        sources=rendering.segment_sources(track, chain),
        render_key=rendering.render_key(recipe),
    )


def _tracks(owner: User, ids: Sequence[UUID], details: list[ErrorDetail]) -> list[DITrack]:
    _check_count(ids, "/di_track_ids", 1, settings.GTS_MAX_DI_TRACKS, "DI tracks", details)
    found = {track.uuid: track for track in DITrack.objects.owned_by(owner).filter(uuid__in=ids)}
    _check_found(ids, found, "/di_track_ids", "There is no such DI track.", details)
    return [found[uuid] for uuid in ids if uuid in found]


def _chains(owner: User, ids: Sequence[UUID], details: list[ErrorDetail]) -> list[SignalChain]:
    low, high = MIN_CONTENDERS, settings.GTS_MAX_CONTENDERS
    _check_count(ids, "/chain_ids", low, high, "chains", details)
    chains = SignalChain.objects.owned_by(owner).filter(uuid__in=ids)
    found = {chain.uuid: chain for chain in chains}
    _check_found(ids, found, "/chain_ids", "There is no such chain.", details)
    return [found[uuid] for uuid in ids if uuid in found]


def _check_count(
    ids: Sequence[UUID],
    pointer: str,
    low: int,
    high: int,
    what: str,
    details: list[ErrorDetail],
) -> None:
    if not low <= len(ids) <= high:
        message = f"A shootout takes {low} to {high} {what}; these are {len(ids)}."
        details.append(ErrorDetail(pointer, "COUNT", message))
    if len(set(ids)) != len(ids):
        details.append(ErrorDetail(pointer, "DUPLICATE", f"Each of the {what} may come once."))


def _check_found(
    ids: Sequence[UUID],
    found: Mapping[UUID, object],
    pointer: str,
    message: str,
    details: list[ErrorDetail],
) -> None:
    details += [
        ErrorDetail(f"{pointer}/{index}", "NOT_FOUND", message)
        for index, uuid in enumerate(ids)
        if uuid not in found
    ]


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
    Contender.objects.bulk_create(
        Contender(
            shootout=shootout,
            chain=chain,
            position=position,
            label=(labels[position] if labels else "") or chain.name,
        )
        for position, chain in enumerate(chains)
    )


def _block_pointer(pointer: str, position: int | None) -> str:
    return f"{pointer}/blocks" if position is None else f"{pointer}/blocks/{position}"
