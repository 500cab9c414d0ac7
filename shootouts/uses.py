"""Where a thing is used by its owner, and what deleting it touches, in one sentence or two.

Here, because shootouts know gear and chains, and not the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from accounts.models import User
from gear.models import ChainGroup, GearItem, SignalChain
from gear.selectors import (
    chain_get,
    chain_group_get,
    chains_with,
    gear_get_owned,
    groups_with,
    preset_get,
    tag_get,
)
from gts.web.errors import NotFoundError
from shootouts.models import DITrack, Shootout, ShootoutQuerySet
from shootouts.selectors import di_track_get, shootout_get_owned

# Named one by one; the others are counted.
_MAX_NAMED: Final = 2
MAX_SHOWN: Final = 20

RENDERED_STAYS: Final = "What was rendered stays."


@dataclass(frozen=True, slots=True)
class Uses:
    """At most ``MAX_SHOWN`` of each, the newest, with one more to tell that there are more."""

    chains: Sequence[SignalChain] = ()
    groups: Sequence[ChainGroup] = ()
    shootouts: Sequence[Shootout] = ()

    def __bool__(self) -> bool:
        return bool(self.chains or self.groups or self.shootouts)


def uses_of_gear(user: User, item: GearItem) -> Uses:
    """Of ``user``. Three queries."""
    chains = chains_with(item).owned_by(user)
    found = Shootout.objects.owned_by(user).filter(
        contenders__chain__in=chains.order_by().values("pk")
    )
    groups = groups_with(item).owned_by(user)
    return Uses(_some(chains), _some(groups), _some_shootouts(found))


def uses_of_chain(chain: SignalChain) -> Uses:
    found = Shootout.objects.filter(owner=chain.owner_id, contenders__chain=chain)
    return Uses(shootouts=_some_shootouts(found))


def uses_of_di_track(track: DITrack) -> Uses:
    found = Shootout.objects.filter(owner=track.owner_id, dis__di_track=track)
    return Uses(shootouts=_some_shootouts(found))


def _some_shootouts(found: ShootoutQuerySet) -> list[Shootout]:
    """Each once: the joins may find it several times."""
    return _some(Shootout.objects.filter(pk__in=found.order_by().values("pk")))


def _some(rows: Any) -> list[Any]:
    return list(rows[: MAX_SHOWN + 1])


def deletion_text(user: User, kind: str, uuid: UUID) -> str:
    """What happens to other things when this one of one's own is deleted. Raises ``NotFoundError``,
    also for a ``kind`` that there is not."""
    if kind not in _TEXTS:
        raise NotFoundError("Not found.")
    return _TEXTS[kind](user, uuid)


def _of_gear(user: User, uuid: UUID) -> str:
    uses = uses_of_gear(user, gear_get_owned(user, uuid))
    broken = _counted([("chain", uses.chains), ("chain group", uses.groups)])
    if not broken:
        return f"No chain of yours uses it. {RENDERED_STAYS}"
    return f"{broken} cannot be played without it. {RENDERED_STAYS}"


def _of_chain(user: User, uuid: UUID) -> str:
    return _of_contents(uses_of_chain(chain_get(user, uuid)))


def _of_di_track(user: User, uuid: UUID) -> str:
    return _of_contents(uses_of_di_track(di_track_get(user, uuid)))


def _of_contents(uses: Uses) -> str:
    if not uses.shootouts:
        return "No shootout of yours uses it."
    counted = _counted([("shootout", uses.shootouts)])
    return f"{counted} cannot be re-rendered with it. {RENDERED_STAYS}"


def _of_shootout(user: User, uuid: UUID) -> str:
    shootout = shootout_get_owned(user, uuid)
    num_renders, num_comments = shootout.renders.count(), shootout.comments.count()
    gone = [_number(num_renders, "render"), _number(num_comments, "comment")]
    said = " and ".join(part for part in gone if part)
    verb = "goes" if num_renders + num_comments == 1 else "go"
    kept = "Its DI tracks and chains stay."
    return f"{said} {verb} with it. {kept}" if said else kept


def _of_preset(user: User, uuid: UUID) -> str:
    preset_get(user, uuid)
    return "Chains that were built with it stay as they are."


def _of_tag(user: User, uuid: UUID) -> str:
    num_gear: int = tag_get(user, uuid).num_gear  # type: ignore[attr-defined]  # of its selector
    if not num_gear:
        return "It is on no gear."
    return f"It is taken off {_number(num_gear, 'piece')} of gear. The gear stays."


def _of_group(user: User, uuid: UUID) -> str:
    chain_group_get(user, uuid)
    return "The chains that were made of it stay."


_TEXTS: Final[Mapping[str, Callable[[User, UUID], str]]] = {
    "gear": _of_gear,
    "chain": _of_chain,
    "di": _of_di_track,
    "shootout": _of_shootout,
    "preset": _of_preset,
    "tag": _of_tag,
    "chain-group": _of_group,
}


def _counted(parts: Sequence[tuple[str, Sequence[SignalChain | ChainGroup | Shootout]]]) -> str:
    """“A” and “B”; of many only how many."""
    said = []
    for noun, rows in parts:
        if 0 < len(rows) <= _MAX_NAMED:
            said += [f"“{row}”" for row in rows]
        elif rows:
            many = f"more than {MAX_SHOWN}" if len(rows) > MAX_SHOWN else str(len(rows))
            said.append(f"{many} {noun}s")
    text = " and ".join([", ".join(said[:-1]), said[-1]]) if len(said) > 1 else "".join(said)
    return text[:1].upper() + text[1:]


def _number(count: int, noun: str) -> str:
    return "" if not count else f"{count} {noun}{'' if count == 1 else 's'}"
