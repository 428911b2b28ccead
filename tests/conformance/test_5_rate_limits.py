"""Section 5: rate limits."""

import re
import uuid
from typing import Any

import httpx2
import pytest

from tests.support.accounts import AUTH, Visitor, new_client_address, new_email
from tools.questions import Answers

ITEM = "/api/v1/items/9223372036854775807"
EXEMPT = ("/", "/health", "/health/live", "/health/ready", "/config", "/openapi.json")
HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


@pytest.fixture
def limited(answers: Answers) -> str:
    if not answers.get("example"):
        pytest.skip("without the items no route of the API has a limit")
    return ITEM


def test_each_response_of_the_api_says_what_is_left(http: httpx2.Client, limited: str) -> None:
    first, second = http.get(limited), http.get(limited)

    assert first.status_code == 404
    limit, left, reset = (int(first.headers[name]) for name in HEADERS)
    assert 0 <= left < limit
    assert reset >= 1
    assert int(second.headers["X-RateLimit-Remaining"]) <= left


def test_head_counts_like_get(http: httpx2.Client, limited: str) -> None:
    first, second, third = http.get(limited), http.head(limited), http.get(limited)

    left = [int(answer.headers["X-RateLimit-Remaining"]) for answer in (first, second, third)]
    assert all(name in second.headers for name in HEADERS)
    # A busy machine may let one request come back meanwhile.
    assert left[2] <= left[1] <= left[0]
    assert left[2] < left[0]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_safe_method_does_not_spend_the_limit_of_a_login(
    http: httpx2.Client, answers: Answers, method: str
) -> None:
    if answers.get("auth", "none") == "none":
        pytest.skip("accounts were not chosen")
    someone, body = Visitor(http), {"email": new_email(), "password": "wrong"}

    for _ in range(6):
        someone.send(method, f"{AUTH}/login")
    login = someone.post(f"{AUTH}/login", body)

    assert login.status_code == 401
    assert login.headers["X-RateLimit-Remaining"] == "4"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/api/v1/items", 422), ("GET", "/api/v1/items?page=0", 422), ("GET", ITEM, 404)],
)
def test_errors_say_it_too(
    http: httpx2.Client, limited: str, method: str, path: str, status: int
) -> None:
    assert limited

    answer = http.request(method, path, json={} if method == "POST" else None)

    assert answer.status_code == status
    assert all(name in answer.headers for name in HEADERS)


@pytest.mark.parametrize("path", EXEMPT)
def test_the_services_own_routes_have_no_limit(http: httpx2.Client, path: str) -> None:
    answer = http.get(path)

    assert answer.status_code == 200
    assert not any(name in answer.headers for name in HEADERS)


def test_a_refusal_is_described_where_it_can_happen(http: httpx2.Client, limited: str) -> None:
    assert limited

    paths = http.get("/openapi.json").json()["paths"]

    for path, operations in paths.items():
        for operation in operations.values():
            assert ("429" in operation["responses"]) == path.startswith("/api/")


def test_every_route_of_the_api_has_a_limit(http: httpx2.Client, document: dict[str, Any]) -> None:
    elsewhere = {"X-Forwarded-For": new_client_address()}
    filled = {"{item_id}": ITEM.rpartition("/")[2]}
    filled |= dict.fromkeys(["{user_id}", "{session_id}"], str(uuid.uuid4()))
    unlimited = []

    for path, operations in document["paths"].items():
        place = re.sub(r"\{\w+\}", lambda found: filled[found[0]], path)
        for method in operations if path.startswith("/api/") else ():
            answer = http.request(method, place, headers=elsewhere)
            if not all(name in answer.headers for name in HEADERS):
                unlimited.append((method, path, answer.status_code))

    assert unlimited == []
