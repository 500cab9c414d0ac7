"""Keeping drafts of shootouts, and making shootouts of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from accounts.models import User
from gear.models import SignalChain
from gear.selectors import chain_list
from gear.services.chains import BlockInput, IRInput, chain_create
from gts.web.errors import ConflictError, InvalidInputError, NotFoundError
from gts.web.models import revision_check
from jobs.models import Job
from shootouts.models import Draft, Shootout
from shootouts.models.draft import DraftState
from shootouts.selectors import NO_DRAFT, shootout_get_owned
from shootouts.services.assembly import ContenderInput
from shootouts.services.draft_document import document_of, document_read
from shootouts.services.draft_expansion import (
    Contestant,
    Expansion,
    Signature,
    draft_expand,
    signature_of,
)
from shootouts.services.shootouts import shootout_create, shootout_render, shootout_update

MAX_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class MadeShootout:
    """``job``: of its render, while that is under way. ``is_new``: not made by an earlier call."""

    shootout: Shootout
    job: Job | None
    is_new: bool


@transaction.atomic
def draft_create(*, owner: User, document: Mapping[str, Any]) -> Draft:
    """Raises ``InvalidInputError`` and ``TooLargeError`` as ``document_read``, and
    ``ConflictError`` TOO_MANY_DRAFTS."""
    read = document_read(document)
    return _add(owner, document, read.title)


@transaction.atomic
def draft_of_shootout(*, shootout: Shootout) -> tuple[Draft, bool]:
    """Its line-up, to be edited; whether it is new: one that is open already goes on.

    Raises ``ConflictError`` TOO_MANY_DRAFTS.
    """
    # Who asks twice at once gets one.
    User.objects.select_for_update(no_key=True).get(pk=shootout.owner_id)
    drafts = Draft.objects.owned_by(shootout.owner).filter(shootout=shootout)
    draft = drafts.in_state(DraftState.OPEN).first()
    if draft is not None:
        return draft, False
    return _add(shootout.owner, document_of(shootout), shootout.title, shootout), True


@transaction.atomic
def draft_update(
    *,
    draft: Draft,
    document: Mapping[str, Any] | None = None,
    title: str | None = None,
    accepted_revisions: Collection[int] | None = None,
) -> Draft:
    """Replace the document, or its title alone. What changes nothing makes no new revision.

    Raises as ``draft_create``, and ``PreconditionFailedError`` when it is none of
    ``accepted_revisions``.
    """
    draft = _locked(draft, accepted_revisions)
    wanted = dict(draft.document if document is None else document)
    if title is not None:
        wanted["title"] = title
    if wanted == draft.document:
        return draft
    draft.title = document_read(wanted).title.strip()
    draft.document = wanted
    draft.revision += 1
    draft.save()
    return _as_stored(draft)


@transaction.atomic
def draft_delete(*, draft: Draft, accepted_revisions: Collection[int] | None = None) -> None:
    """What was made of it stays. Raises ``PreconditionFailedError``."""
    _locked(draft, accepted_revisions).delete()


def drafts_prune(*, untouched_since: datetime) -> int:
    """Forget what no one has changed since. Returns how many went."""
    num_gone, _ = Draft.objects.filter(updated_at__lt=untouched_since).delete()
    return num_gone


@transaction.atomic
def draft_make(*, draft: Draft, is_rendered: bool = True) -> MadeShootout:
    """The shootout of a draft, or the change of the one that it belongs to, with its chains and,
    if ``is_rendered``, its render: all of it or nothing. Asked again, the same shootout.

    A chain of the owner with the same blocks is taken instead of being made once more. Raises
    ``InvalidInputError`` with everything that keeps it from being rendered, ``ConflictError`` while
    its shootout renders, and ``LimitError`` with too many renders waiting.
    """
    draft = _locked(draft, None)
    if draft.state == DraftState.MADE and draft.shootout is not None:
        return MadeShootout(draft.shootout, _job_of(draft.shootout), is_new=False)
    expansion = draft_expand(draft.owner, document_read(draft.document))
    if expansion.problems:
        problems = expansion.problems
        raise InvalidInputError(problems[0].message, code="DRAFT_INCOMPLETE", details=problems)
    contenders = _contenders(draft.owner, expansion)
    shootout = _shootout(draft, expansion, contenders)
    job = shootout_render(shootout=shootout) if is_rendered else None
    draft.shootout = shootout
    draft.made_revision = draft.revision
    draft.save(update_fields=["shootout", "made_revision", "updated_at"])
    return MadeShootout(shootout_get_owned(draft.owner, shootout.uuid), job, is_new=True)


def _add(
    owner: User, document: Mapping[str, Any], title: str, shootout: Shootout | None = None
) -> Draft:
    # Two at once do not both find the last free place.
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    limit = settings.GTS_MAX_DRAFTS
    if limit and Draft.objects.owned_by(owner).count() >= limit:
        message = f"You have {limit} drafts: delete one that you do not need any more."
        raise ConflictError(message, code="TOO_MANY_DRAFTS")
    draft = Draft.objects.create(
        owner=owner, document=dict(document), title=title.strip(), shootout=shootout
    )
    return _as_stored(draft)


def _as_stored(draft: Draft) -> Draft:
    """PostgreSQL puts the keys of an object in an order of its own; an ETag is a digest of all."""
    draft.refresh_from_db(fields=["document"])
    return draft


def _locked(draft: Draft, accepted_revisions: Collection[int] | None) -> Draft:
    row = Draft.objects.select_for_update().filter(pk=draft.pk).first()
    if row is None:  # deleted since it was looked up
        raise NotFoundError(NO_DRAFT)
    revision_check(row, accepted_revisions)
    return row


def _job_of(shootout: Shootout) -> Job | None:
    render = shootout.latest_render
    job = render.job if render is not None else None
    return None if job is None or job.is_finished else job


def _contenders(owner: User, expansion: Expansion) -> list[ContenderInput]:
    known = _chains_by_signature(owner, expansion)
    made = []
    for each in expansion.line_up:
        chain = each.chain or known.get(signature_of(each.blocks)) or _chain(owner, expansion, each)
        made.append(ContenderInput(chain.uuid, each.label))
    return made


def _chain(owner: User, expansion: Expansion, contestant: Contestant) -> SignalChain:
    assert contestant.cell is not None
    blocks = [
        BlockInput(
            slot=block.slot,
            capture_id=block.capture.uuid if block.capture else None,
            processor=block.processor,
            parameters=block.parameters,
            extra_irs=[IRInput(ir.capture.uuid, ir.parameters) for ir in irs if ir.capture],
        )
        for block, irs in contestant.blocks
    ]
    name = f"{expansion.title}: {contestant.cell.label}"[:MAX_NAME]
    return chain_create(owner=owner, name=name, blocks=blocks)


def _chains_by_signature(owner: User, expansion: Expansion) -> dict[Signature, SignalChain]:
    """Of chains that begin with one of the captures of the draft; of equal ones the newest."""
    captures = {
        block.capture_id
        for each in expansion.line_up
        if each.cell is not None
        for block, _ in each.blocks
        if block.capture_id is not None
    }
    if not captures:
        return {}
    chains = chain_list(owner).filter(blocks__capture__in=captures).distinct()
    found: dict[Signature, SignalChain] = {}
    for chain in chains:
        blocks = [(block, list(block.extra_irs.all())) for block in chain.blocks.all()]
        found.setdefault(signature_of(blocks), chain)
    return found


def _shootout(draft: Draft, expansion: Expansion, contenders: list[ContenderInput]) -> Shootout:
    values: dict[str, Any] = {
        "title": expansion.title,
        "description": expansion.document.description,
        "di_track_ids": [track.uuid for track in expansion.tracks],
        "contenders": contenders,
    }
    options = asdict(expansion.document.shootout_options)
    if draft.shootout is None:
        return shootout_create(owner=draft.owner, options=options, **values)
    return shootout_update(shootout=draft.shootout, **values, **options)
