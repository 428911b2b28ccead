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
    response = http.request(method, path)

    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("application/problem+json")
    assert response.json()["status"] == status
    assert response.json()["code"]


def test_an_error_carries_the_callers_identifier(http: httpx2.Client) -> None:
    identifier = f"e2e-{uuid.uuid4()}"

    response = http.get("/api/v1/nothing-is-here", headers={"X-Correlation-ID": identifier})

    assert response.headers["X-Correlation-ID"] == identifier
    assert response.json()["correlation_id"] == identifier


def test_errors_carry_the_security_headers(http: httpx2.Client) -> None:
    response = http.get("/api/v1/nothing-is-here")

    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
