"""What a running service reports, read from a real sink."""

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.project import Project, Running, free_port
from tests.support.rendering import Render
from tests.support.watched import watched_service

SECRET = "hunter2-planted"  # noqa: S105 -- planted to be looked for
FAULTS = "/api/v1/faults"
PATIENCE = 60.0
FLUSH_SECONDS = 2.0
SLACK_SECONDS = 7.0
"""For a busy machine, on which the end of make and uv alone takes a second."""


class Sink:
    """Kent, which takes what a Sentry SDK sends and shows it."""

    def __init__(self, url: str, process: subprocess.Popen[bytes]) -> None:
        self.url = url
        self.process = process
        self.dsn = url.replace("http://", "http://public@") + "/1"

    def received(self) -> list[dict[str, Any]]:
        """Return all that has come: events, transactions, and what else there is."""
        listed = httpx2.get(f"{self.url}/api/eventlist/").json()["events"]
        return [
            httpx2.get(f"{self.url}/api/event/{each['event_id']}").json()["payload"]
            for each in listed
        ]

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        """Return the events, or the transactions."""
        return [each["body"] for each in self.received() if each["header"]["type"] == kind]


@pytest.fixture(scope="module")
def service(rendered: Render) -> Project:
    return watched_service(rendered)


@pytest.fixture
def sink() -> Iterator[Sink]:
    port = free_port()
    process = subprocess.Popen(
        [Path(sys.executable).parent / "kent-server", "run", f"--port={port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"FLASK_DEBUG": "0"},
    )
    try:
        sink = Sink(f"http://127.0.0.1:{port}", process)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                sink.received()
                break
            except httpx2.HTTPError:
                assert time.monotonic() < deadline, "the sink does not respond"
                time.sleep(0.05)
        yield sink
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


@contextmanager
def _reporting(service: Project, sink: Sink, **more: str) -> Iterator[Running]:
    settings = {"SENTRY_DSN": sink.dsn, "LOG_FORMAT": "json", "ENVIRONMENT": "staging"} | more
    with service.serving(settings) as running:
        yield running


def _exception(event: dict[str, Any]) -> str:
    return str(event["exception"]["values"][-1]["value"])


def test_an_error_is_one_event_that_names_its_request(service: Project, sink: Sink) -> None:
    with _reporting(service, sink, APP_VERSION="1.2.3") as running:
        answer = httpx2.post(
            f"{running.url}{FAULTS}/raised/7?page=2", headers={"X-Correlation-ID": "abc"}
        )
        assert answer.status_code == 500
        assert httpx2.get(f"{running.url}/config").json()["features"]["sentry"] is True
        assert running.stop() == 0

    (event,) = sink.bodies("event")
    assert _exception(event).startswith("it broke at ")
    assert event["exception"]["values"][-1]["mechanism"]["handled"] is False
    assert event["tags"]["correlation_id"] == "abc"
    assert event["environment"] == "staging"
    assert event["release"] == "watched-service@1.2.3"
    assert event["user"] == {"id": "user-7"}
    assert event["transaction"] == f"{FAULTS}/raised/{{number}}"
    assert event["request"]["method"] == "POST"
    assert event["request"]["url"] == f"{running.url}{FAULTS}/raised/7"
    assert event["request"]["query_string"] == "page=2"


def test_a_planted_secret_is_in_nothing_that_was_received(service: Project, sink: Sink) -> None:
    with _reporting(
        service, sink, SENTRY_TRACES_SAMPLE_RATE="1", SENTRY_PROFILES_SAMPLE_RATE="1"
    ) as running:
        url = f"{running.url}{FAULTS}"
        query = {"token": SECRET, "page": "2"}
        headers = {
            "Authorization": f"Bearer {SECRET}",
            "Cookie": f"session={SECRET}",
            "X-Api-Key": SECRET,
            "X-Anything": SECRET,
        }
        httpx2.post(f"{url}/raised/1", params=query, headers=headers, json={"password": SECRET})
        httpx2.post(f"{url}/raised/2", params=query, headers=headers, data={"card": SECRET})
        httpx2.get(f"{url}/quoted", params=query)
        httpx2.get(f"{url}/logged", params=query)
        httpx2.get(f"{running.url}/api/v1/items", params=query, headers=headers)
        assert running.stop() == 0

    events, transactions = sink.bodies("event"), sink.bodies("transaction")
    assert len(events) == 4
    assert len(transactions) == 5
    assert SECRET not in json.dumps(sink.received())
    assert all("vars" not in json.dumps(event) for event in events)
    assert events[0]["request"]["query_string"] == "token=[redacted]&page=2"


def test_every_kind_of_error_is_one_event(service: Project, sink: Sink) -> None:
    with _reporting(service, sink) as running:
        url = f"{running.url}{FAULTS}"
        for path in ("thread", "background", "logged?token=x", "unqueryable"):
            httpx2.get(f"{url}/{path}", headers={"X-Correlation-ID": path.partition("?")[0]})
        assert running.stop() == 0

    events = sink.bodies("event")
    # What is left for after an answer may be reported after the next request's.
    of = {event["tags"]["correlation_id"]: event for event in events}
    assert len(events) == len(of)
    assert of.keys() == {"thread", "background", "logged", "unqueryable"}
    assert of["logged"]["logentry"]["formatted"] == "it went wrong with token=[redacted]"
    assert [crumb["message"] for crumb in of["logged"]["breadcrumbs"]["values"]] == [
        "a step with token=[redacted]"
    ]


def test_what_a_client_does_wrong_is_no_event(service: Project, sink: Sink) -> None:
    with _reporting(service, sink) as running:
        url = f"{running.url}{FAULTS}"
        statuses = [httpx2.get(f"{url}/refused/{status}").status_code for status in (401, 403, 429)]
        statuses.append(httpx2.get(f"{running.url}/nowhere").status_code)
        statuses.append(httpx2.post(url).status_code)
        statuses.append(httpx2.get(f"{url}/quoted").status_code)
        statuses.append(httpx2.post(f"{url}/raised/1", content=b"x" * 2**21).status_code)
        assert running.stop() == 0

    assert statuses == [401, 403, 429, 404, 404, 422, 413]
    assert sink.bodies("event") == []


def test_a_lost_database_is_an_event_for_each_request_that_it_failed(
    service: Project, sink: Sink, tmp_path: Path
) -> None:
    with _reporting(service, sink, DATABASE_URL=f"sqlite:///{tmp_path}/gone/x.db") as running:
        assert httpx2.get(f"{running.url}/api/v1/items").status_code == 503
        assert httpx2.get(f"{running.url}/health/ready").status_code == 503
        assert running.stop() == 0

    (event,) = sink.bodies("event")
    assert event["logentry"]["formatted"].startswith("The database does not respond")
    assert event["transaction"] == "/api/v1/items"


def test_a_failed_start_is_one_event(service: Project, sink: Sink) -> None:
    settings = {"SENTRY_DSN": sink.dsn, "FAIL_AT_START": "1", "PORT": str(free_port())}

    done = service.make("serve", check=False, env=settings)

    assert done.returncode != 0
    (event,) = sink.bodies("event")
    assert _exception(event) == "it cannot start"
    assert event["exception"]["values"][-1]["mechanism"]["handled"] is False


@pytest.mark.parametrize("workers", ["1", "2"])
def test_transactions_carry_the_whole_template_and_queries_without_values(
    service: Project, sink: Sink, workers: str
) -> None:
    with _reporting(service, sink, SENTRY_TRACES_SAMPLE_RATE="1", WORKERS=workers) as running:
        for path in (
            f"{FAULTS}/queried",
            "/api/v1/items/00000000-0000-0000-0000-000000000000",
            "/nowhere/at/all",
            "/health",
            "/health/live",
        ):
            httpx2.get(f"{running.url}{path}", headers={"X-Correlation-ID": "abc"})
        assert running.stop() == 0

    transactions = sink.bodies("transaction")
    names = [transaction["transaction"] for transaction in transactions]
    assert sorted(names) == ["/api/v1/faults/queried", "/api/v1/items/{item_id}", "unmatched"]
    queried = transactions[names.index("/api/v1/faults/queried")]
    assert queried["tags"]["correlation_id"] == "abc"
    assert queried["contexts"]["trace"]["status"] == "ok"
    assert "SELECT ?" in [span["description"] for span in queried["spans"]]
    assert "a-parameter" not in json.dumps(queried)


@pytest.mark.parametrize(("rate", "profiles"), [("1", 1), ("0", 0)])
def test_the_share_of_profiles_is_a_setting(
    service: Project, sink: Sink, rate: str, profiles: int
) -> None:
    rates = {"SENTRY_TRACES_SAMPLE_RATE": "1", "SENTRY_PROFILES_SAMPLE_RATE": rate}
    with _reporting(service, sink, **rates) as running:
        httpx2.get(f"{running.url}{FAULTS}/busy").raise_for_status()
        assert running.stop() == 0

    assert len(sink.bodies("transaction")) == 1
    assert len(sink.bodies("profile")) == profiles


def test_a_caller_cannot_have_its_requests_sampled(service: Project, sink: Sink) -> None:
    with _reporting(service, sink, SENTRY_TRACES_SAMPLE_RATE="0") as running:
        httpx2.get(running.url, headers={"sentry-trace": f"{'a' * 32}-{'b' * 16}-1"})
        assert running.stop() == 0

    assert sink.bodies("transaction") == []


def _median_ms(url: str) -> float:
    with httpx2.Client() as client:
        times = []
        for _ in range(60):
            started = time.perf_counter()
            client.get(url)
            times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


@pytest.mark.parametrize("state", ["refuses", "is frozen", "takes nothing"])
def test_without_a_response_from_sentry_requests_and_the_stop_go_on(
    service: Project, sink: Sink, state: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dsn = sink.dsn
        if state == "refuses":
            dsn = f"http://public@127.0.0.1:{free_port()}/1"
        elif state == "takes nothing":
            dsn = f"http://public@127.0.0.1:{silent.getsockname()[1]}/1"
        else:
            sink.process.send_signal(signal.SIGSTOP)
        settings = {"SENTRY_DSN": dsn, "SENTRY_TRACES_SAMPLE_RATE": "1"}
        with service.serving(settings) as running:
            assert httpx2.post(f"{running.url}{FAULTS}/raised/1").status_code == 500
            served_ms = _median_ms(f"{running.url}{FAULTS}/refused/418")
            started = time.monotonic()
            assert running.stop() == 0
            stopped = time.monotonic() - started

    assert served_ms < 1000, "a request waited for Sentry"
    assert stopped < FLUSH_SECONDS + SLACK_SECONDS


def test_without_a_dsn_the_sdk_is_not_even_loaded(service: Project) -> None:
    with service.serving() as running:
        assert httpx2.get(f"{running.url}/config").json()["features"]["sentry"] is False
        assert running.stop() == 0
    package = service.answers["package_name"]
    loaded = service.run(
        *("uv", "run", "--frozen", "python", "-c"),
        f"import sys, {package}.app as a; a.create_app(); print('sentry_sdk' in sys.modules)",
    ).stdout

    assert loaded.strip().endswith("False")
