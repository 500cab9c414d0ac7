"""Tones as the pages show them: creator, gear, format, licence, picture and the way back there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlsplit

from django.conf import settings

from gear.models import Capture
from gear.models.item import GearKind
from gear.tone3000.kinds import (
    architecture_label,
    format_label,
    gear_label,
    kind_of,
    kinds_for,
    licence_label,
    unsupported_reason,
)
from gear.tone3000.library import ToneDetail
from gear.tone3000.schemas import Model, Tone
from jobs.models import Job


@dataclass(frozen=True, slots=True)
class ToneCard:
    tone: Tone
    gear: str
    format: str
    licence: str
    counts: list[tuple[str, int]]
    image_url: str | None
    avatar_url: str | None


@dataclass(frozen=True, slots=True)
class ModelRow:
    """``capture``: it is here already. ``job``: it is on its way."""

    model: Model
    architecture: str
    capture: Capture | None
    job: Job | None


@dataclass(frozen=True, slots=True)
class TonePage:
    card: ToneCard
    groups: list[tuple[str, list[ModelRow]]]
    unsupported_reason: str
    kind: GearKind | None
    kinds: list[tuple[str, str]]


def tone_card(tone: Tone) -> ToneCard:
    counts = [
        (architecture_label("1"), tone.a1_models_count),
        (architecture_label("2"), tone.a2_models_count),
        (architecture_label("custom"), tone.custom_models_count),
        ("IRs", tone.irs_count),
    ]
    return ToneCard(
        tone=tone,
        gear=gear_label(tone.gear),
        format=format_label(tone.format),
        licence=licence_label(tone.licence),
        counts=[(label, count) for label, count in counts if count],
        image_url=next(filter(may_show, tone.images), None),
        avatar_url=_avatar(tone),
    )


def tone_cards(tones: Iterable[Tone]) -> list[ToneCard]:
    return [tone_card(tone) for tone in tones]


def tone_page(detail: ToneDetail, jobs: Mapping[str, Job]) -> TonePage:
    """Models in groups of one architecture; ``jobs``: those under way, by the model's id."""
    rows = [
        ModelRow(
            model=model,
            architecture=architecture_label(model.architecture),
            capture=detail.captures.get(model.id),
            job=jobs.get(model.id),
        )
        for model in detail.models
    ]
    groups = [
        (label, list(group)) for label, group in groupby(rows, key=lambda row: row.architecture)
    ]
    kinds = kinds_for(detail.tone)
    return TonePage(
        card=tone_card(detail.tone),
        groups=groups,
        unsupported_reason=unsupported_reason(detail.tone),
        kind=kind_of(detail.tone),
        kinds=[(kind.value, kind.label) for kind in kinds],
    )


def may_show(url: str) -> bool:
    """Whether the content security policy lets a picture of this address through."""
    theirs = urlsplit(settings.GTS_TONE3000_AUTHORIZE_URL)
    parts = urlsplit(url)
    if theirs.scheme != "https":  # a fake server on this machine
        return (parts.scheme, parts.netloc) == (theirs.scheme, theirs.netloc)
    site = theirs.netloc.removeprefix("www.")
    is_theirs = parts.netloc == site or parts.netloc.endswith(f".{site}")
    return parts.scheme == "https" and is_theirs


def _avatar(tone: Tone) -> str | None:
    url = tone.creator.avatar_url if tone.creator else None
    return url if url and may_show(url) else None
