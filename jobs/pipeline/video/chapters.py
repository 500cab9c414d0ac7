"""Who plays, and when, as text: chapters inside the MP4, chapters for YouTube, and subtitles.

The MP4 has every change. YouTube takes a list only when the first chapter starts at 0:00, there are
at least three, their starts ascend, and each lasts at least 10 s. The whole description has at most
5,000 bytes (the Data API counts bytes; the page, characters) and neither < nor >. One list that
breaks a rule is no list, so there are as many details as fit by these rules, or no chapters and a
note why.

Subtitles are the contender's name while it plays, as WebVTT and SubRip.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TypeAlias

from jobs.pipeline.formats.timeline import Timeline, TimelineCard, TimelineEntry
from jobs.pipeline.video.canvas import ELLIPSIS, clean_text, without_brackets
from jobs.pipeline.video.scene import VideoScene

MIN_CHAPTER_S = 10
MIN_CHAPTERS = 3
MAX_DESCRIPTION_BYTES = 5000

# A title that would be longer says numbers instead of names, as the badges of the video do.
_MAX_TITLE = 100
_MAX_NAME = 80
_WHOLE_DI_S = 1 << 30


@dataclass(frozen=True, slots=True)
class Chapter:
    """A stretch of the video, in frames at 48 kHz, and what it is called."""

    start_frame: int
    end_frame: int
    title: str


def chapters(timeline: Timeline, scene: VideoScene) -> tuple[Chapter, ...]:
    """One chapter per span, covering the whole video; neighbors of one segment are one."""
    found: list[Chapter] = []
    last: tuple[int, int] | TimelineCard | None = None
    for span in timeline.spans():
        shown = span.what
        if isinstance(shown, TimelineEntry):
            key: tuple[int, int] | TimelineCard = (shown.contender_index, shown.di_index)
        else:
            key = shown
        if key == last:
            found[-1] = Chapter(found[-1].start_frame, span.end_frame, found[-1].title)
        else:
            found.append(Chapter(span.start_frame, span.end_frame, span_title(shown, scene)))
        last = key
    return tuple(found)


def span_title(shown: TimelineEntry | TimelineCard, scene: VideoScene) -> str:
    """What a chapter or a subtitle calls a span: of several DIs also which one."""
    if isinstance(shown, TimelineEntry):
        label = clean_text(scene.contenders[shown.contender_index].label)
        if len(scene.dis) > 1:
            return f"{label} · {clean_text(scene.dis[shown.di_index].name)}"
        return label
    if shown.kind == "opening":
        return clean_text(scene.title)
    if shown.kind == "di":
        return clean_text(scene.dis[shown.di_index or 0].name)
    return "Summary"


@dataclass(frozen=True, slots=True)
class YouTubeChapters:
    """``chapters``: start in whole seconds, and title; empty when there cannot be any. ``note``:
    for people, why there are none or what was left out; empty when nothing was."""

    chapters: tuple[tuple[int, str], ...]
    note: str = ""

    def text(self) -> str:
        """One line per chapter, with hours where there are any."""
        has_hours = bool(self.chapters) and self.chapters[-1][0] >= 3600
        return "".join(
            f"{_clock(start_s, has_hours=has_hours)} {title}\n" for start_s, title in self.chapters
        )


@dataclass(frozen=True, slots=True)
class _Step:
    """The shortest stretch that may be a chapter: one segment, or in alternating order a round, in
    which one slice goes round all contenders. ``number``: of the contender or round, from 1."""

    start_s: int
    di_index: int
    number: int


# Neighboring steps that share a chapter. Of more than one DI only where a whole DI is too short.
_Group: TypeAlias = list[_Step]


@dataclass(frozen=True, slots=True)
class _Detail:
    """One way to write the list. ``min_s``: for how long steps of a DI are put together.
    ``title``: of the steps of one DI. ``note``: what this way leaves out."""

    min_s: int
    title: Callable[[Sequence[_Step]], str]
    note: str = ""


def youtube_chapters(timeline: Timeline, scene: VideoScene) -> YouTubeChapters:
    """The most detailed list that YouTube takes beside the shootout's own description.

    Times are whole seconds, rounded so that a chapter never begins before what it names; a card
    belongs to the DI that it announces, the closing card to the last chapter.
    """
    steps = _steps(timeline)
    description_bytes = _num_bytes(without_brackets(scene.description))
    room_bytes = MAX_DESCRIPTION_BYTES - (description_bytes + 2 if description_bytes else 0)
    most = 0
    for detail in _details(timeline, steps, scene):
        groups = _grouped(steps, detail.min_s, timeline.duration_s)
        most = max(most, len(groups))
        found = YouTubeChapters(
            tuple((group[0].start_s, _title(group, detail)) for group in groups), detail.note
        )
        if len(groups) >= MIN_CHAPTERS and _num_bytes(found.text()) <= room_bytes:
            return found
    if most < MIN_CHAPTERS:
        return YouTubeChapters(
            (),
            f"No chapters for YouTube: it wants at least {MIN_CHAPTERS} that last "
            f"{MIN_CHAPTER_S} s or more, and this video has {most} at most.",
        )
    return YouTubeChapters(
        (),
        "No chapters for YouTube: the description of the shootout takes "
        f"{description_bytes:,} of the {MAX_DESCRIPTION_BYTES:,} bytes that a video's may have. "
        "Shorten it, and render again.",
    )


def chapters_text(timeline: Timeline, scene: VideoScene) -> str:
    """Lines "m:ss title" for a YouTube description; empty when there cannot be any."""
    return youtube_chapters(timeline, scene).text()


def _details(timeline: Timeline, steps: Sequence[_Step], scene: VideoScene) -> Iterator[_Detail]:
    """From the most detailed way to the least."""
    names = _Names(scene, steps)
    by_di = "One chapter per DI, to stay within what YouTube takes."
    if timeline.order == "alternating":
        yield _Detail(_WHOLE_DI_S, names.di_only)
        note = "A round plays one slice of the DI through every contender."
        for min_s in _doubled(MIN_CHAPTER_S, timeline.duration_s):
            yield _Detail(min_s, names.rounds, note)
        return
    yield _Detail(MIN_CHAPTER_S, names.full)
    yield _Detail(MIN_CHAPTER_S, names.with_di_number, "DIs go by their numbers, for brevity.")
    for limit in (40, 28, 20):
        yield _Detail(
            MIN_CHAPTER_S,
            lambda group, limit=limit: names.shortened(group, limit),  # type: ignore[misc]
            "Names are shortened, to stay within what YouTube takes.",
        )
    yield _Detail(_WHOLE_DI_S, names.di_only, by_di)
    for min_s in _doubled(MIN_CHAPTER_S, timeline.duration_s):
        note = "Contenders go by their numbers, to stay within what YouTube takes."
        yield _Detail(min_s, names.numbers, note)


def _doubled(start_s: int, end_s: float) -> Iterator[int]:
    while start_s < end_s:
        yield start_s
        start_s *= 2


class _Names:
    """What steps of one DI are called, in more and in fewer words."""

    def __init__(self, scene: VideoScene, steps: Sequence[_Step]) -> None:
        self._labels = [
            _plain(contender.label) or f"Contender {number}"
            for number, contender in enumerate(scene.contenders, start=1)
        ]
        names = [_plain(di.name) for di in scene.dis]
        self._dis = [
            name if name and names.count(name) == 1 else f"{name} (DI {number})".strip()
            for number, name in enumerate(names, start=1)
        ]
        by_di = [list(group) for _, group in groupby(steps, key=lambda step: step.di_index)]
        self._firsts = {group[0] for group in by_di}
        self._num_steps = {group[0].di_index: len(group) for group in by_di}

    def full(self, steps: Sequence[_Step]) -> str:
        """Names of contenders and DI; of the DI alone where it is all of it."""
        if len(self._dis) > 1 and self._is_whole(steps):
            return self.di_only(steps)
        return self._of_di(steps, self._labels, self._dis[steps[0].di_index])

    def with_di_number(self, steps: Sequence[_Step]) -> str:
        """As ``full``, but only the first of a DI has its name."""
        if steps[0] in self._firsts or self._is_whole(steps):
            return self.full(steps)
        return self._of_di(steps, self._labels, self._di_number(steps))

    def shortened(self, steps: Sequence[_Step], limit: int) -> str:
        """Short names behind their numbers, which keep them apart."""
        labels = [
            f"{number} {_short(label, limit)}" for number, label in enumerate(self._labels, start=1)
        ]
        if len(self._dis) > 1 and self._is_whole(steps):
            return self.di_only(steps)
        return self._of_di(steps, labels, self._di_number(steps))

    def numbers(self, steps: Sequence[_Step]) -> str:
        return self._with_di(_numbered("Contender", steps), self._di_number(steps))

    def rounds(self, steps: Sequence[_Step]) -> str:
        return self._with_di(_numbered("Round", steps), self._dis[steps[0].di_index])

    def di_only(self, steps: Sequence[_Step]) -> str:
        return _short(self._dis[steps[0].di_index], _MAX_NAME)

    def _is_whole(self, steps: Sequence[_Step]) -> bool:
        return len(steps) > 1 and len(steps) == self._num_steps[steps[0].di_index]

    def _of_di(self, steps: Sequence[_Step], labels: Sequence[str], di: str) -> str:
        contenders = " / ".join(_short(labels[step.number - 1], _MAX_NAME) for step in steps)
        if len(steps) > 1 and len(contenders) > _MAX_TITLE:
            contenders = _numbered("Contender", steps)
        return self._with_di(contenders, di)

    def _with_di(self, contenders: str, di: str) -> str:
        return f"{contenders} · {_short(di, _MAX_NAME)}" if len(self._dis) > 1 else contenders

    def _di_number(self, steps: Sequence[_Step]) -> str:
        return f"DI {steps[0].di_index + 1}"


def _steps(timeline: Timeline) -> list[_Step]:
    steps: list[_Step] = []
    card: TimelineCard | None = None
    slice_start = -1
    for span in timeline.spans():
        if isinstance(span.what, TimelineCard):
            card = span.what
            continue
        entry = span.what
        is_new_di = not steps or steps[-1].di_index != entry.di_index
        if timeline.order == "alternating":
            is_same_round = not is_new_di and entry.source_start_frame == slice_start
            slice_start = entry.source_start_frame
            if is_same_round:
                continue
            number = 1 if is_new_di else steps[-1].number + 1
        else:
            number = entry.contender_index + 1
        frame = card.start_frame if is_new_di and card else span.start_frame
        start_s = -(-frame // timeline.sample_rate_hz) if steps else 0
        steps.append(_Step(start_s, entry.di_index, number))
        card = None
    return steps


def _grouped(steps: Sequence[_Step], min_s: int, end_s: float) -> list[_Group]:
    """Neighbors put together until each group lasts: first within a DI, ``min_s``; then, where a
    whole DI is shorter than YouTube takes, with what follows (or goes before, at the end)."""
    by_di = [list(of_di) for _, of_di in groupby(steps, key=lambda step: step.di_index)]
    ends_s = [of_di[0].start_s for of_di in by_di[1:]] + [end_s]
    groups: list[_Group] = []
    for of_di, di_end_s in zip(by_di, ends_s, strict=True):
        groups += _lasting([[step] for step in of_di], min_s, di_end_s)
    return _lasting(groups, MIN_CHAPTER_S, end_s)


def _lasting(groups: Sequence[_Group], min_s: int, end_s: float) -> list[_Group]:
    lasting: list[_Group] = [list(groups[0])]
    for group in groups[1:]:
        if group[0].start_s - lasting[-1][0].start_s < min_s:
            lasting[-1] += group
        else:
            lasting.append(list(group))
    if len(lasting) > 1 and end_s - lasting[-1][0].start_s < min_s:
        rest = lasting.pop()
        lasting[-1] += rest
    return lasting


def _title(group: _Group, detail: _Detail) -> str:
    parts = groupby(group, key=lambda step: step.di_index)
    return " / ".join(detail.title(list(part)) for _, part in parts)


def _numbered(word: str, steps: Sequence[_Step]) -> str:
    """Like "Contenders 1–3, 5", as on the badges of the video."""
    numbers = [step.number for step in steps]
    breaks = [0, *(n for n, (a, b) in enumerate(pairwise(numbers), 1) if b != a + 1), len(numbers)]
    runs = [numbers[start:end] for start, end in pairwise(breaks)]
    told = ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
    return f"{word}{'s' if len(numbers) > 1 else ''} {told}"


def _plain(text: str) -> str:
    """One line that YouTube takes; "gain at 3:00" must not be read as a time."""
    return re.sub(r"(?<=\d):(?=\d\d)", "∶", without_brackets(clean_text(text)))


def _short(text: str, limit: int) -> str:
    """At most ``limit`` characters; cut after a word where one ends in the second half."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    if " " in kept[limit // 2 :]:
        kept = kept[: kept.rindex(" ")]
    return kept.rstrip(" +·-/,") + ELLIPSIS


def _num_bytes(text: str) -> int:
    return len(text.encode())


def _clock(seconds: int, *, has_hours: bool) -> str:
    minutes, second = divmod(seconds, 60)
    if has_hours:
        return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}"
    return f"{minutes}:{second:02d}"


def web_vtt(timeline: Timeline, scene: VideoScene) -> str:
    """WebVTT."""
    cues = (
        f"\n{_timestamp(cue.start_frame, timeline, '.')} --> "
        f"{_timestamp(cue.end_frame, timeline, '.')}\n{_escaped(cue.title)}\n"
        for cue in _cues(timeline, scene)
    )
    return "WEBVTT\n" + "".join(cues)


def srt(timeline: Timeline, scene: VideoScene) -> str:
    """The same as SubRip, where players take angle brackets for tags and leave out what is in them
    and nothing can be escaped."""
    cues = (
        f"{number}\n{_timestamp(cue.start_frame, timeline, ',')} --> "
        f"{_timestamp(cue.end_frame, timeline, ',')}\n{without_brackets(cue.title)}\n"
        for number, cue in enumerate(_cues(timeline, scene), start=1)
    )
    return "\n".join(cues)


def _cues(timeline: Timeline, scene: VideoScene) -> list[Chapter]:
    return [
        Chapter(span.start_frame, span.end_frame, span_title(span.what, scene))
        for span in timeline.spans()
        if isinstance(span.what, TimelineEntry)
    ]


def _timestamp(frame: int, timeline: Timeline, point: str) -> str:
    milliseconds = round(1000 * frame / timeline.sample_rate_hz)
    seconds, millisecond = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}{point}{millisecond:03d}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
