"""What is wrong is told in few words, however many came."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from django.db import transaction
from drf_spectacular.generators import SchemaGenerator
from pytest_django import Settings

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from gts.tests.tenancy_table import API, Row
from gts.tests.tenancy_world import World, make_world
from gts.tests.test_tenancy import TAKES_FILES, address_of, client_of, known_routes
from gts.web.error_answers import MAX_DETAILS, error_body
from gts.web.errors import ErrorDetail

MAX_ANSWER_BYTES: Final = 100_000
MAX_SENT: Final = 500_000
WRITES: Final = ("post", "put", "patch")


def document() -> Any:
    generator: Any = SchemaGenerator
    return generator().get_schema(public=True)


def resolved(schema: Any, document: Any) -> Any:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema["allOf"][0] if "allOf" in schema and "properties" not in schema else schema


def filled(schema: Any, document: Any, text: str) -> Any:
    """As the schema has it, with ``text`` wherever a value may stand."""
    schema = resolved(schema, document)
    if "$ref" in schema:
        return filled(schema, document, text)
    if "properties" in schema:
        return {name: filled(of, document, text) for name, of in schema["properties"].items()}
    if "items" in schema:
        return [filled(schema["items"], document, text)]
    return text


def bodies(schema: Any, document: Any) -> Iterator[Any]:
    whole = filled(schema, document, "x")
    if not isinstance(whole, dict):
        return
    num_values = json.dumps(whole).count('"x"') or 1
    yield filled(schema, document, "a" * (MAX_SENT // num_values))
    yield {f"{number:02}" + "a" * (MAX_SENT // 25): 1 for number in range(20)}
    for name, value in whole.items():
        long = "a" * MAX_SENT
        yield {name: long if value == "x" else {long: 1} if isinstance(value, dict) else [long]}


def questions(row: Row, document: Any) -> Iterator[tuple[str, Any]]:
    """What follows the address, and the body."""
    path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", known_routes()[row.route][0])
    operation = document["paths"].get(path, {}).get(row.method, {})
    yield f"?{'a' * 20_000}=1", {}
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "query":
            yield f"?{parameter['name']}={'a' * 20_000}", {}
    if row.method in WRITES:
        for content in operation.get("requestBody", {}).get("content", {}).values():
            for body in bodies(content["schema"], document):
                yield "", body
            return


def test_every_operation_refuses_in_few_words(
    transactional_db: None, settings: Settings, tmp_path: Path
) -> None:
    settings.GTS_TONE3000_KEY = settings.SOCIAL_AUTH_TONE3000_KEY = "t3k_pub_x"
    world, described = make_world(tmp_path), document()
    found, num_refused = [], 0
    for row in API:
        for query, body in questions(row, described):
            answer = ask(row, world, query, body)
            if answer.status_code < 400:
                continue
            num_refused += 1
            if answer.status_code >= 500 or len(answer.content) > MAX_ANSWER_BYTES:
                found.append(f"{row.method} {row.route} {query[:20]} {str(body)[:30]}: {answer!r}")
    assert num_refused > 300
    assert found == []


def ask(row: Row, world: World, query: str, body: Any) -> Any:
    with transaction.atomic():
        client = client_of(world["alice"], row)
        form = {"format": "multipart"} if row.route in TAKES_FILES else {}
        if form:
            body = {name: str(value) for name, value in body.items()}
        arguments = () if row.method == "get" else (body,)
        address = address_of(row, world).partition("?")[0]
        answer = getattr(client, row.method)(address + query, *arguments, **form)
        transaction.set_rollback(True)
    return answer


def test_what_was_sent_is_repeated_as_far_as_it_can_be_recognized(alice: User) -> None:
    answer = api_client(alice).post("/api/v1/tone3000/picks/", {"choice": "a" * 1_000_000})
    [detail] = answer.json()["details"]
    assert (answer.status_code, detail["pointer"]) == (422, "/choice")
    assert detail["message"] == answer.json()["message"]
    assert re.fullmatch('"a{50,60}….* is not a valid choice.', detail["message"])
    answer = api_client(alice).post("/api/v1/tone3000/picks/", {"choice": "b" * 40})
    assert answer.json()["message"] == f'"{"b" * 40}" is not a valid choice.'


def test_names_are_cut_one_by_one(alice: User) -> None:
    block = {"slot": "pre", "a/~" * 20_000: 1}
    answer = api_client(alice).post("/api/v1/chains/", {"name": "x", "blocks": [block]})
    pointers = [pointer for pointer, _ in details_of(answer)]
    [cut] = [pointer for pointer in pointers if "…" in pointer]
    assert cut == f"/blocks/0/{'a~1~0' * 10}…"


@pytest.mark.parametrize("char", ["\x00", "é", "😀"])
def test_all_details_together_have_an_end(char: str) -> None:
    details = [ErrorDetail("/" + char * 1_000, "INVALID", char * 400) for _ in range(MAX_DETAILS)]
    body = error_body("INVALID", char * 1_000_000, details)
    assert len(json.dumps(body)) < MAX_ANSWER_BYTES
    num_listed = len(body["details"])
    assert 10 < num_listed < MAX_DETAILS
    assert body["message"].endswith(
        f"The first {num_listed} are listed, {MAX_DETAILS - num_listed} more are not."
    )
