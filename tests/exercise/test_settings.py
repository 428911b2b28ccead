"""What settings change in a running service, and what its log says."""

import itertools
import json
import signal
import socket
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest

from tests.support.accounts import TRUSTING
from tests.support.metrics import Metrics
from tests.support.project import Project
from tests.support.servers import scratch_database
from tests.support.variants import on_each_framework

ITEMS = "/api/v1/items"
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
    written = [line["correlation_id"] for line in requests]
    if workers == "2":  # the one that is asked later may be the first to write
        written.sort(key=identifiers.index)
    assert written == identifiers
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
    mail = {"SMTP_HOST": "mail.example.com", "MAIL_FROM": "no-reply@example.com"}
    settings = {"ENVIRONMENT": "production", "DATABASE_URL": postgresql_url} | mail | hsts
    settings["METRICS_TOKEN"] = "fedcba9876543210"  # noqa: S105 -- guards nothing
    with service.serving(settings) as running:
        answer = httpx2.get(f"{running.url}/openapi.json")

    assert answer.status_code == 404
    assert answer.headers.get("Strict-Transport-Security") == header


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_turns_readiness_off_and_responds_until_the_drain_is_over(
    service: Project, workers: str
) -> None:
    settings = {"DRAIN_SECONDS": "5", "WORKERS": workers, "RATE_LIMIT_ENABLED": "false"}
    with service.serving(settings) as running:
        assert httpx2.get(f"{running.url}/health/ready").status_code == 200

        started = time.monotonic()
        running.server().send_signal(signal.SIGTERM)
        while httpx2.get(f"{running.url}/health/ready").status_code == 200:
            continue  # until the drain is over, when no connection is taken any more
        for _ in range(10):
            assert httpx2.get(f"{running.url}/api/v1/items").status_code == 200

        assert running.process.wait(60) == 0
        assert time.monotonic() - started >= 5


def test_large_responses_are_compressed_and_foreign_hosts_refused(service: Project) -> None:
    with service.serving({"ALLOWED_HOSTS": "127.0.0.1"}) as running:
        document = httpx2.get(f"{running.url}/openapi.json")
        foreign = httpx2.get(running.url, headers={"Host": "evil.example"})

    assert document.headers["Content-Encoding"] == "gzip"
    assert (foreign.status_code, foreign.json()["code"]) == (400, "BAD_REQUEST")


HOSTS = [
    ("api.ok.example", 200),
    ("API.OK.EXAMPLE:8000", 200),
    ("api.ok.example.", 200),
    ("[::1]:8000", 200),
    ("ok.example", 400),
    ("evil.example/x.ok.example", 400),
    ("evil.example?.ok.example", 400),
    ("evil.example#.ok.example", 400),
    ("evil.example\\.ok.example", 400),
    ("user@.ok.example", 400),
    ("evil.example:1.ok.example", 400),
    ("api.ok.example:", 200),
    ("api.ok.example:80x", 400),
    ("api.ok.example..", 400),
    (".ok.example", 400),
    ("", 400),
]


@on_each_framework
def test_only_a_well_formed_name_of_the_listed_hosts_is_accepted(service: Project) -> None:
    allowed = "*.ok.example,[::1]"
    with service.serving({"ALLOWED_HOSTS": allowed}) as running:
        told = [(host, _status_of_hosts(running.url, host)) for host, _ in HOSTS]
        twice = _status_of_hosts(running.url, "api.ok.example", "evil.example")

    assert told == HOSTS
    assert twice == 400


def _status_of_hosts(url: str, *hosts: str) -> int:
    """Return the status of a response to a request with these Host headers."""
    place = urlsplit(url)
    lines = "".join(f"Host: {host}\r\n" for host in hosts)
    with socket.create_connection(
        (place.hostname or "", place.port or 0), timeout=10
    ) as connection:
        connection.sendall(f"GET /config HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode())
        return int(connection.makefile("rb").readline().split()[1])


# IPv6 documentation addresses (RFC 3849): one network of a client's provider, and the next.
NEIGHBOURS = ["2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1:0:5efe:c000:201"]


@on_each_framework
def test_addresses_of_one_ipv6_network_count_as_one_client(service: Project) -> None:
    settings = {"RATE_LIMIT_DEFAULT": "3/hour", "LOG_FORMAT": "json", **TRUSTING}
    with service.serving(settings) as running:
        same = [_left(running.url, address) for address in NEIGHBOURS]
        beyond = [_left(running.url, each) for each in (NEIGHBOURS[0], "2001:db8:0:2::1")]
        mapped = [_left(running.url, each) for each in ("192.0.2.7", "::ffff:192.0.2.7")]
        zoned = [_left(running.url, each) for each in ("fe80::1%eth0", "fe80::2%eth1")]
        assert running.stop() == 0
        lines = list(_json_lines(running.output()))

    assert same == [(200, 2), (200, 1), (200, 0)]
    assert beyond == [(429, 0), (200, 2)]
    assert mapped == [(200, 2), (200, 1)]
    assert zoned == [(200, 2), (200, 1)]
    logged = [line["client_ip"] for line in lines if line.get("path") == ITEMS]
    assert logged[:3] == NEIGHBOURS


@on_each_framework
def test_how_large_an_ipv6_network_counts_as_one_client_is_a_setting(service: Project) -> None:
    settings = {"RATE_LIMIT_DEFAULT": "3/hour", "RATE_LIMIT_IPV6_PREFIX": "128", **TRUSTING}
    with service.serving(settings) as running:
        assert [_left(running.url, each) for each in NEIGHBOURS] == [(200, 2)] * 3


def _left(url: str, address: str) -> tuple[int, int]:
    """Return what a client at an address is told, and how often it may come again."""
    answer = httpx2.get(url + ITEMS, headers={"X-Forwarded-For": address})
    return answer.status_code, int(answer.headers["X-RateLimit-Remaining"])


# What production asks for, and nothing more.
FIT = {
    "ENVIRONMENT": "production",
    "DATABASE_URL": "postgresql://service:hunter2@127.0.0.1:1/service",
    "SECRET_KEY": "0b8e6f1d2c3a49578695a4b3c2d1e0f9",
    "METRICS_TOKEN": "fedcba9876543210",
    "SMTP_HOST": "mail.example.com",
    "MAIL_FROM": "no-reply@example.com",
}
UNFIT = [
    ({}, ""),
    ({"SECRET_KEY": "a" * 32}, "SECRET_KEY: "),
    ({"SECRET_KEY_FALLBACKS": "swordfish " * 4}, "SECRET_KEY_FALLBACKS: "),
    ({"METRICS_TOKEN": ""}, "METRICS_TOKEN: "),
    ({"METRICS_TOKEN": "", "METRICS_PUBLIC": "true"}, ""),
    ({"METRICS_TOKEN": "", "METRICS_ENABLED": "false"}, ""),
    ({"METRICS_TOKEN": "fifteen-letters"}, "METRICS_TOKEN: "),
    ({"DATABASE_URL": "postgresql://user:password@database/service"}, "DATABASE_URL: "),
    ({"TRUSTED_PROXIES": "10.0.0.0/8,0.0.0.0/0"}, "TRUSTED_PROXIES: "),
    ({"TRUSTED_PROXIES": "0.0.0.0/1,128.0.0.0/1"}, "TRUSTED_PROXIES: "),
    ({"DOCS_ENABLED": "true"}, "DOCS_ENABLED: "),
    ({"DOCS_ENABLED": "true", "ALLOWED_IN_PRODUCTION": "DOCS_ENABLED"}, ""),
    ({"CORS_ORIGINS": f"{PAGE},null", "CORS_CREDENTIALS": "true"}, "CORS_CREDENTIALS: "),
    ({"ADDITIONAL_CORS_ORIGINS": "null", "CORS_CREDENTIALS": "true"}, "CORS_CREDENTIALS: "),
]


@on_each_framework
@pytest.mark.parametrize(("given", "finding"), UNFIT, ids=lambda each: str(each)[:60])
def test_check_finds_what_opens_production(
    default_service: Project, given: dict[str, str], finding: str
) -> None:
    done = default_service.make("--silent", "check", check=False, env=FIT | given)

    lines = [line for line in done.stdout.splitlines() if not line.startswith("make")]
    assert done.returncode == (2 if finding else 0), done.stdout
    assert len(lines) == 1
    assert lines[0].startswith(finding or "The settings are fit for production")
    secrets = {given.get(name) for name in ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "METRICS_TOKEN")}
    assert not any(secret in done.stdout for secret in secrets if secret)


@on_each_framework
def test_metrics_are_public_in_production_only_where_a_setting_says_so(
    service: Project, postgresql_url: str
) -> None:
    settings = {"ENVIRONMENT": "production", "DATABASE_URL": postgresql_url}
    token = {"METRICS_TOKEN": "fedcba9876543210"}

    with pytest.raises(AssertionError, match="METRICS_TOKEN: "), service.serving(settings):
        pass
    with service.serving(settings | token) as running:
        anonymous = httpx2.get(f"{running.url}/metrics")
    with service.serving(settings | {"METRICS_PUBLIC": "true"}) as running:
        public = httpx2.get(f"{running.url}/metrics")

    assert (anonymous.status_code, public.status_code) == (401, 200)


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
        "CSP_SCRIPT_SRC": "https://cdn.example.com",
        "CSP_STYLE_SRC": '["https://a.example.com", "https://b.example.com"]',
        "CSP_IMG_SRC": "data:",
        "CSP_CONNECT_SRC": "https://api.example.com",
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
    assert policy.startswith(
        "default-src 'self'; script-src https://cdn.example.com;"
        " style-src https://a.example.com https://b.example.com; img-src data:;"
        " connect-src https://api.example.com; frame-ancestors 'self'"
    )
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


def _reads(url: str, times: int) -> tuple[float, float]:
    """Make an item, read it so often, and return how often the cache had it and had it not."""
    place = httpx2.post(f"{url}{ITEMS}", json={"name": f"Read {uuid.uuid4()}"}).headers["Location"]
    for _ in range(times):
        httpx2.get(url + place).raise_for_status()
    shown = Metrics.of(url)
    return shown.sum("cache_hits_total"), shown.sum("cache_misses_total")


@on_each_framework
@pytest.mark.parametrize(
    ("settings", "hits"),
    [
        ({}, 9),
        ({"CACHE_ENABLED": "false"}, 0),
        # Its workers could not tell each other of changes.
        ({"WORKERS": "2"}, 0),
    ],
)
def test_what_is_read_is_kept_unless_switched_off_or_not_shared(
    service: Project, settings: dict[str, str], hits: int
) -> None:
    with service.serving(settings) as running:
        assert _reads(running.url, 10) == (hits, 10 - hits)


def test_workers_keep_what_is_read_in_redis(service: Project, valkey_url: str) -> None:
    for settings, hits in (({}, 9), ({"CACHE_ENABLED": "false"}, 0)):
        with service.serving({"WORKERS": "2", "REDIS_URL": valkey_url} | settings) as running:
            assert _reads(running.url, 10) == (hits, 10 - hits)


@pytest.mark.parametrize("shared", [False, True], ids=["in process", "in Redis"])
def test_how_long_a_value_is_kept_is_a_setting(
    service: Project, valkey_url: str, *, shared: bool
) -> None:
    settings = {"CACHE_SECONDS": "1", "RATE_LIMIT_ENABLED": "false"}
    if shared:
        settings["REDIS_URL"] = valkey_url
    with service.serving(settings) as running:
        place = httpx2.post(f"{running.url}{ITEMS}", json={"name": f"Kept {uuid.uuid4()}"}).headers[
            "Location"
        ]
        httpx2.get(running.url + place).raise_for_status()
        started = time.monotonic()
        while Metrics.of(running.url).sum("cache_misses_total") < 2:
            assert time.monotonic() - started < 50, "it was kept for longer"
            httpx2.get(running.url + place).raise_for_status()

    assert time.monotonic() - started > 0.9


def test_a_client_has_a_hundred_requests_a_minute_unless_a_setting_says_otherwise(
    service: Project,
) -> None:
    limits = []
    for settings in ({}, {"RATE_LIMIT_DEFAULT": "7/hour"}):
        with service.serving(settings) as running:
            headers = httpx2.get(f"{running.url}{ITEMS}").headers
            limits.append((headers["X-RateLimit-Limit"], headers["X-RateLimit-Reset"]))

    # Until one request has come back: less than a second, and a seventh of an hour.
    assert limits == [("100", "1"), ("7", "515")]


def test_limits_can_be_switched_off(service: Project) -> None:
    settings = {"RATE_LIMIT_DEFAULT": "1/hour", "RATE_LIMIT_ENABLED": "false"}
    with service.serving(settings) as running:
        answers = [httpx2.get(f"{running.url}{ITEMS}") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert not any(name.startswith("x-ratelimit") for a in answers for name in a.headers)


def test_a_level_is_taken_as_everybody_writes_it(service: Project) -> None:
    with service.serving({"LOG_FORMAT": "JSON", "LOG_LEVEL": "WARNING"}) as running:
        httpx2.get(running.url)
        assert running.stop() == 0
        lines = list(_json_lines(running.output()))

    assert lines == []


def test_what_refuses_gzip_gets_none(service: Project) -> None:
    with service.serving() as running:
        url = f"{running.url}/openapi.json"
        refused = httpx2.get(url, headers={"Accept-Encoding": "br, gzip;q=0"})
        taken = httpx2.get(url, headers={"Accept-Encoding": "br, gzip;q=0.1"})

    assert "Content-Encoding" not in refused.headers
    assert taken.headers["Content-Encoding"] == "gzip"


def test_the_pool_of_connections_is_a_setting(service: Project, postgresql_url: str) -> None:
    with scratch_database(postgresql_url) as url:
        service.make("migrate", env={"DATABASE_URL": url})
        settings = {
            "DATABASE_URL": url,
            "DATABASE_POOL_SIZE": "1",
            "DATABASE_MAX_OVERFLOW": "2",
            "DATABASE_TIMEOUT": "1.5",
        }
        with service.serving(settings) as running, psycopg.connect(url) as other:

            def connections() -> int:
                row = other.execute(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                ).fetchone()
                assert row
                return int(row[0])

            def read(_: int) -> tuple[int, float]:
                started = time.monotonic()
                status = httpx2.get(f"{running.url}{ITEMS}", timeout=20).status_code
                return status, time.monotonic() - started

            # Whoever has a connection now keeps it, and the rest wait for one.
            other.execute("LOCK TABLE items")
            with ThreadPoolExecutor(5) as pool:
                reads = [pool.submit(read, number) for number in range(5)]
                refused = [done.result() for done in itertools.islice(as_completed(reads), 2)]
                held = connections()
                other.rollback()
                statuses = sorted(read.result()[0] for read in reads)
            other.rollback()
            kept = connections()

    assert [status for status, _ in refused] == [503, 503]
    assert all(1.5 <= seconds < 5 for _, seconds in refused), "5 s are the default"
    assert statuses == [200, 200, 200, 503, 503]
    assert (held, kept) == (3, 1)
