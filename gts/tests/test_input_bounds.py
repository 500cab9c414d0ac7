"""However much is sent, little of it is looked at, and the answer is short."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator
from rest_framework import serializers

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from gear.api.serializers import MAX_BLOCKS_READ, ChainBlockInput, ChainInput
from gear.models import GearItem
from gear.tests.factories import make_capture
from gts import urls
from gts.web.api.parsers import MAX_DEPTH, MAX_VALUES
from gts.web.api.queries import QuerySerializer
from gts.web.api.serializers import (
    BoundedDictField,
    BoundedList,
    BoundedListField,
    StrictSerializer,
)
from gts.web.error_answers import MAX_DETAILS, error_body
from gts.web.errors import ErrorDetail

CHAINS = "/api/v1/chains/"
_MANY = (
    serializers.ListField,
    serializers.DictField,
    serializers.ListSerializer,
    serializers.ManyRelatedField,
)


def inputs(kind: type[Any] | None = None) -> Iterator[type[serializers.Serializer[Any]]]:
    assert urls.urlpatterns  # with them all are imported
    for root in (StrictSerializer, QuerySerializer) if kind is None else (kind,):
        for found in root.__subclasses__():
            if ".tests." not in found.__module__:
                yield found
            yield from inputs(found)


def parts(field: Any, name: str) -> Iterator[tuple[str, Any]]:
    yield name, field
    for inner, part in getattr(field, "fields", {}).items():
        yield from parts(part, f"{name}.{inner}")
    if isinstance(field, _MANY) and hasattr(field, "child"):
        yield from parts(field.child, f"{name}[]")


def many() -> dict[str, Any]:
    """All that takes several values, in any input."""
    found = (part for kind in inputs() for part in parts(kind(), kind.__name__))
    return {name: field for name, field in found if isinstance(field, _MANY)}


def test_every_list_and_object_of_an_input_has_an_end() -> None:
    found = many()
    assert len(found) > 30
    endless = [
        name
        for name, field in found.items()
        if not isinstance(field, BoundedList | BoundedListField | BoundedDictField)
    ]
    assert endless == []
    with pytest.raises(TypeError, match="needs an end"):
        ChainBlockInput(many=True)


@pytest.mark.parametrize("name", many())
def test_no_item_is_looked_at_beyond_the_end(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    field = many()[name]
    num_seen = 0

    def seen(data: Any) -> Any:
        nonlocal num_seen
        num_seen += 1
        return data

    monkeypatch.setattr(field.child, "run_validation", seen)
    num = field.max_length + 1
    sent: Any = dict.fromkeys(map(str, range(num))) if "Dict" in repr(field) else [{}] * num
    with pytest.raises(serializers.ValidationError) as caught:
        field.run_validation(sent)
    assert "max_length" in repr(caught.value.get_codes())
    assert num_seen == 0


def test_the_schema_says_where_each_ends() -> None:
    generator: Any = SchemaGenerator
    document = generator().get_schema(public=True)
    schemas = document["components"]["schemas"]
    taken = {name: schema for name, schema in schemas.items() if name.endswith("Request")}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            taken[f"{method} {path}"] = operation.get("requestBody", {})
    found = [row for name, schema in taken.items() for row in containers(schema, name)]
    assert len(found) > 20
    assert [name for name, has_end in found if not has_end] == []
    assert schemas["ChainInputRequest"]["properties"]["blocks"]["maxItems"] == MAX_BLOCKS_READ


def containers(schema: Any, name: str) -> Iterator[tuple[str, bool]]:
    if isinstance(schema, dict):
        if "items" in schema and "example" not in name:
            yield name, "maxItems" in schema
        if isinstance(schema.get("additionalProperties"), dict):
            yield name, "maxProperties" in schema
    inner = schema.items() if isinstance(schema, dict) else enumerate(schema)
    for key, value in inner:
        if isinstance(value, dict | list):
            yield from containers(value, f"{name}/{key}")


def test_a_chain_of_20_000_wrong_blocks_is_one_mistake(alice: User) -> None:
    client = api_client(alice)
    answer = client.post(CHAINS, {"name": "x", "blocks": [{}] * (MAX_VALUES - 10)})
    assert answer.status_code == 422
    assert details_of(answer) == [("/blocks", "MAX_LENGTH")]
    answer = client.post(CHAINS, {"name": "x", "blocks": [{}] * 20_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "TOO_LARGE")


def test_what_is_a_little_too_much_is_told_in_words_of_its_own(alice: User) -> None:
    gain = {"slot": "pre", "processor": "gain"}
    answer = api_client(alice).post(CHAINS, {"name": "x", "blocks": [gain] * 17})
    assert ("/blocks/16", "INVALID_ORDER") in details_of(answer)


def test_mistakes_are_listed_up_to_a_hundred(alice: User) -> None:
    wrong = {f"x{number}": 1 for number in range(3)}
    answer = api_client(alice).post(CHAINS, {"name": "x", "blocks": [wrong] * MAX_BLOCKS_READ})
    body = answer.json()
    assert (answer.status_code, len(body["details"])) == (422, MAX_DETAILS)
    # Of each block the three, and that it has no slot.
    assert body["message"] == (
        f"The input has {4 * MAX_BLOCKS_READ} mistakes. "
        f"The first {MAX_DETAILS} are listed, {4 * MAX_BLOCKS_READ - MAX_DETAILS} more are not."
    )


def test_every_error_lists_a_hundred_at_most() -> None:
    details = [ErrorDetail(f"/{number}", "INVALID", "Wrong.") for number in range(MAX_DETAILS + 1)]
    assert len(error_body("INVALID", "Many.", details)["details"]) == MAX_DETAILS
    assert error_body("INVALID", "Many.", details)["message"].endswith("1 more are not.")
    assert error_body("INVALID", "Many.", details[:-1])["message"] == "Many."


def test_unknown_fields_are_named_up_to_twenty() -> None:
    data = ChainInput(data={"name": "x", "blocks": []} | {f"x{i}": 1 for i in range(1_000)})
    assert not data.is_valid()
    assert len(data.errors) == 21
    assert data.errors["non_field_errors"] == ["There are 980 more fields that do not exist."]


def test_a_stranger_gets_a_short_answer(db: None) -> None:
    body = {f"f{number:05}": 1 for number in range(4_000)}
    answer = api_client().post("/api/v1/auth/token/refresh/", body)
    assert answer.status_code == 422
    assert len(answer.content) < 4_000


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("[" * MAX_DEPTH + "]" * MAX_DEPTH, 422),
        ("[" * (MAX_DEPTH + 1) + "1" + "]" * (MAX_DEPTH + 1), 400),
        ('{"a":' * 50 + "1" + "}" * 50, 400),
        ("[" + ",".join(["0"] * MAX_VALUES) + "]", 422),
        ("[" + ",".join(["0"] * (MAX_VALUES + 1)) + "]", 413),
        (json.dumps({f"x{number}": 1 for number in range(MAX_VALUES + 1)}), 413),
        ("[" + ",".join(["[0]"] * MAX_VALUES) + "]", 413),
    ],
)
def test_json_has_a_depth_and_a_number_of_values(alice: User, body: str, status: int) -> None:
    client = api_client(alice)
    answer: Any = client.post(CHAINS, body, content_type="application/json")
    assert answer.status_code == status


def test_a_form_has_a_thousand_fields_at_most(alice: User, client: Client) -> None:
    client.force_login(alice)
    fields = {f"x{number}": "1" for number in range(1_001)}
    # As a form, as multipart, to the API, behind a question mark.
    assert client.post(reverse("personal-token-new"), fields).status_code == 400
    text = "&".join(f"{name}=1" for name in fields)
    form = "application/x-www-form-urlencoded"
    answer = client.post(reverse("personal-token-new"), text, content_type=form)
    assert answer.status_code == 400
    assert client.post("/api/v1/gear/", fields).status_code == 400
    for path in ("/api/v1/gear/", reverse("gear-list")):
        assert client.get(f"{path}?{text}").status_code == 400
    assert GearItem.objects.count() == 0


def test_an_order_has_each_name_once(alice: User) -> None:
    make_capture(alice, "amp")
    client = api_client(alice)
    assert client.get("/api/v1/gear/?ordering=-created_at,name").status_code == 200
    for order in ("name,name", "name,-name", ",".join(["name"] * 5_000)):
        answer = client.get("/api/v1/gear/", {"ordering": order})
        assert (answer.status_code, details_of(answer)) == (422, [("/ordering", "INVALID")])


def test_one_value_many_times_is_one_filter(alice: User, django_assert_num_queries: Any) -> None:
    query = "&".join(["kind=amp"] * 900)
    answer = api_client(alice).get(f"/api/v1/gear/?{query}")
    assert answer.status_code == 200
    wrong = api_client(alice).get("/api/v1/gear/?" + "&".join(f"kind=x{i}" for i in range(900)))
    assert (wrong.status_code, len(wrong.json()["details"])) == (422, 1)
