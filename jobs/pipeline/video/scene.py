"""What a video shows, as data. How it looks is in ``layout.py`` and ``templates/video/*.svg``.

The pipeline is free of Django: anyone who calls hands in an ``SvgRenderer``, for example
``django.template.loader.render_to_string``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from jobs.pipeline.video.waveform import SegmentKey
from jobs.pipeline.vocabulary.video import ThemeName

# Takes the name of a template ("video/contender.svg") and its values; gives SVG text in which
# every value is escaped.
SvgRenderer: TypeAlias = Callable[[str, Mapping[str, object]], str]


@dataclass(frozen=True, slots=True)
class SceneGear:
    """One block of a chain.

    ``kind``: a ``GearKind``, or any other word for a built-in processor. ``settings``: short texts
    ("gain 6", "+3.0 dB"). ``creator`` and ``licence``: of the capture, empty for a built-in
    processor.
    """

    kind: str
    name: str
    make: str = ""
    settings: tuple[str, ...] = ()
    creator: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True)
class SceneDI:
    """A DI track. ``details``: guitar, pickup, tuning, tempo… as short texts, in that order."""

    name: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SceneContender:
    """One chain. ``note``: how the input was staged, in a few words, where that is the same with
    every DI; what differs is in the segments."""

    label: str
    gear: tuple[SceneGear, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class SceneSegment:
    """What is true of one contender over one DI and no other. ``note``: how the input was staged;
    ``loudness_lufs``: as published, ``None`` where it is not known."""

    note: str
    loudness_lufs: float | None


@dataclass(frozen=True, slots=True)
class VideoScene:
    """Everything a video tells. ``contenders`` and ``dis`` are indexed as in the timeline,
    ``segments`` by both.

    The waveforms are not here: they are read from the montage, so they show what sounds.
    """

    title: str
    contenders: tuple[SceneContender, ...]
    dis: tuple[SceneDI, ...]
    description: str = ""
    target_lufs: float | None = None
    theme: ThemeName = "dark"
    segments: Mapping[SegmentKey, SceneSegment] = field(default_factory=dict)

    def segment(self, contender_index: int, di_index: int) -> SceneSegment:
        """What a frame says while this contender plays this DI."""
        known = self.segments.get((contender_index, di_index))
        return known or SceneSegment(self.contenders[contender_index].note, self.target_lufs)

    def texts(self) -> str:
        """All that will be written, for choosing fonts."""
        parts = [self.title, self.description]
        for di in self.dis:
            parts += [di.name, *di.details]
        for contender in self.contenders:
            parts += [contender.label, contender.note]
            for gear in contender.gear:
                parts += [gear.name, gear.make, gear.creator, gear.licence, *gear.settings]
        parts += [segment.note for segment in self.segments.values()]
        return " ".join(parts)
