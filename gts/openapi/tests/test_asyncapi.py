"""The document of the WebSockets by itself. What is really sent is held to it by
``gts.tests.websocket``, in every test that receives something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator, ValidationError

from gts.openapi.docs import asyncapi_document
from gts.tests.socket_messages import validate
from jobs.live.consumers import websocket_urlpatterns


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_every_reference_leads_somewhere() -> None:
    found = asyncapi_document()
    for reference in set(references(found)):
        node = found
        for name in reference.removeprefix("#/").split("/"):
            node = node[name]
    assert found["asyncapi"] == "3.0.0"


def test_its_schemas_are_schemas() -> None:
    for schema in asyncapi_document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_it_has_every_address_of_a_socket() -> None:
    told = {channel["address"] for channel in asyncapi_document()["channels"].values()}
    *routes, _ = (str(pattern.pattern) for pattern in websocket_urlpatterns)  # the last: none
    assert told == {f"/{route}".replace("<uuid:uuid>", "{job_id}") for route in routes}


def test_it_is_served_to_everybody(client: Client) -> None:
    answer = client.get("/api/schema/websockets/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json() == asyncapi_document()


def test_a_message_that_is_none_would_be_found() -> None:
    with pytest.raises(ValidationError):
        validate("/ws/notifications/", {"type": "snapshot", "num_unread": 1})
