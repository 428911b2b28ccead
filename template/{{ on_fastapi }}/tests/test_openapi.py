"""The OpenAPI schema is one to publish: each operation says what it does and shows it.

Your own slices are held to the same as soon as `app.openapi_tags` describes their tags.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from jsonschema_rs import Draft202012Validator

Document = dict[str, Any]
Operation = dict[str, Any]


@pytest.fixture
def document(app: FastAPI) -> Document:
    """The service's document, as it is served."""
    loaded: Document = json.loads(json.dumps(app.openapi()))
    return loaded


def _operations(document: Document) -> Iterator[tuple[str, Operation]]:
    """Give each operation whose tags are described, with its name."""
    described = {tag["name"] for tag in document["tags"]}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if described.issuperset(operation.get("tags", ["-"])):
                yield f"{method.upper()} {path}", operation


def _media(operation: Operation) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give each status that has a body, its media type and what is said of it."""
    for status, response in operation["responses"].items():
        for media_type, content in response.get("content", {}).items():
            yield status, media_type, content


def _values(content: dict[str, Any]) -> list[Any]:
    if "example" in content:
        return [content["example"]]
    return [each["value"] for each in content.get("examples", {}).values()]


def _schema_errors(document: Document, schema: dict[str, Any], value: Any) -> list[str]:
    validator = Draft202012Validator(
        schema | {"components": document["components"]}, validate_formats=True
    )
    return [error.message for error in validator.iter_errors(value)]


def test_each_operation_has_a_summary_and_says_more_in_its_description(document: Document) -> None:
    silent = [
        name
        for name, operation in _operations(document)
        if not operation["summary"] or len(operation.get("description", "")) <= 20
    ]

    assert silent == []


def test_each_body_has_three_examples_that_fit_it(document: Document) -> None:
    for name, operation in _operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert len(content.get("examples", {})) >= 3, name
            assert all(each["summary"] for each in content["examples"].values()), name
            for value in _values(content):
                assert _schema_errors(document, content["schema"], value) == [], name


def test_each_status_has_an_example_that_fits_it(document: Document) -> None:
    for name, operation in _operations(document):
        for status, _, content in _media(operation):
            assert _values(content), f"{name} {status}"
            for value in _values(content):
                assert _schema_errors(document, content["schema"], value) == [], f"{name} {status}"
