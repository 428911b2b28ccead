"""Section 4: errors are problem details (RFC 9457)."""

import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from tools.questions import Answers

MEMBERS = {
    "type",
    "title",
    "status",
    "detail",
    "instance",
    "code",
    "correlation_id",
    "timestamp",
}
HUGE = "9" * 40


def _problem(answer: httpx2.Response, status: int) -> dict[str, Any]:
    """Check an answer for the shape of a problem and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].split(";")[0] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert set(problem) - {"errors"} == MEMBERS
    assert problem["status"] == status
    assert problem["instance"] == answer.request.url.raw_path.decode().partition("?")[0]
    assert re.fullmatch(r"[A-Z][A-Z0-9_]*", problem["code"])
    assert problem["correlation_id"] == answer.headers["X-Correlation-ID"]
    age = datetime.now(UTC) - datetime.fromisoformat(problem["timestamp"])
    assert abs(age) < timedelta(minutes=5)
    return problem


@pytest.mark.parametrize(
    "path", ["/nowhere", "/api/v1/nowhere", "/api/v2/items", "/health/live/", "/%00", "/..%2f"]
)
def test_an_unknown_path_is_404(http: httpx2.Client, path: str) -> None:
    assert _problem(http.get(path), 404)["code"] == "NOT_FOUND"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
def test_a_method_that_a_path_does_not_take_is_405(http: httpx2.Client, method: str) -> None:
    answer = http.request(method, "/health/live")

    assert _problem(answer, 405)["code"] == "METHOD_NOT_ALLOWED"
    assert answer.headers["Allow"] == "GET, HEAD"


def test_a_callers_correlation_id_is_in_the_problem(http: httpx2.Client) -> None:
    answer = http.get("/nowhere", headers={"X-Correlation-ID": "Order-1.2_3"})

    assert _problem(answer, 404)["correlation_id"] == "Order-1.2_3"


@pytest.mark.parametrize("path", ["/", "/nowhere"])
def test_a_content_type_of_very_many_parameters_is_the_clients_error(
    http: httpx2.Client, path: str
) -> None:
    content_type = "application/json" + ';a="' * 3000

    answer = http.post(path, content=b"{}", headers={"Content-Type": content_type})

    assert 400 <= answer.status_code < 500
    _problem(answer, answer.status_code)


@pytest.mark.parametrize("path", ["/", "/health/live", "/nowhere"])
def test_without_an_id_each_response_has_one_of_its_own(http: httpx2.Client, path: str) -> None:
    first, second = (http.get(path).headers["X-Correlation-ID"] for _ in range(2))

    assert uuid.UUID(first) != uuid.UUID(second)


@pytest.mark.parametrize("identifier", ["a b", "a" * 129, "<script>", "a;b", "%0d%0a"])
def test_a_malformed_id_is_not_echoed(http: httpx2.Client, identifier: str) -> None:
    answer = http.get("/", headers={"X-Correlation-ID": identifier})

    assert uuid.UUID(answer.headers["X-Correlation-ID"])


class TestItems:
    """Errors that need an endpoint with parameters and a body."""

    @pytest.fixture(autouse=True)
    def _only_with_items(self, answers: Answers) -> None:
        if not answers.get("example"):
            pytest.skip("the items were not chosen")

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"name": 5},
            {"name": None},
            {"name": ""},
            {"name": "x" * 121},
            {"name": "NUL \x00"},
            {"name": "ok", "quantity": -1},
            {"name": "ok", "quantity": int(HUGE)},
            {"name": "ok", "quantity": 1e400},
            {"name": "ok", "unknown": 1},
            [],
            None,
            "text",
            5,
        ],
        ids=repr,
    )
    def test_a_body_that_does_not_fit_is_422_and_says_where(
        self, http: httpx2.Client, body: Any
    ) -> None:
        answer = http.post(
            "/api/v1/items",
            content=_json(body),
            headers={"Content-Type": "application/json"},
        )

        problem = _problem(answer, 422)
        assert problem["code"] == "VALIDATION_FAILED"
        assert problem["errors"]
        for error in problem["errors"]:
            assert set(error) == {"loc", "msg", "type"}
            assert error["loc"][0] == "body"

    def test_a_body_of_very_many_unknown_names_is_422_with_few_errors(
        self, http: httpx2.Client
    ) -> None:
        answer = http.post("/api/v1/items", json={f"name{number}": 1 for number in range(30_000)})

        assert 1 <= len(_problem(answer, 422)["errors"]) <= 101

    @pytest.mark.parametrize(
        "content",
        [
            *(b"{", b"", b"\xff\xfe", b'{"name": "\xff"}', b'{"name": "\\ud800"}', b"NaN"),
            b'{"name": "ok", "quantity": ' + b"1" * 5000 + b"}",
            *(b"[" * 5000, b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000),
        ],
        ids=lambda content: repr(content[:40]),
    )
    def test_broken_json_is_422(self, http: httpx2.Client, content: bytes) -> None:
        answer = http.post(
            "/api/v1/items", content=content, headers={"Content-Type": "application/json"}
        )

        problem = _problem(answer, 422)
        assert problem["code"] == "VALIDATION_FAILED"
        assert problem["errors"][0]["loc"][0] == "body"

    @pytest.mark.parametrize(
        "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", None]
    )
    def test_a_body_of_another_media_type_is_415(
        self, http: httpx2.Client, media_type: str | None
    ) -> None:
        headers = {"Content-Type": media_type} if media_type else {}

        answer = http.post("/api/v1/items", content=b'{"name": "x"}', headers=headers)

        assert _problem(answer, 415)["code"] == "UNSUPPORTED_MEDIA_TYPE"

    @pytest.mark.parametrize("item_id", ["0", "-1", "x", "1.5", HUGE, "%00"])
    def test_a_path_that_does_not_fit_is_422(self, http: httpx2.Client, item_id: str) -> None:
        problem = _problem(http.get(f"/api/v1/items/{item_id}"), 422)

        assert problem["errors"][0]["loc"][0] == "path"

    @pytest.mark.parametrize(
        ("path", "allowed"),
        [
            ("/api/v1/items", {"GET", "HEAD", "POST"}),
            ("/api/v1/items/1", {"GET", "HEAD", "PATCH", "DELETE"}),
        ],
    )
    def test_a_405_names_every_method_of_the_path(
        self, http: httpx2.Client, path: str, allowed: set[str]
    ) -> None:
        answer = http.options(path)

        _problem(answer, 405)
        assert set(answer.headers["Allow"].split(", ")) == allowed

    def test_an_unknown_item_is_404_with_a_code_of_its_own(self, http: httpx2.Client) -> None:
        problem = _problem(http.get("/api/v1/items/9223372036854775807"), 404)

        assert problem["code"] == "ITEM_NOT_FOUND"

    def test_a_name_that_is_taken_is_409(self, http: httpx2.Client) -> None:
        body = {"name": f"Item {uuid.uuid4()}"}
        assert http.post("/api/v1/items", json=body).status_code == 201

        problem = _problem(http.post("/api/v1/items", json=body), 409)

        assert problem["code"] == "ITEM_NAME_TAKEN"

    def test_of_many_with_one_name_exactly_one_is_made(self, http: httpx2.Client) -> None:
        body = {"name": f"Item {uuid.uuid4()}"}

        with ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(lambda _: http.post("/api/v1/items", json=body), range(20)))

        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19

    def test_a_rejected_value_is_not_repeated(self, http: httpx2.Client) -> None:
        answer = http.post("/api/v1/items", json={"name": ["hunter2"], "password": "hunter2"})

        _problem(answer, 422)
        assert "hunter2" not in answer.text


def test_every_documented_error_has_the_problems_shape(document: dict[str, Any]) -> None:
    undocumented = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                is_report = path.startswith("/health") and status == "503"
                if int(status) < 400 or is_report:
                    continue
                schema = response["content"].get("application/problem+json", {}).get("schema", {})
                if schema.get("$ref") != "#/components/schemas/Problem":
                    undocumented.append(f"{method} {path} {status}")

    assert undocumented == []


def test_every_operation_documents_500(document: dict[str, Any]) -> None:
    operations = [each for path in document["paths"].values() for each in path.values()]

    assert operations
    assert all("500" in operation["responses"] for operation in operations)


def test_the_problems_schema_has_all_members(document: dict[str, Any]) -> None:
    schema = document["components"]["schemas"]["Problem"]

    assert set(schema["properties"]) == MEMBERS | {"errors", "context"}
    assert set(schema["required"]) == MEMBERS


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
