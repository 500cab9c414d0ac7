"""Answers to parse: those of the fake server, and the shared samples where they are there."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gear.tone3000.schemas import parse_feed, parse_model, parse_page, parse_tone
from jobs.pipeline.tests.shared_data import TONE3000_SAMPLES
from tools.tone3000_server.lists import model_json, page_json, tone_json, user_json
from tools.tone3000_server.seed import AIDA_X, CABINET, CRUNCH, NO_FILE, PRIVATE_OF_ALICE
from tools.tone3000_server.state import FakeState, Options


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
        state = FakeState(Options(shape=shape, id_style=id_style))
        tones = state.catalog.tones
        rows = [tone_json(state, tones[CRUNCH], "alice"), tone_json(state, tones[CABINET], "bob")]
        for tone_id in (CRUNCH, CABINET, PRIVATE_OF_ALICE, AIDA_X):
            detail = tone_json(state, tones[tone_id], "alice")
            samples.append(Sample(f"{shape} tone {tone_id}", detail, parse_tone))
        short = tone_json(state, tones[CRUNCH], "alice", is_search=True)
        samples.append(Sample(f"{shape} searched", short, parse_tone))
        samples.append(Sample(f"{shape} page", page_json(rows, page=1, page_size=10), tone_page))
        samples.append(Sample(f"{shape} empty", page_json([], page=1, page_size=10), tone_page))
        samples.append(Sample(f"{shape} feed", {"data": rows}, tone_feed))
        for tone_id in (CRUNCH, CABINET, NO_FILE):
            tone = tones[tone_id]
            models = [model_json(state, tone, model) for model in tone.models]
            page = page_json(models, page=1, page_size=10)
            samples.append(Sample(f"{shape} models {tone_id}", page, model_page))
            samples.append(Sample(f"{shape} model {tone_id}", models[-1], parse_model))
    return samples


def other_answers() -> list[Any]:
    """What Tone 3000 also answers, but not where a tone, a model or a list of them is asked for."""
    state = FakeState(Options())
    alice = user_json(state, state.catalog.users["alice"])
    return [
        alice,
        {"error": "invalid_grant", "error_description": "This code has been used."},
        {"code": 400, "error_code": "refresh_token_not_found", "msg": "Invalid Refresh Token"},
        {"access_token": "a.b.c", "refresh_token": "r", "token_type": "bearer", "expires_in": 3600},
        {"device_code": "d", "user_code": "BCDF-GHJK", "expires_in": 600, "interval": 5},
        {"id": 1, "tone_id": CRUNCH, "user_id": alice["id"], "created_at": "2026-10-05T10:00:00Z"},
        {"url": "https://storage.invalid/a.zip", "filename": "a.zip", "expires_at": "2026-10-05"},
        *(_shared(name) for name in _shared_names() if name in _OTHER_SAMPLES),
    ]


# What each shared sample is.
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
_OTHER_SAMPLES = {
    "authorize_error.json",
    "captured_user.json",
    "device_authorization.json",
    "favorite_put.json",
    "token_error_gotrue.json",
    "token_error_invalid_client.json",
    "token_error_invalid_grant.json",
    "token_ok.json",
    "tone_download_partner.json",
    "user.json",
    "user_numeric_id.json",
}


def shared_samples() -> list[Sample]:
    """Raises ``KeyError`` for one that no one has said what it is."""
    return [
        Sample(name, _shared(name), _PARSERS[name])
        for name in _shared_names()
        if name not in _OTHER_SAMPLES
    ]


def _shared_names() -> list[str]:
    return sorted(path.name for path in TONE3000_SAMPLES.glob("*.json"))


def _shared(name: str) -> Any:
    return json.loads((TONE3000_SAMPLES / name).read_text())
