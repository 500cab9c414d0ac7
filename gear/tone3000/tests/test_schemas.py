"""Whatever Tone 3000 answers: parsed, or one typed error. Never anything else."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gear.tone3000.access import UnreadableAnswerError
from gear.tone3000.schemas import (
    Model,
    Page,
    Tone,
    ToneUser,
    parse_feed,
    parse_model,
    parse_page,
    parse_tone,
)
from gear.tone3000.tests.samples import Sample, other_answers, own_samples, shared_samples

SAMPLES = [*own_samples(), *shared_samples()]

# What a field may turn into one day.
OTHERS: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    7,
    10**400,
    1.5,
    float("inf"),
    float("nan"),
    "",
    "future-value",
    "\x00\ud800\u202e",
    "../../etc/passwd",
    "https://user:secret@evil.example//x",
    "http://[",
    "javascript:alert(1)",
    "x" * 100_000,
    "9" * 5_000,
    [],
    [None, 1, "x", {}, []],
    {},
    {"id": None},
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every field, at every depth."""
    items: Any = ()
    if isinstance(document, dict):
        items = document.items()
    elif isinstance(document, list):
        items = enumerate(document)
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    copied = copy.deepcopy(document)
    inner = copied
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return copied


def without(document: Any, path: tuple[Any, ...]) -> Any:
    copied = copy.deepcopy(document)
    inner = copied
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return copied


def check(sample: Sample, document: Any) -> None:
    """Parsed or refused; what is parsed can be stored and shown."""
    try:
        parsed = sample.parse(document)
    except UnreadableAnswerError:
        return
    for text in texts(parsed):
        text.encode()  # no half characters
        assert "\x00" not in text
        assert len(text) <= 4000


def texts(parsed: Any) -> Iterator[str]:
    if isinstance(parsed, str):
        yield parsed
    elif dataclasses.is_dataclass(parsed):
        for field in dataclasses.fields(parsed):
            yield from texts(getattr(parsed, field.name))
    elif isinstance(parsed, tuple):
        for item in parsed:
            yield from texts(item)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_every_sample_parses(sample: Sample) -> None:
    parsed = sample.parse(sample.document)
    assert isinstance(parsed, Tone | Model | Page | tuple)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_every_field_may_be_missing_null_or_of_another_type(sample: Sample) -> None:
    for path in places(sample.document):
        check(sample, without(sample.document, path))
        for value in OTHERS:
            check(sample, changed(sample.document, path, value))


@settings(deadline=None)
@given(st.data())
def test_any_field_may_be_anything(data: st.DataObject) -> None:
    sample = data.draw(st.sampled_from(SAMPLES))
    found = list(places(sample.document))
    document = sample.document
    if found:
        document = changed(document, data.draw(st.sampled_from(found)), data.draw(json_values))
    check(sample, document)


@settings(deadline=None)
@given(json_values, st.sampled_from(SAMPLES))
def test_any_answer_at_all(document: Any, sample: Sample) -> None:
    check(sample, document)


def test_answers_that_are_something_else_are_refused_or_read_but_never_crash() -> None:
    for document in other_answers():
        for sample in SAMPLES[:20]:
            check(sample, document)


@pytest.mark.parametrize("sample", [one for one in SAMPLES if "empty" in one.name])
def test_an_empty_page_is_a_page_without_rows(sample: Sample) -> None:
    page = parse_page(sample.document, parse_tone, page=1, page_size=2)
    assert (page.rows, page.total, page.total_pages, page.has_next) == ((), 0, 0, False)


def own(name: str) -> Any:
    return next(sample.document for sample in own_samples() if sample.name == name)


def test_a_tone_in_full() -> None:
    tone = parse_tone(own("2026-10 tone 9001"))
    assert (tone.id, tone.title, tone.gear, tone.format) == ("9001", "Crunch Head", "amp", "nam")
    assert tone.creator is not None
    assert tone.creator.name == "Bob’s Amp Repair"
    assert tone.creator.url == "http://localhost:9300/bob"
    assert (tone.licence, tone.is_public, tone.is_favorite) == ("t3k", True, True)
    assert (tone.makes, tone.tags) == (("Acme JX-1",), ("crunch", "rock"))
    assert tone.architectures == ("1", "2", "custom")
    assert tone.created_at is not None


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"format": "nam", "a1_models_count": 1, "a2_models_count": 0}, ("1", "custom")),
        (
            {"format": "nam", "a1_models_count": 0, "a2_models_count": 2, "custom_models_count": 0},
            ("2",),
        ),
        ({"format": "nam"}, ("1", "2", "custom")),
        (
            {"format": "nam", "a1_models_count": 0, "a2_models_count": 0, "custom_models_count": 0},
            ("1", "2", "custom"),
        ),
        ({"a2_models_count": 3}, ("1", "2", "custom")),
        ({"format": "ir", "irs_count": 4}, (None,)),
        ({"format": "aida-x", "a1_models_count": 0}, (None,)),
        ({}, (None,)),
    ],
)
def test_which_architectures_to_ask_for(
    document: dict[str, Any], expected: tuple[str | None, ...]
) -> None:
    assert parse_tone({"id": 1, **document}).architectures == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (9001, "9001"),
        (9001.0, "9001"),
        ("9001", "9001"),
        ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000001"),
        (True, None),
        (-1, None),
        (1.5, None),
        ("", None),
        ("..", None),
        ("../models", None),
        ("1/2", None),
        ("1?x=1", None),
        ("é", None),
        ("x" * 65, None),
        (None, None),
    ],
)
def test_ids_are_opaque_but_safe_in_an_address(value: Any, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(UnreadableAnswerError):
            parse_model({"id": value})
    else:
        assert parse_model({"id": value}).id == expected


def test_architectures_come_as_text_or_numbers() -> None:
    given_values: list[Any] = ["1", 2, "custom", None, "future", True, []]
    read = [
        parse_model({"id": 1, "architecture_version": value}).architecture for value in given_values
    ]
    assert read == ["1", "2", "custom", None, "future", None, None]


def test_a_model_without_an_address_has_no_file() -> None:
    for value in (None, "", 7, "not an address", "ftp://x/y", "//x/y", "javascript:1"):
        assert parse_model({"id": 1, "model_url": value}).url is None


def test_rows_without_an_id_are_left_out() -> None:
    page = parse_page({"data": [{"id": 1}, {}, None, 3]}, parse_tone, page=2, page_size=4)
    assert [tone.id for tone in page.rows] == ["1"]
    assert (page.page, page.page_size, page.total, page.total_pages) == (2, 4, None, None)
    assert parse_feed({"data": None}, parse_tone) == ()
    unreadable: list[Any] = [{}, {"data": "x"}, {"data": {}}, {"error": "x"}, [], None, "x"]
    for document in unreadable:
        with pytest.raises(UnreadableAnswerError):
            parse_feed(document, parse_tone)


@pytest.mark.parametrize(
    ("document", "has_next"),
    [
        ({"total_pages": 3}, True),
        ({"total_pages": 2}, False),
        ({"total": 7, "page_size": 3}, True),
        ({"total": 6, "page_size": 3}, False),
        ({"page_size": 1}, True),
        ({"page_size": 3}, False),
        ({"page_size": 0, "total": 4}, False),
    ],
)
def test_whether_there_is_more(document: dict[str, Any], has_next: bool) -> None:
    rows = [{"id": 1}]
    page = parse_page({"data": rows, "page": 2, **document}, parse_tone, page=2, page_size=2)
    assert page.has_next is has_next


def test_the_creator_is_kept_whatever_lacks() -> None:
    tone = parse_tone({"id": 1, "user": {"id": [], "username": "bob"}})
    assert tone.creator == ToneUser(id="", username="bob")
    assert parse_tone({"id": 1, "user_id": 5}).creator == ToneUser(id="5")
    assert parse_tone({"id": 1, "user_id": 5, "user": {"username": "b"}}).creator == ToneUser(
        "5", "b"
    )
    assert parse_tone({"id": 1}).creator is None
