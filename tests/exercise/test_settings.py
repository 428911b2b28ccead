"""What settings change in a running service, and what its log says."""

import json
import signal
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx2
import pytest

from tests.support.project import Project

PAGE = "https://app.example.com"
SECRET = "hunter2-planted"  # noqa: S105 -- planted to be looked for


def _json_lines(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        # make and uv say what they run before the service says anything.
        if line.startswith("{"):
            yield json.loads(line)
        else:
            assert line.startswith(("uv run", "make")), f"not of the service's log: {line}"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_every_line_is_json_and_the_servers_own_are_among_them(
    service: Project, workers: str
) -> None:
    with service.serving({"LOG_FORMAT": "json", "WORKERS": workers}) as running:
        identifiers = [f"request-{number}" for number in range(20)]
        for identifier in identifiers:
            httpx2.get(f"{running.url}/nowhere", headers={"X-Correlation-ID": identifier})
        assert running.stop(signal.SIGTERM) == 0
        lines = list(_json_lines(running.output()))

    requests = [line for line in lines if line["event"] == "request"]
    assert [line["correlation_id"] for line in requests] == identifiers
    assert any(line["logger"] == "uvicorn.error" for line in lines)
    for line in lines:
        assert list(line)[:4] == ["timestamp", "level", "logger", "event"]
        assert datetime.fromisoformat(line["timestamp"]).utcoffset() is not None


def test_a_planted_secret_is_in_no_line(service: Project) -> None:
    with service.serving({"LOG_FORMAT": "json", "LOG_LEVEL": "debug"}) as running:
        items = f"{running.url}/api/v1/items"
        httpx2.get(items, params={"token": SECRET, "filter": "x"})
        httpx2.get(items, headers={"Authorization": SECRET, "Cookie": f"session={SECRET}"})
        httpx2.post(items, json={"name": "x", "password": SECRET})
        httpx2.post(items, data={"password": SECRET})
        httpx2.get(f"{running.url}/nowhere?a=1&PASS%57ORD={SECRET}")
        assert running.stop() == 0
        output = running.output()

    assert '"path":"/nowhere"' in output
    assert SECRET not in output


def test_no_request_can_forge_a_line(service: Project) -> None:
    with service.serving({"LOG_FORMAT": "json"}) as running:
        httpx2.get(f"{running.url}/a%0a%7B%22level%22:%22forged%22%7D%0d%E2%80%A8x")
        httpx2.get(f"{running.url}/x?y=%0a%0d", headers={"User-Agent": "a\tb"})
        assert running.stop() == 0
        lines = list(_json_lines(running.output()))

    assert all(line["level"] != "forged" for line in lines)
    assert sum(line["event"] == "request" for line in lines) == 2


def test_developers_get_text(service: Project) -> None:
    with service.serving() as running:
        httpx2.get(f"{running.url}/nowhere")
        assert running.stop() == 0
        output = running.output()

    assert "[info     ] request" in output
    assert not any(line.startswith("{") for line in output.splitlines())


def test_listed_origins_may_call(service: Project) -> None:
    settings = {"CORS_ORIGINS": PAGE, "CORS_CREDENTIALS": "true"}
    with service.serving(settings) as running:
        answer = httpx2.get(f"{running.url}/nowhere", headers={"Origin": PAGE})
        preflight = httpx2.options(
            f"{running.url}/api/v1/items",
            headers={"Origin": PAGE, "Access-Control-Request-Method": "POST"},
        )

    assert answer.status_code == 404
    for reply in (answer, preflight):
        assert reply.headers["Access-Control-Allow-Origin"] == PAGE
        assert reply.headers["X-Frame-Options"] == "DENY"
    assert preflight.headers["Access-Control-Max-Age"] == "3600"


@pytest.mark.parametrize(
    ("setting", "value", "header"),
    [
        ("SECURITY_HEADERS_ENABLED", "false", "X-Frame-Options"),
        ("CSP_ENABLED", "false", "Content-Security-Policy"),
        ("TIMING_ENABLED", "false", "X-Process-Time"),
    ],
)
def test_a_feature_can_be_taken_back_by_its_setting(
    service: Project, setting: str, value: str, header: str
) -> None:
    with service.serving({setting: value}) as running:
        answer = httpx2.get(running.url)

    assert answer.status_code == 200
    assert header not in answer.headers


@pytest.mark.parametrize(
    ("hsts", "header"),
    [
        ({}, "max-age=31536000; includeSubDomains; preload"),
        ({"HSTS_MAX_AGE": "60"}, "max-age=60; includeSubDomains; preload"),
        ({"HSTS_ENABLED": "false"}, None),
    ],
)
def test_production_says_https_and_hides_the_document(
    service: Project, postgresql_url: str, hsts: dict[str, str], header: str | None
) -> None:
    settings = {"ENVIRONMENT": "production", "DATABASE_URL": postgresql_url} | hsts
    with service.serving(settings) as running:
        answer = httpx2.get(f"{running.url}/openapi.json")

    assert answer.status_code == 404
    assert answer.headers.get("Strict-Transport-Security") == header


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_turns_readiness_off_and_answers_until_the_drain_is_over(
    service: Project, workers: str
) -> None:
    with service.serving({"DRAIN_SECONDS": "2", "WORKERS": workers}) as running:
        assert httpx2.get(f"{running.url}/health/ready").status_code == 200

        started = time.monotonic()
        running.server().send_signal(signal.SIGTERM)
        while httpx2.get(f"{running.url}/health/ready").status_code == 200:
            assert time.monotonic() - started < 2, "readiness stayed on"
        answered = 0
        while time.monotonic() - started < 1.5:
            assert httpx2.get(f"{running.url}/api/v1/items").status_code == 200
            answered += 1

        assert answered > 10
        assert running.process.wait(10) == 0
        assert time.monotonic() - started >= 2


def test_large_answers_are_compressed_and_foreign_hosts_refused(service: Project) -> None:
    with service.serving({"ALLOWED_HOSTS": "127.0.0.1"}) as running:
        document = httpx2.get(f"{running.url}/openapi.json")
        foreign = httpx2.get(running.url, headers={"Host": "evil.example"})

    assert document.headers["Content-Encoding"] == "gzip"
    assert (foreign.status_code, foreign.json()["code"]) == (400, "BAD_REQUEST")


def test_each_setting_is_seen_in_a_running_service(service: Project) -> None:
    settings = {
        "LOG_FORMAT": "json",
        "SLOW_REQUEST_MS": "0.001",
        "REDACT_KEYS": "card",
        "TRUSTED_PROXIES": "127.0.0.0/8",
        "MAX_BODY_BYTES": "10",
        "GZIP_MINIMUM_BYTES": "0",
        "FRAME_OPTIONS": "SAMEORIGIN",
        "XSS_PROTECTION": "1; mode=block",
        "CSP_DEFAULT_SRC": "'self'",
        "CSP_REPORT_URI": "https://reports.example.com/csp",
        "ADDITIONAL_CORS_ORIGINS": PAGE,
        "CORS_METHODS": "GET",
        "CORS_HEADERS": "X-Mine",
    }
    with service.serving(settings) as running:
        answer = httpx2.get(
            f"{running.url}/openapi.json?card={SECRET}",
            headers={"Origin": PAGE, "X-Forwarded-For": "192.0.2.7"},
        )
        preflight = httpx2.options(
            running.url, headers={"Origin": PAGE, "Access-Control-Request-Method": "GET"}
        )
        large = httpx2.post(running.url, content=b"x" * 11)
        assert running.stop() == 0
        lines = list(_json_lines(running.output()))

    assert "Content-Encoding" not in answer.headers
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["X-XSS-Protection"] == "1; mode=block"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'; frame-ancestors 'self'")
    assert policy.endswith("report-uri https://reports.example.com/csp")
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET"
    assert "X-Mine" in preflight.headers["Access-Control-Allow-Headers"]
    assert large.status_code == 413
    line = next(line for line in lines if line.get("path") == "/openapi.json")
    assert (line["level"], line["client_ip"]) == ("warning", "192.0.2.7")
    assert line["query"] == "card=[redacted]"


def test_switches_take_requests_lines_and_origins_back(service: Project) -> None:
    settings = {
        "LOG_FORMAT": "json",
        "REQUEST_LOG_ENABLED": "false",
        "CORS_ORIGINS": PAGE,
        "CORS_ENABLED": "false",
    }
    with service.serving(settings) as running:
        answer = httpx2.get(running.url, headers={"Origin": PAGE})
        assert running.stop() == 0
        lines = list(_json_lines(running.output()))

    assert "Access-Control-Allow-Origin" not in answer.headers
    assert lines
    assert all(line["event"] != "request" for line in lines)
