"""Answers to parse: the shared samples if they are there, and always those of the stand-in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gear.tone3000.schemas import parse_feed, parse_model, parse_page, parse_tone
from gear.tone3000.standin.options import Options
from gear.tone3000.standin.seed import AIDA_X, CABINET, CRUNCH, NO_FILE, PRIVATE_OF_ALICE
from gear.tone3000.standin.shapes import model_json, page_json, tone_json
from gear.tone3000.standin.world import World
from jobs.tests.pipeline.shared_data import TONE3000_SAMPLES


def tone_page(data: object) -> object:
    return parse_page(data, parse_tone, page=1, page_size=10)


def model_page(data: object) -> object:
    return parse_page(data, parse_model, page=1, page_size=10)


def tone_feed(data: object) -> object:
    return parse_feed(data, parse_tone)


@dataclass(frozen=True)
class Sample:
    name: str
    document: Any
    parse: Callable[[object], object]


def own_samples() -> list[Sample]:
    samples = []
    for shape, id_style in (("2026-10", "uuid"), ("2026-06", "int")):
        world = World(Options(shape=shape, id_style=id_style))
        tones = world.catalogue.tones
        rows = [tone_json(world, tones[CRUNCH], "alice"), tone_json(world, tones[CABINET], "bob")]
        for tone_id in (CRUNCH, CABINET, PRIVATE_OF_ALICE, AIDA_X):
            detail = tone_json(world, tones[tone_id], "alice")
            samples.append(Sample(f"{shape} tone {tone_id}", detail, parse_tone))
        short = tone_json(world, tones[CRUNCH], "alice", is_search=True)
        samples.append(Sample(f"{shape} searched", short, parse_tone))
        samples.append(Sample(f"{shape} page", page_json(rows, page=1, page_size=10), tone_page))
        samples.append(Sample(f"{shape} empty", page_json([], page=1, page_size=10), tone_page))
        samples.append(Sample(f"{shape} feed", {"data": rows}, tone_feed))
        for tone_id in (CRUNCH, CABINET, NO_FILE):
            tone = tones[tone_id]
            models = [model_json(world, tone, model) for model in tone.models]
            page = page_json(models, page=1, page_size=10)
            samples.append(Sample(f"{shape} models {tone_id}", page, model_page))
            samples.append(Sample(f"{shape} model {tone_id}", models[-1], parse_model))
    return samples


# What the shared samples are; those of users, tokens and devices are for the login to read.
_PARSERS: dict[str, Callable[[object], object]] = {
    "captured_created_empty.json": tone_page,
    "favorited_page.json": tone_page,
    "feed_trending.json": tone_feed,
    "models_ir.json": model_page,
    "models_nam_a2.json": model_page,
    "models_nam_default.json": model_page,
    "page_empty.json": tone_page,
    "tone_ir.json": parse_tone,
    "tone_nam.json": parse_tone,
    "tone_private.json": parse_tone,
}


def shared_samples() -> list[Sample]:
    return [
        Sample(name, json.loads((TONE3000_SAMPLES / name).read_text()), parse)
        for name, parse in _PARSERS.items()
        if (TONE3000_SAMPLES / name).is_file()
    ]
