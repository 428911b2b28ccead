"""Errors are problem details (RFC 9457), and carry what finds them in the logs."""

import uuid

import httpx2
import pytest


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/v1/nothing-is-here", 404), ("DELETE", "/health/live", 405)],
)
def test_an_error_is_a_problem_with_a_code(
    http: httpx2.Client, method: str, path: str, status: int
) -> None:
    answer = http.request(method, path)

    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["status"] == status
    assert answer.json()["code"]


def test_an_error_carries_the_callers_identifier(http: httpx2.Client) -> None:
    identifier = f"e2e-{uuid.uuid4()}"

    answer = http.get("/api/v1/nothing-is-here", headers={"X-Correlation-ID": identifier})

    assert answer.headers["X-Correlation-ID"] == identifier
    assert answer.json()["correlation_id"] == identifier


def test_errors_carry_the_security_headers(http: httpx2.Client) -> None:
    answer = http.get("/api/v1/nothing-is-here")

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
