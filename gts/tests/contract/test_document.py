"""The OpenAPI document by itself: complete, named by us, with examples that are true."""

from __future__ import annotations

from typing import Any

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

from gts.openapi.examples import EXAMPLES


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    GENERATOR_STATS.reset()
    generator: Any = SchemaGenerator  # it has no types
    document: dict[str, Any] = generator().get_schema(public=True)
    return document


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        operation
        for methods in document["paths"].values()
        for method, operation in methods.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]


def validator_of(document: dict[str, Any], name: str) -> Any:
    """Of the schema with that name."""
    from openapi_schema_validator import OAS31Validator  # takes seconds: not for each test process
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    registry = Registry().with_resource("urn:gts", DRAFT202012.create_resource(document))
    return OAS31Validator({"$ref": f"urn:gts#/components/schemas/{name}"}, registry=registry)


def test_nothing_had_to_be_guessed(document: dict[str, Any]) -> None:
    assert not GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache


def test_it_is_a_document_of_its_version(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.1"
    assert "'nullable'" not in repr(document)  # a word of 3.0, without a meaning here


def test_operations_have_names_of_their_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(document)]
    assert len(names) == len(set(names))
    # What a generator makes up where it is told nothing.
    assert [name for name in names if name.endswith(("_retrieve", "_destroy"))] == []


def test_enums_have_names_of_their_own(document: dict[str, Any]) -> None:
    assert [name for name in document["components"]["schemas"] if name.endswith("Enum")] == []


def test_every_operation_tells_its_errors(document: dict[str, Any]) -> None:
    for operation in operations(document):
        errors = {status for status in operation["responses"] if status[0] in "45"}
        assert "429" in errors, operation["operationId"]
        if operation.get("security") and {} not in operation["security"]:
            assert "401" in errors, operation["operationId"]


def test_every_operation_says_in_a_line_what_it_does(document: dict[str, Any]) -> None:
    described = {tag["name"] for tag in document["tags"] if tag["description"]}
    for operation in operations(document):
        assert 3 < len(operation["summary"]) < 100, operation["operationId"]
        assert set(operation["tags"]) <= described, operation["operationId"]
    assert document["servers"] == [{"url": "/", "description": "This server"}]


def test_numbers_have_bounds_and_what_may_be_left_out_has_defaults(
    document: dict[str, Any],
) -> None:
    parameters = [
        parameter
        for operation in operations(document)
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query" and parameter["schema"].get("type") == "integer"
    ]
    assert len(parameters) > 10
    for parameter in parameters:
        assert {"minimum", "maximum"} <= parameter["schema"].keys(), parameter
    fields = document["components"]["schemas"]["ShootoutCreateInputRequest"]["properties"]
    assert (fields["slice_s"]["minimum"], fields["slice_s"]["maximum"]) == (1, 60)
    assert fields["slice_s"]["default"] == 4.0
    assert fields["theme"]["default"] == "dark"


def test_answers_tell_their_headers(document: dict[str, Any]) -> None:
    for operation in operations(document):
        for status in operation["responses"].keys() & {"201", "202"}:
            location = operation["responses"][status]["headers"]["Location"]
            assert location["required"], operation["operationId"]
    lists = document["paths"]["/api/v1/gear/"]["get"]["responses"]
    assert {"Link", "RateLimit", "RateLimit-Policy"} <= lists["200"]["headers"].keys()
    assert "Retry-After" in lists["429"]["headers"]


def test_codes_of_errors_are_listed(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    reference = {"$ref": "#/components/schemas/ErrorCode"}
    for name in ("Error", "ErrorDetail", "JobError", "ChainErrorOutput"):
        found = schemas.get(name) or schemas[f"{name}Output"]
        assert found["properties"]["code"] == reference, name
    assert {"DUPLICATE", "UNKNOWN_PARAMETER", "DI_SILENT"} <= set(schemas["ErrorCode"]["enum"])


def test_what_may_not_be_ready_says_so(document: dict[str, Any]) -> None:
    for path in ("di-tracks/{uuid}/preview/", "captures/{uuid}/preview/"):
        assert "409" in document["paths"][f"/api/v1/{path}"]["get"]["responses"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_what_they_are_examples_of(document: dict[str, Any], name: str) -> None:
    validator_of(document, name).validate(EXAMPLES[name])


def test_an_example_that_is_wrong_would_be_found(document: dict[str, Any]) -> None:
    wrong = {**EXAMPLES["ChainInputRequest"], "color": "red"}
    assert not validator_of(document, "ChainInputRequest").is_valid(wrong)
