"""What a shootout is made of, looked at before anything is written: every finding at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.conf import settings

from accounts.models import User
from gear.chains.permutations import Permutation
from gear.models import SignalChain
from gear.services.chain_groups import (
    CheckedSlots,
    SlotInput,
    permutation_blocks,
    permutation_mistakes,
    slots_check,
)
from gear.services.chains import chain_create
from gts.web.errors import ErrorDetail
from shootouts.models import DITrack

MIN_CONTENDERS: Final = 2


@dataclass(frozen=True, slots=True)
class ContenderInput:
    """A chain in its place. ``label``: empty for the name of the chain."""

    chain_id: UUID
    label: str = ""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Chains that are to be made of slots: all that can be played, in playing order."""

    checked: CheckedSlots
    playable: Sequence[Permutation]

    def build(self, *, owner: User, title: str) -> list[SignalChain]:
        """Chains of ``owner``, named by the shootout and by what differs. Inside a transaction."""
        return [
            chain_create(
                owner=owner,
                name=f"{title}: {permutation.label}"[:200],
                blocks=permutation_blocks(self.checked.slots, permutation),
            )
            for permutation in self.playable
        ]

    def labels(self, wanted: Sequence[str]) -> list[str]:
        """What differs between them, where nothing else is wanted."""
        found = [permutation.label for permutation in self.playable]
        return [own.strip() or label for own, label in zip(wanted or found, found, strict=True)]


@dataclass(frozen=True, slots=True)
class Assembly:
    """What a new shootout is to be made of, as far as it was found."""

    tracks: Sequence[DITrack]
    chains: Sequence[SignalChain]
    matrix: Matrix | None
    details: list[ErrorDetail]


def assembly_check(
    *,
    owner: User,
    di_track_ids: Sequence[UUID] | None,
    contenders: Sequence[ContenderInput] | None,
    slots: Sequence[SlotInput] | None,
    only_valid: bool = False,
    labels: Sequence[str] = (),
    is_complete: bool = True,
) -> Assembly:
    """Everything that is wrong, without writing anything. ``None`` is not judged; that something
    is missing is said only when the input ``is_complete``, and not what is left of a wrong one."""
    details: list[ErrorDetail] = []
    if is_complete and contenders is None and slots is None:
        message = "Give contenders, or slots to make chains of."
        details.append(ErrorDetail("/contenders", "REQUIRED", message))
    if contenders is not None and slots is not None:
        message = "Give either contenders or slots."
        details.append(ErrorDetail("/slots", "EITHER_OR", message))
    if labels and slots is None:
        message = "These are for slots; a contender has a label of its own."
        details.append(ErrorDetail("/labels", "EITHER_OR", message))
    tracks: list[DITrack] = []
    if di_track_ids is not None:
        tracks = tracks_check(owner=owner, ids=di_track_ids, details=details)
    chains: list[SignalChain] = []
    if contenders is not None:
        chains = chains_check(owner=owner, contenders=contenders, details=details)
    matrix = None
    if slots is not None:
        matrix = matrix_check(owner=owner, slots=slots, only_valid=only_valid, details=details)
        if matrix.playable and labels and len(labels) != len(matrix.playable):
            details.append(ErrorDetail("/labels", "COUNT", "Give one label per chain, or none."))
    return Assembly(tracks, chains, matrix, details)


def tracks_check(*, owner: User, ids: Sequence[UUID], details: list[ErrorDetail]) -> list[DITrack]:
    """The tracks of these ids; what is wrong with them is added to ``details``."""
    _check_count(ids, "/di_tracks", 1, settings.GTS_MAX_DI_TRACKS, "DI tracks", details)
    found = {track.uuid: track for track in DITrack.objects.owned_by(owner).filter(uuid__in=ids)}
    details += [
        ErrorDetail(f"/di_tracks/{index}/di_track_id", "NOT_FOUND", "DI track not found.")
        for index, uuid in enumerate(ids)
        if uuid not in found
    ]
    return [found[uuid] for uuid in ids if uuid in found]


def chains_check(
    *, owner: User, contenders: Sequence[ContenderInput], details: list[ErrorDetail]
) -> list[SignalChain]:
    """The chains of the contenders; what is wrong with them is added to ``details``."""
    ids = [contender.chain_id for contender in contenders]
    low, high = MIN_CONTENDERS, settings.GTS_MAX_CONTENDERS
    _check_count(ids, "/contenders", low, high, "chains", details)
    chains = SignalChain.objects.owned_by(owner).filter(uuid__in=ids)
    found = {chain.uuid: chain for chain in chains}
    details += [
        ErrorDetail(f"/contenders/{index}/chain_id", "NOT_FOUND", "Chain not found.")
        for index, uuid in enumerate(ids)
        if uuid not in found
    ]
    return [found[uuid] for uuid in ids if uuid in found]


def matrix_check(
    *, owner: User, slots: Sequence[SlotInput], only_valid: bool, details: list[ErrorDetail]
) -> Matrix:
    """The chains that the slots make; what is wrong with them is added to ``details``, below
    ``/slots``. ``only_valid``: what cannot be played is left out, and is no mistake."""
    checked = slots_check(owner=owner, slots=slots)
    details += checked.details
    if checked.details:
        return Matrix(checked, ())
    if not only_valid:
        details += dict.fromkeys(permutation_mistakes("/slots", checked.permutations))
    playable = [permutation for permutation in checked.permutations if permutation.is_valid]
    if len(playable) < MIN_CONTENDERS and not details:
        message = f"A shootout takes at least {MIN_CONTENDERS} chains; the slots make one."
        details.append(ErrorDetail("/slots", "COUNT", message))
    return Matrix(checked, playable)


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
