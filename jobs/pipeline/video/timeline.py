"""Planning who sounds when, for the montage and the picture.

Everything is counted in audio frames at 48 kHz from the start of the montage, so sound and
picture cannot disagree. Two playing orders:

- ``sequential``: one DI after the other; each is played in full by every contender in turn.
  Segments follow each other without gap, overlap or fade: their samples stay as they are.
- ``alternating``: a DI is cut into slices; every slice goes round all contenders before the next
  one begins (A1 B1 C1 A2 B2 C2 …), so the same notes are compared side by side. Neighbors overlap
  by a 10 ms equal-power join.

Under the cards (opening, one before every further DI, closing) there is silence.

Pages plan with it too, to say how long a video will be: it knows no NumPy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from msgspec.structs import replace

from jobs.pipeline.formats.timeline import CardKind, Timeline, TimelineCard, TimelineEntry
from jobs.pipeline.vocabulary.options import PlaybackOrder
from jobs.pipeline.vocabulary.sound import OUTPUT_SAMPLE_RATE_HZ

DEFAULT_FPS = 30
DEFAULT_SLICE_S = 4.0
OPENING_CARD_S = 2.5
DI_CARD_S = 1.5
CLOSING_CARD_S = 3.0
JOIN_S = 0.010

_BEATS_PER_BAR = 4


@dataclass(frozen=True, slots=True)
class TimelineSegment:
    """One rendered segment: which contender, which DI, how many frames at 48 kHz."""

    contender_index: int
    di_index: int
    num_frames: int


def slice_starts(
    num_frames: int, slice_s: float = DEFAULT_SLICE_S, bpm: float | None = None
) -> tuple[int, ...]:
    """Where the slices of a DI begin, in frames; the first is 0.

    With ``bpm`` a slice is a whole number of 4/4 bars, as near to ``slice_s`` as possible. A rest
    of less than half a slice stays with the slice before it.
    """
    length_s = slice_s
    if bpm is not None and bpm > 0.0:
        bar_s = _BEATS_PER_BAR * 60.0 / bpm
        length_s = bar_s * max(1, round(slice_s / bar_s))
    length = length_s * OUTPUT_SAMPLE_RATE_HZ
    num_slices = max(1, int(num_frames / length + 0.5))
    return tuple(round(index * length) for index in range(num_slices))


def build_timeline(
    segments: Sequence[TimelineSegment],
    order: PlaybackOrder = "sequential",
    *,
    slice_s: float = DEFAULT_SLICE_S,
    bpm_by_di: Mapping[int, float | None] | None = None,
    slice_starts_by_di: Mapping[int, Sequence[int]] | None = None,
    opening_card_s: float = OPENING_CARD_S,
    di_card_s: float = DI_CARD_S,
    closing_card_s: float = CLOSING_CARD_S,
    fps: int = DEFAULT_FPS,
) -> Timeline:
    """Plan the montage of ``segments``, DI by DI, contenders in the order of their index.

    ``slice_starts_by_di`` overrides the cuts of a DI (for example snapped to zero crossings); each
    must begin with 0 and rise by more than a join. The closing card is stretched so that the whole
    is a whole number of video frames. Segments may be missing (a partial render) and may differ in
    length (tails). Raises ``ValueError`` on no segments, one given twice, an empty one, bad cuts,
    or an ``fps`` that does not divide 48,000.
    """
    _check(segments, slice_s, fps)
    by_di: dict[int, list[TimelineSegment]] = defaultdict(list)
    for segment in sorted(segments, key=lambda s: (s.di_index, s.contender_index)):
        by_di[segment.di_index].append(segment)

    entries: list[TimelineEntry] = []
    cards: list[TimelineCard] = []
    position = 0

    def add_card(kind: CardKind, duration_s: float, di_index: int | None = None) -> None:
        nonlocal position
        num_frames = round(duration_s * OUTPUT_SAMPLE_RATE_HZ)
        if num_frames > 0:
            cards.append(TimelineCard(kind, position, num_frames, di_index))
            position += num_frames

    add_card("opening", opening_card_s)
    for number, (di_index, group) in enumerate(by_di.items()):
        if number > 0:
            add_card("di", di_card_s, di_index)
        if order == "alternating":
            shortest = min(segment.num_frames for segment in group)
            given = (slice_starts_by_di or {}).get(di_index)
            starts = given or slice_starts(shortest, slice_s, (bpm_by_di or {}).get(di_index))
            entries += _alternate(group, _checked_cuts(starts, shortest), position)
        else:
            entries += _in_turn(group, position)
        position = entries[-1].end_frame
    step = OUTPUT_SAMPLE_RATE_HZ // fps
    closing_frames = round(closing_card_s * OUTPUT_SAMPLE_RATE_HZ)
    total_frames = -(-(position + closing_frames) // step) * step
    if total_frames > position:
        cards.append(TimelineCard("closing", position, total_frames - position))
    return Timeline(tuple(entries), tuple(cards), total_frames, order, fps, OUTPUT_SAMPLE_RATE_HZ)


def _check(segments: Sequence[TimelineSegment], slice_s: float, fps: int) -> None:
    if not segments:
        raise ValueError("a timeline needs at least one segment")
    if len({(s.contender_index, s.di_index) for s in segments}) != len(segments):
        raise ValueError("a segment is given twice")
    if min(segment.num_frames for segment in segments) <= 0:
        raise ValueError("a segment has no frames")
    if slice_s < 10 * JOIN_S:
        raise ValueError("slices must be longer than their joins")
    if fps <= 0 or OUTPUT_SAMPLE_RATE_HZ % fps:
        raise ValueError(f"{fps} frames per second do not divide {OUTPUT_SAMPLE_RATE_HZ} Hz")


def _checked_cuts(starts: Sequence[int], shortest: int) -> tuple[int, ...]:
    join = round(JOIN_S * OUTPUT_SAMPLE_RATE_HZ)
    bounds = [*starts, shortest]
    lengths = [end - start for start, end in pairwise(bounds)]
    if bounds[0] != 0 or (len(starts) > 1 and min(lengths) <= join):
        raise ValueError("cuts must begin with 0 and rise by more than a join")
    return tuple(starts)


def _in_turn(group: Sequence[TimelineSegment], position: int) -> list[TimelineEntry]:
    entries = []
    for segment in group:
        entries.append(
            TimelineEntry(
                segment.contender_index, segment.di_index, 0, segment.num_frames, position
            )
        )
        position += segment.num_frames
    return entries


def _alternate(
    group: Sequence[TimelineSegment], starts: Sequence[int], position: int
) -> list[TimelineEntry]:
    """Every slice round all contenders. A slice that is not the last of its segment sounds on for
    the length of a join under its successor, so the beat stays even; the last one has nothing
    more to give and is overlapped instead.
    """
    join = round(JOIN_S * OUTPUT_SAMPLE_RATE_HZ)
    entries: list[TimelineEntry] = []
    for index, source_start in enumerate(starts):
        for segment in group:
            is_last = index + 1 == len(starts)
            source_end = segment.num_frames if is_last else starts[index + 1] + join
            entry = TimelineEntry(
                segment.contender_index,
                segment.di_index,
                source_start,
                min(source_end, segment.num_frames) - source_start,
                position,
            )
            if entries:
                overlap = min(join, entries[-1].num_frames // 2, entry.num_frames // 2)
                entries[-1] = replace(entries[-1], fade_out_frames=overlap)
                entry = replace(
                    entry,
                    start_frame=entries[-1].end_frame - overlap,
                    fade_in_frames=overlap,
                )
            entries.append(entry)
            position = entry.end_frame
    return entries
