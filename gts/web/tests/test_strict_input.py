"""What the API takes as input: what is declared, in its own JSON type."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from rest_framework import serializers

from gts.web.api.serializers import StrictSerializer


class _Song(StrictSerializer):
    title = serializers.CharField(max_length=20)
    bpm = serializers.FloatField(required=False, allow_null=True)
    num_bars = serializers.IntegerField(required=False)
    is_loud = serializers.BooleanField(required=False)
    tuning = serializers.ChoiceField(choices=["E", "drop D"], required=False)
    tags = serializers.ListField(child=serializers.CharField(max_length=20), required=False)
    key = serializers.CharField(read_only=True)


def findings(**data: Any) -> dict[str, Any]:
    song = _Song(data=data)
    song.is_valid()
    return dict(song.errors)


def test_values_of_their_types_are_taken() -> None:
    values = {"title": "Slow", "bpm": 61, "num_bars": 12, "is_loud": False, "tuning": "E"}
    assert findings(**values, tags=["blues"]) == {}
    assert findings(title="Slow", bpm=None) == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", 5),
        ("title", True),
        ("bpm", "61"),
        ("bpm", True),
        ("num_bars", "12"),
        ("is_loud", "false"),
        ("is_loud", 0),
        ("tuning", 0),
    ],
)
def test_another_json_type_is_an_error(field: str, value: Any) -> None:
    assert list(findings(**{"title": "Slow", field: value})) == [field]


@pytest.mark.parametrize("title", ["x" * 21, "x" * 20 + " ", "\v\x85" + "x" * 19])
def test_a_text_is_as_long_as_it_was_sent(title: str) -> None:
    assert findings(title=title) == {"title": ["Ensure this field has no more than 20 characters."]}
    assert set(findings(title="Slow", tags=["blues", title])["tags"]) == {1}
    form = _Song(data=QueryDict(urlencode({"title": title})))
    assert not form.is_valid()
    assert set(form.errors) == {"title"}


def test_white_space_around_a_text_that_fits_is_not_kept() -> None:
    song = _Song(data={"title": "  Slow\n"})
    assert song.is_valid()
    assert song.validated_data["title"] == "Slow"


def test_each_wrong_item_of_a_list_is_named() -> None:
    assert set(findings(title="Slow", tags=["blues", 3, "fast", None])["tags"]) == {1, 3}


def test_strangers_and_what_cannot_be_set_are_found_together_with_all_else() -> None:
    assert set(findings(bpm="fast", key="E", color="red")) == {"title", "bpm", "key", "color"}


def test_a_form_is_all_text() -> None:
    form = QueryDict("title=5&bpm=61.5&num_bars=12&is_loud=true")
    song = _Song(data=form)
    assert song.is_valid(), song.errors
    assert song.validated_data == {"title": "5", "bpm": 61.5, "num_bars": 12, "is_loud": True}
