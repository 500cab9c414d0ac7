"""No edit undoes another one unseen: an edit may name the revision that it was made from."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from gts.web.errors import PreconditionFailedError
from gts.web.models import RevisedModel

CHANGED_MEANWHILE: Final = (
    "This was changed after you opened it. Look at it as it is now, then change it again."
)


def revision_check(row: RevisedModel, accepted: Collection[int] | None) -> None:
    """Call it with the row locked, in the transaction that writes: of two edits of the same
    revision at once exactly one gets through. ``None`` accepts any.

    Raises ``PreconditionFailedError``.
    """
    if accepted is not None and row.revision not in accepted:
        raise PreconditionFailedError(CHANGED_MEANWHILE)
