"""Every error code that GTS uses is in the list of codes, with its meaning, and so in the docs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gts.openapi.error_codes import DOCS_FILE, as_markdown, error_codes
from gts.web import errors
from gts.web.errors import AppError

ROOT = Path(__file__).parents[3]
APPS = ("accounts", "gear", "gts", "jobs", "shootouts")
_CODE = re.compile(r"[A-Z][A-Z0-9]{2,}(_[A-Z0-9]+)*")
# What takes a code among its arguments, and helpers that pass one on.
_TAKES_CODES = re.compile(
    r"PipelineError|DownloadError|ErrorDetail|Failure|json_error|error_body|InvalidInputError"
    r"|_unsupported|_too_long|_refuse_not_finite|_invalid"
)
# Where constants of the module are codes.
_MODULES_OF_CODES = ("gear/chains/grammar.py", "gear/chains/permutations.py")


def source_files() -> Iterator[Path]:
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            parts = path.relative_to(ROOT).parts
            if not {"tests", "migrations"} & set(parts) and path.name != "conftest.py":
                yield path


def codes_of(path: Path) -> Iterator[str]:
    is_of_codes = str(path.relative_to(ROOT)).endswith(_MODULES_OF_CODES)
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.keyword(arg="code", value=ast.Constant(value=str(code))):
                yield code
            case ast.Assign(targets=[ast.Name(id="code" | "CODE")], value=ast.Constant(value=code)):
                yield str(code)
            case ast.Assign(targets=[ast.Name()], value=ast.Constant(value=code)) if is_of_codes:
                yield str(code)
            case ast.Call(func=ast.Name(id=name), args=arguments) if _TAKES_CODES.fullmatch(name):
                yield from (str(one.value) for one in arguments if isinstance(one, ast.Constant))
            # (code, sentence)
            case ast.Tuple(elts=[ast.Constant(value=str(code)), ast.Constant(value=str(text))]):
                if " " in text:
                    yield code
            case ast.Tuple(elts=[ast.Constant(value=str(code)), ast.JoinedStr()]):
                yield code


def test_every_code_in_the_source_is_in_the_list() -> None:
    used = {code for path in source_files() for code in codes_of(path) if _CODE.fullmatch(code)}
    assert len(used) > 120
    assert used - {one.code for one in error_codes()} == set()


def test_the_classes_of_errors_have_the_status_that_the_list_says() -> None:
    known = {one.code: one for one in error_codes()}
    classes = [one for one in vars(errors).values() if isinstance(one, type)]
    for error in (one for one in classes if issubclass(one, AppError)):
        assert error.status in known[error.code].statuses, error


def test_answers_have_the_status_that_the_list_says() -> None:
    known = {one.code: one for one in error_codes()}
    statuses = {
        name: error.status
        for name, error in vars(errors).items()
        if isinstance(error, type) and issubclass(error, AppError)
    }
    for path in source_files():
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id=name), keywords=keywords) if name in statuses:
                    for one in keywords:
                        if one.arg == "code" and isinstance(one.value, ast.Constant):
                            code = str(one.value.value)
                            assert statuses[name] in known[code].statuses, (code, path)


@pytest.mark.parametrize("entry", error_codes(), ids=lambda entry: entry.code)
def test_each_has_a_sentence_for_its_meaning(entry: object) -> None:
    meaning = getattr(entry, "meaning", "")
    assert re.fullmatch(r"[^|\n]{10,90}\.", meaning), meaning


def test_the_table_of_the_docs_is_made_from_it() -> None:
    assert DOCS_FILE.read_text() == as_markdown(), "python -m gts.openapi.error_codes"
