"""Section 4: what the service answers is what its OpenAPI schema says."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from jsonschema_rs import Draft202012Validator

from tests.support.accounts import Visitor
from tests.support.shapes import SHAPES
from tools.questions import Answers

ITEMS = "/api/v1/items"
ITEM = f"{ITEMS}/{{item_id}}"
UNKNOWN = f"{ITEMS}/9223372036854775807"
PROBLEM = "application/problem+json"
JSON = {"Content-Type": "application/json"}


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield f"{method.upper()} {path}", operation


def _assert_documented(
    document: dict[str, Any], answer: httpx2.Response, template: str
) -> dict[str, Any]:
    """Check an answer's status, media type and headers, and return what is said of its body."""
    operation = document["paths"][template][answer.request.method.lower()]
    assert str(answer.status_code) in operation["responses"], answer.text
    response: dict[str, Any] = operation["responses"][str(answer.status_code)]
    assert all(name in answer.headers for name in response["headers"])
    if not response.get("content"):
        assert answer.content == b""
        return {}
    content: dict[str, Any] = response["content"][answer.headers["Content-Type"].split(";")[0]]
    return content


def test_each_operation_is_described_and_filed_under_a_tag_that_is(
    document: dict[str, Any],
) -> None:
    described = {tag["name"] for tag in document["tags"] if tag["description"]}

    for name, operation in _operations(document):
        assert operation["summary"], name
        assert len(operation["description"]) > len(operation["summary"]), name
        assert operation["tags"], name
        assert described >= set(operation["tags"]), name


def test_each_operation_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in _operations(document)]

    assert len(names) == len(set(names)) > 0


def test_each_body_has_three_named_examples_and_each_status_one(document: dict[str, Any]) -> None:
    for name, operation in _operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert len(content["examples"]) >= 3, name
        for status, response in operation["responses"].items():
            for content in response.get("content", {}).values():
                assert content.keys() & {"example", "examples"}, f"{name} {status}"


def test_each_problem_is_shown_with_its_status(document: dict[str, Any]) -> None:
    for name, operation in _operations(document):
        for status, response in operation["responses"].items():
            for shown in response.get("content", {}).get(PROBLEM, {}).get("examples", {}).values():
                assert shown["value"]["status"] == int(status), name


def _errors(document: dict[str, Any], schema: dict[str, Any], value: object) -> list[str]:
    """Return why a value does not fit a schema of the document."""
    validator = Draft202012Validator(schema | {"components": document["components"]})
    return [error.message for error in validator.iter_errors(value)]


def test_each_example_of_a_response_fits_its_schema(document: dict[str, Any]) -> None:
    for name, operation in _operations(document):
        for status, response in operation["responses"].items():
            for content in response.get("content", {}).values():
                shown = [each["value"] for each in content.get("examples", {}).values()]
                shown += [content["example"]] if "example" in content else []
                for value in shown:
                    schema = content.get("schema", {})
                    assert _errors(document, schema, value) == [], f"{name} {status}"


def test_a_nullable_an_enumerated_a_nested_and_a_recursive_schema_are_documented(
    document: dict[str, Any], administrator: Visitor | None
) -> None:
    if administrator is None or SHAPES not in document["paths"]:
        pytest.skip("the service has no such endpoint")

    answer = administrator.get(SHAPES)

    content = _assert_documented(document, answer, SHAPES)
    assert answer.status_code == 200
    assert _errors(document, content["schema"], answer.json()) == []


@pytest.mark.parametrize("path", ["/", "/config", "/health", "/health/live", "/health/ready"])
def test_the_services_own_responses_are_documented(
    http: httpx2.Client, document: dict[str, Any], path: str
) -> None:
    content = _assert_documented(document, http.get(path), path)

    assert content["schema"]


class TestItems:
    """What needs an endpoint with parameters and a body."""

    @pytest.fixture(autouse=True)
    def _only_with_items(self, answers: Answers) -> None:
        if not answers.get("example"):
            pytest.skip("the items were not chosen")

    @pytest.mark.parametrize(
        ("body", "headers", "statuses"),
        [
            (b"{", JSON, {422}),
            (b"\xff\xfe", JSON, {400, 422}),
            (b"{}", JSON, {422}),
            (b"{}", {"Content-Type": "text/plain"}, {415}),
            (b" " * (1 << 20) + b"{}", JSON, {413}),
        ],
        ids=["broken", "unreadable", "unfit", "not JSON", "too large"],
    )
    def test_a_body_is_refused_as_documented(
        self,
        http: httpx2.Client,
        document: dict[str, Any],
        body: bytes,
        headers: dict[str, str],
        statuses: set[int],
    ) -> None:
        answer = http.post(ITEMS, content=body, headers=headers)

        assert answer.status_code in statuses
        operation = document["paths"][ITEMS]["post"]
        content = operation["responses"][str(answer.status_code)]["content"][PROBLEM]
        assert answer.json()["code"] in content["examples"]

    @pytest.mark.parametrize(
        ("ask", "template", "status"),
        [
            (lambda http: http.get(ITEMS), ITEMS, 200),
            (lambda http: http.get(ITEMS, params={"page": 0}), ITEMS, 422),
            (lambda http: http.get(UNKNOWN), ITEM, 404),
            (lambda http: http.get(f"{ITEMS}/x"), ITEM, 422),
            (lambda http: http.patch(UNKNOWN, json={}), ITEM, 404),
            (lambda http: http.patch(UNKNOWN, json={"name": 1}), ITEM, 422),
            (lambda http: http.delete(UNKNOWN), ITEM, 404),
        ],
    )
    def test_a_response_has_the_documented_status_headers_and_code(
        self,
        http: httpx2.Client,
        document: dict[str, Any],
        ask: Callable[[httpx2.Client], httpx2.Response],
        template: str,
        status: int,
    ) -> None:
        answer = ask(http)

        assert answer.status_code == status
        content = _assert_documented(document, answer, template)
        if status >= 400:
            assert answer.json()["code"] in content["examples"]

    def test_the_life_of_an_item_is_documented(
        self, http: httpx2.Client, document: dict[str, Any]
    ) -> None:
        body = {"name": f"Item {uuid.uuid4()}"}

        created = http.post(ITEMS, json=body)
        taken = http.post(ITEMS, json=body)
        location = created.headers["Location"]
        rest = [http.get(location), http.patch(location, json={}), http.delete(location)]

        assert [each.status_code for each in (created, taken, *rest)] == [201, 409, 200, 200, 204]
        for answer in (created, taken):
            _assert_documented(document, answer, ITEMS)
        for answer in rest:
            _assert_documented(document, answer, ITEM)

    def test_each_example_of_a_body_is_taken(
        self, http: httpx2.Client, document: dict[str, Any]
    ) -> None:
        examples = document["paths"][ITEMS]["post"]["requestBody"]["content"]["application/json"]
        changes = document["paths"][ITEM]["patch"]["requestBody"]["content"]["application/json"]

        for shown in examples["examples"].values():
            # Another may have left an item with the example's name.
            answer = http.post(ITEMS, json=shown["value"] | {"name": f"Item {uuid.uuid4()}"})
            assert answer.status_code == 201
            for change in changes["examples"].values():
                value = {key: val for key, val in change["value"].items() if key != "name"}
                changed = http.patch(answer.headers["Location"], json=value)
                assert changed.status_code == 200
            assert http.delete(answer.headers["Location"]).status_code == 204
