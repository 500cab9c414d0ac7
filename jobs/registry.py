"""Who does which kind of job: features register handlers here, so that jobs names no feature."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

from jobs.pipeline.formats.records import JSONObject

if TYPE_CHECKING:
    from jobs.models import Job

# Short work (inspect, fetch, notify) never waits behind long work (segments, video).
Queue: TypeAlias = Literal["short", "render"]

# How long one attempt may take, unless its kind says otherwise; ``None``: as long as it needs.
TIME_LIMITS_S: Final[Mapping[Queue, float | None]] = {"short": 600.0, "render": None}


@dataclass(frozen=True, slots=True)
class ChildJob:
    """A job to be done below another one."""

    kind: str
    payload: JSONObject
    label: str = ""
    stage: int = 0
    weight: float = 1.0
    is_required: bool = True


class JobContext(Protocol):
    """What a running handler may use."""

    job: Job

    def report(self, fraction: float, message: str = "") -> None:
        """Say how far the work is (0..1). Raises ``CancelledError`` when it is no longer wanted,
        and ``PipelineError`` JOB_TOOK_TOO_LONG when it has taken longer than its kind may."""
        ...

    def holding(self) -> AbstractContextManager[None]:
        """A transaction for the rows that the work writes; not for slow things.

        Raises ``CancelledError`` when the job was given to another worker meanwhile: a worker that
        wakes up too late changes nothing. What it has stored goes with the exception.
        """
        ...

    def spawn(self, children: Sequence[ChildJob]) -> None:
        """Leave the rest to children. Call it inside ``transaction.atomic`` with own writes."""
        ...


class JobHandler(Protocol):
    """Does one kind of job. Doing it twice is harmless: results are keyed by content."""

    kind: str
    queue: Queue

    def run(self, context: JobContext) -> JSONObject:
        """Do the work; the answer is kept as ``Job.result``.

        Raises ``PipelineError`` (permanent or temporary); anything else counts as temporary.
        """
        ...

    def finished(self, job: Job) -> None:
        """Told when the job has ended, in the transaction that ends it: completed or not.

        For a parent this comes after its last child. News for other rows goes here.
        """
        ...


@dataclass(frozen=True, slots=True)
class OwnerLimit:
    """How many root jobs of a kind one person may have. ``noun``: what they are, for people."""

    noun: str
    max_running: int  # more of them wait in the queue
    max_waiting: int  # more of them are refused


def _nowhere(job: Job) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Notice:
    """What the owner is told of a job. ``page``: the path of the page it leads to; ``title``: what
    jobs of its kind are called.

    Quiet: its success is noted, but no one is called for it. Not told: no note is made at all,
    for what the one who asked waits for anyway. Final: what it worked on is gone when it failed,
    so that no page offers to retry it.
    """

    page: Callable[[Job], str] = _nowhere
    is_quiet: bool = False
    is_told: bool = True
    title: str = "Job"
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class Activity:
    """What a job does, said of the whole that it is a part of.

    ``part``: jobs that share it share a progress bar and an estimate of the time left.
    ``waiting_headline``: while no worker has taken it.
    """

    part: str
    headline: str
    waiting_headline: str = "In queue"


@dataclass(slots=True)
class _Registry:
    handlers: dict[str, JobHandler] = field(default_factory=dict)
    limits: dict[str, OwnerLimit | None] = field(default_factory=dict)
    notices: dict[str, Notice] = field(default_factory=dict)
    activities: dict[str, Activity] = field(default_factory=dict)
    time_limits_s: dict[str, float | None] = field(default_factory=dict)
    awaited: set[str] = field(default_factory=set)


_registry = _Registry()
_WORKING: Final = Activity(part="", headline="Working")


def register(
    handler: JobHandler,
    *,
    limit: OwnerLimit | None = None,
    notice: Notice = Notice(),
    activity: Activity = _WORKING,
    time_limit_s: float | None = None,
    is_awaited: bool = False,
) -> None:
    """Called from ``AppConfig.ready``. ``time_limit_s``: of one attempt, where it is not that of
    its queue. ``is_awaited``: less than a second of work that someone sits and waits for, so it
    comes before all others in its queue. Raises ``ValueError`` when the kind is taken."""
    known = _registry.handlers.get(handler.kind)
    if known is not None and type(known) is not type(handler):
        raise ValueError(f"two handlers for {handler.kind}")
    _registry.handlers[handler.kind] = handler
    _registry.limits[handler.kind] = limit
    _registry.notices[handler.kind] = notice
    _registry.activities[handler.kind] = activity
    _registry.time_limits_s[handler.kind] = time_limit_s or TIME_LIMITS_S[handler.queue]
    if is_awaited:
        _registry.awaited.add(handler.kind)


def handler_for(kind: str) -> JobHandler:
    """Raises ``KeyError`` for a kind no one registered."""
    return _registry.handlers[kind]


def limit_for(kind: str) -> OwnerLimit | None:
    return _registry.limits.get(kind)


def untold_kinds() -> list[str]:
    """Kinds of jobs of which their owners are not told: they look on."""
    return [kind for kind, notice in _registry.notices.items() if not notice.is_told]


def notice_for(kind: str) -> Notice:
    return _registry.notices.get(kind, Notice())


def activity_of(kind: str) -> Activity:
    return _registry.activities.get(kind, _WORKING)


def time_limit_s_for(kind: str) -> float | None:
    return _registry.time_limits_s.get(kind)


def is_awaited(kind: str) -> bool:
    return kind in _registry.awaited


def known_kinds() -> tuple[str, ...]:
    return tuple(sorted(_registry.handlers))


def kinds_of(queue: Queue) -> tuple[str, ...]:
    """What the workers of ``queue`` do."""
    return tuple(kind for kind in known_kinds() if handler_for(kind).queue == queue)
