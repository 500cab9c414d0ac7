"""Who sounds when, as the manifest has it: the plan that montage and picture are both made from.

Frames are counted at ``Timeline.sample_rate_hz`` from the start of the montage, so sound and
picture cannot disagree. ``jobs.pipeline.video.timeline`` makes such plans.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from jobs.pipeline.formats.records import Count, Position, Record, about
from jobs.pipeline.vocabulary.options import PlaybackOrder

CardKind: TypeAlias = Literal["opening", "di", "closing"]


class TimelineEntry(Record, frozen=True):
    """A part of one segment: ``num_frames`` from ``source_start_frame`` of the segment's file
    are *added* to the montage at ``start_frame``.

    The first ``fade_in_frames`` are to be multiplied by ``fade_in_gains``, the last
    ``fade_out_frames`` by ``fade_out_gains``; there the entry overlaps its neighbor.
    """

    contender_index: Annotated[Position, about("position in `contenders` of what sounds")]
    di_index: Annotated[Position, about("position in `dis` of what sounds")]
    source_start_frame: Annotated[Count, about("from where in the segment")]
    num_frames: Annotated[int, Meta(ge=1), about("how long")]
    start_frame: Annotated[Count, about("from where in the montage")]
    fade_in_frames: Annotated[Count, about("equal-power join with what is before; 0: none")] = 0
    fade_out_frames: Annotated[Count, about("equal-power join with what follows; 0: none")] = 0

    @property
    def end_frame(self) -> int:
        """The first frame after this entry."""
        return self.start_frame + self.num_frames


class TimelineCard(Record, frozen=True):
    """A silent part with a card on the screen."""

    kind: Annotated[CardKind, about("which picture there is under the silence")]
    start_frame: Annotated[Count, about("from where in the montage")]
    num_frames: Annotated[int, Meta(ge=1), about("how long")]
    di_index: Annotated[Position | None, about("which DI a DI card announces")] = None

    @property
    def end_frame(self) -> int:
        """The first frame after this card."""
        return self.start_frame + self.num_frames


@dataclass(frozen=True, slots=True)
class TimelineSpan:
    """What the screen shows from ``start_frame`` to ``end_frame``: a card or an entry.

    Spans follow each other without gap or overlap; a join is split in its middle.
    """

    start_frame: int
    end_frame: int
    what: TimelineEntry | TimelineCard


class Timeline(Record, frozen=True):
    """The finished plan. ``total_frames`` is a whole number of video frames at ``fps``."""

    entries: tuple[TimelineEntry, ...]
    cards: tuple[TimelineCard, ...]
    total_frames: Annotated[Count, about("length of the montage, with its cards")]
    order: Annotated[PlaybackOrder, about("as in the options")]
    fps: Annotated[int, Meta(ge=1), about("video frames per second")]
    sample_rate_hz: Annotated[int, Meta(ge=1), about("what all frames are counted at")]

    @property
    def frames_per_video_frame(self) -> int:
        return self.sample_rate_hz // self.fps

    @property
    def num_video_frames(self) -> int:
        return self.total_frames // self.frames_per_video_frame

    @property
    def duration_s(self) -> float:
        return self.total_frames / self.sample_rate_hz

    def spans(self) -> tuple[TimelineSpan, ...]:
        """Everything that is shown, in order, covering the whole timeline."""
        items: list[TimelineEntry | TimelineCard] = [*self.entries, *self.cards]
        items.sort(key=lambda item: item.start_frame)
        starts = [
            item.start_frame + (item.fade_in_frames // 2 if isinstance(item, TimelineEntry) else 0)
            for item in items
        ]
        ends = [*starts[1:], self.total_frames]
        return tuple(
            TimelineSpan(start, end, item)
            for item, start, end in zip(items, starts, ends, strict=True)
        )

    def video_spans(self) -> tuple[TimelineSpan, ...]:
        """The same spans with starts and ends in *video frames*.

        A video frame shows what sounds in its middle, so the picture is never more than half a
        video frame away from the sound. A span too short to own a middle is left out.
        """
        step = self.frames_per_video_frame

        def first_middle(frame: int) -> int:  # the first video frame with its middle at or after
            return -((step // 2 - frame) // step)

        shown = [
            TimelineSpan(first_middle(span.start_frame), first_middle(span.end_frame), span.what)
            for span in self.spans()
        ]
        return tuple(span for span in shown if span.end_frame > span.start_frame)

    def what_sounds_at(self, frame: int) -> TimelineEntry | TimelineCard:
        """The span's content at an audio frame. Raises ``ValueError`` outside the timeline."""
        if not 0 <= frame < self.total_frames:
            raise ValueError(f"frame {frame} is outside 0..{self.total_frames}")
        spans = self.spans()
        return spans[bisect_right([span.start_frame for span in spans], frame) - 1].what
