from __future__ import annotations

from typing import Annotated, Any

import pytest

from jobs.pipeline.formats.manifest.document import manifest_schema
from jobs.pipeline.formats.records import Record, about
from jobs.pipeline.tests.kept_manifests import NAMES, kept_manifest
from tools import manifest_documents


def test_schema_and_documentation_are_made_from_the_types() -> None:
    assert manifest_documents.stale() == [], "run: python -m tools.manifest_documents"


def test_a_change_of_the_types_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    class Manifest(Record, frozen=True):
        title: Annotated[str, about("something else")]

    monkeypatch.setattr(manifest_documents, "Manifest", Manifest)
    assert len(manifest_documents.stale()) == 2


def test_every_key_is_described() -> None:
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for table in manifest_documents.tables().values()
        for line in table.splitlines()[2:]
    ]
    assert [key for key, *said in cells if not all(said)] == []


def test_manifests_of_any_age_fit_the_schema() -> None:
    from jsonschema import Draft202012Validator  # takes seconds: not for each test process

    schema: Any = manifest_schema(1)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for name in NAMES:
        errors = validator.iter_errors(kept_manifest(name))
        assert [f"{error.json_path}: {error.message}" for error in errors] == [], name
