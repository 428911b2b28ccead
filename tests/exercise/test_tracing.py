"""The traces of a running service, read from a real receiver."""

import asyncio
import gzip
import json
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from oteltap import OtelTapHttpProtobufReceiver, OtelTapHttpProtobufReceiverSettings

from tests.support.project import Project, Running, free_port
from tests.support.rendering import Render
from tests.support.watched import watched_service

SECRET = "hunter2-planted"  # noqa: S105 -- planted to be looked for
FAULTS = "/api/v1/faults"
PARENT = f"00-{'a' * 32}-{'b' * 16}"
FLUSH_SECONDS = 2.0
SLACK_SECONDS = 7.0
"""For a busy machine; an exporter that nothing stops tries for 10 s."""
PATIENCE = 60.0
LAST = "the last one"

Asking = Callable[[str], object]


@pytest.fixture(scope="module")
def service(rendered: Render) -> Project:
    return watched_service(rendered)


@contextmanager
def _tracing(service: Project, endpoint: str, **more: str) -> Iterator[Running]:
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "LOG_FORMAT": "json"} | more
    with service.serving(settings) as running:
        yield running


def _spans(service: Project, ask: Asking, **settings: str) -> list[Span]:
    """Return the spans of what is asked of the service, which sends the last ones as it stops."""
    port = free_port()

    def live() -> None:
        with _tracing(service, f"http://127.0.0.1:{port}", **settings) as running:
            ask(running.url)
            assert running.stop() == 0

    async def listen() -> list[Span]:
        receiver = OtelTapHttpProtobufReceiver(OtelTapHttpProtobufReceiverSettings(port))
        spans: list[Span] = []

        async def collect() -> None:
            async for span in receiver.stream_traces():
                if span.name == LAST:
                    return
                spans.append(span)

        async with receiver:
            collecting = asyncio.create_task(collect())
            await asyncio.to_thread(live)
            # One more of our own, which comes after all of the service's.
            await asyncio.to_thread(_send_last, port)
            await collecting
        return spans

    return asyncio.run(asyncio.wait_for(listen(), 3 * PATIENCE))


def _send_last(port: int) -> None:
    last = Span(name=LAST, trace_id=b"l" * 16, span_id=b"l" * 8)
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.append(last)
    httpx2.post(
        f"http://127.0.0.1:{port}/v1/traces",
        content=request.SerializeToString(),
        headers={"Content-Type": "application/x-protobuf"},
    ).raise_for_status()


def _attributes(span: Span) -> dict[str, Any]:
    return {
        each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes
    }


def test_a_request_is_one_span_with_its_queries_below(service: Project) -> None:
    spans = _spans(service, lambda url: httpx2.get(f"{url}{FAULTS}/queried").raise_for_status())

    request, query = sorted(spans, key=lambda span: span.kind)
    assert request.name == f"GET {FAULTS}/queried"
    assert request.kind == Span.SPAN_KIND_SERVER
    assert _attributes(request)["http.route"] == f"{FAULTS}/queried"
    assert _attributes(request)["http.response.status_code"] == 200
    assert (query.name, query.kind) == ("SELECT", Span.SPAN_KIND_CLIENT)
    assert (query.trace_id, query.parent_span_id) == (request.trace_id, request.span_id)
    assert _attributes(query)["db.query.text"] == "SELECT ?"
    assert "a-parameter" not in str(spans)


def test_names_are_templates_and_health_is_not_traced(service: Project) -> None:
    def ask(url: str) -> None:
        for path in ("/api/v1/items?page=2", f"{FAULTS}/refused/418", "/nowhere", "/health/ready"):
            httpx2.get(f"{url}{path}")
        httpx2.head(f"{url}/api/v1/items")

    spans = _spans(service, ask)

    servers = {span.name for span in spans if span.kind == Span.SPAN_KIND_SERVER}
    assert servers == {
        "GET /api/v1/items",
        f"GET {FAULTS}/refused/{{status}}",
        "GET",
        "HEAD /api/v1/items",
    }


def test_a_failed_request_and_a_failed_query_are_errors(service: Project) -> None:
    spans = _spans(service, lambda url: httpx2.get(f"{url}{FAULTS}/unqueryable"))

    assert {span.status.code for span in spans} == {2}
    query = next(span for span in spans if span.kind == Span.SPAN_KIND_CLIENT)
    assert _attributes(query)["error.type"] == "OperationalError"


def test_each_line_of_a_request_names_its_trace(service: Project) -> None:
    lines: list[dict[str, Any]] = []

    def ask(url: str) -> None:
        httpx2.get(f"{url}{FAULTS}/logged?token=x")
        log = next(service.path.glob(".serve-*.log")).read_text()
        lines.extend(json.loads(line) for line in log.splitlines() if line.startswith("{"))

    (span,) = _spans(service, ask)

    of_request = [line for line in lines if line["correlation_id"]]
    assert {line["event"] for line in of_request if line["event"] != "request"} == {
        "a step with token=[redacted]",
        "it went wrong with token=[redacted]",
    }
    of_request = [line for line in of_request if "health" not in line.get("path", "")]
    assert {line["trace_id"] for line in of_request} == {span.trace_id.hex()}
    assert {line["span_id"] for line in of_request} == {span.span_id.hex()}
    assert "trace_id" not in next(line for line in lines if not line["correlation_id"])


@pytest.mark.parametrize(
    ("settings", "flag", "expected"),
    [
        ({}, "01", 1),
        ({}, "00", 0),
        ({"OTEL_TRACES_SAMPLER_ARG": "0"}, "01", 1),
        ({"OTEL_TRACES_SAMPLER_ARG": "0", "OTEL_TRACES_SAMPLER": "traceidratio"}, "01", 0),
        ({"OTEL_TRACES_SAMPLER": "traceidratio"}, "00", 1),
    ],
)
def test_a_callers_trace_is_continued_and_its_flag_heeded_as_the_sampler_says(
    service: Project, settings: dict[str, str], flag: str, expected: int
) -> None:
    spans = _spans(
        service,
        lambda url: httpx2.get(url, headers={"traceparent": f"{PARENT}-{flag}"}).raise_for_status(),
        **settings,
    )

    assert [span.trace_id.hex() for span in spans] == ["a" * 32] * expected
    assert [span.parent_span_id.hex() for span in spans] == ["b" * 16] * expected


@pytest.mark.parametrize(
    "settings", [{"OTEL_TRACES_SAMPLER_ARG": "0"}, {"OTEL_SDK_DISABLED": "true"}]
)
def test_a_setting_stops_all_spans(service: Project, settings: dict[str, str]) -> None:
    def ask(url: str) -> None:
        for _ in range(20):
            httpx2.get(f"{url}{FAULTS}/queried").raise_for_status()

    assert _spans(service, ask, **settings) == []


def test_a_planted_secret_is_in_no_span(service: Project) -> None:
    def ask(url: str) -> None:
        headers = {"Authorization": SECRET, "Cookie": f"a={SECRET}", "X-Anything": SECRET}
        query = {"token": SECRET, "PASSWORD": SECRET, "page": "2"}
        httpx2.post(
            f"{url}{FAULTS}/raised/1", params=query, headers=headers, json={"password": SECRET}
        )
        httpx2.get(f"{url}{FAULTS}/quoted", params=query, headers=headers)
        httpx2.get(f"{url}/nowhere", params=query, headers=headers)

    spans = _spans(service, ask)

    assert SECRET not in str(spans)
    assert {_attributes(span)["url.query"] for span in spans} == {
        "token=[redacted]&PASSWORD=[redacted]&page=2"
    }


def test_workers_send_their_own_spans(service: Project) -> None:
    def ask(url: str) -> None:
        for _ in range(20):
            httpx2.get(f"{url}/config").raise_for_status()

    spans = _spans(service, ask, WORKERS="2")

    assert len({span.trace_id for span in spans}) == 20


@pytest.mark.parametrize("state", ["is down", "hangs"])
def test_without_a_collector_requests_and_the_stop_go_on(service: Project, state: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1] if state == "hangs" else free_port()
        with _tracing(service, f"http://127.0.0.1:{port}", OTEL_BSP_SCHEDULE_DELAY="10") as running:
            started = time.monotonic()
            with httpx2.Client() as client:
                for _ in range(100):
                    client.get(f"{running.url}/config").raise_for_status()
            served = time.monotonic() - started
            started = time.monotonic()
            running.server().send_signal(signal.SIGTERM)
            assert running.process.wait(PATIENCE) == 0
            stopped = time.monotonic() - started

    assert served < 100 * 0.5, "a request waited for the collector"
    assert stopped < FLUSH_SECONDS + SLACK_SECONDS


@pytest.mark.parametrize(
    ("name", "expected"),
    [({}, "watched-service"), ({"OTEL_SERVICE_NAME": "the-shop"}, "the-shop")],
)
def test_headers_and_name_of_the_settings_reach_the_collector(
    service: Project, name: dict[str, str], expected: str
) -> None:
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as collector:

        def answer() -> None:
            connection, _ = collector.accept()
            with connection, connection.makefile("rb") as request:
                head = b"".join(iter(request.readline, b"\r\n"))
                (length,) = re.findall(rb"content-length: (\d+)", head.lower())
                seen.extend([head.lower(), request.read(int(length))])
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with _tracing(
            service,
            f"http://127.0.0.1:{collector.getsockname()[1]}",
            OTEL_EXPORTER_OTLP_HEADERS="X-Tenant=a%20b,Authorization=Bearer%20key",
            **name,
        ) as running:
            httpx2.get(f"{running.url}/config").raise_for_status()
            assert running.stop() == 0
        thread.join(PATIENCE)

    assert b"post /v1/traces " in seen[0]
    assert b"x-tenant: a b\r\n" in seen[0]
    assert b"authorization: bearer key\r\n" in seen[0]
    body = gzip.decompress(seen[1]) if b"content-encoding: gzip" in seen[0] else seen[1]
    (spans,) = ExportTraceServiceRequest.FromString(body).resource_spans
    resource = {each.key: each.value.string_value for each in spans.resource.attributes}
    assert resource["service.name"] == expected


@pytest.mark.parametrize(("patience", "outcome"), [("1", "gives up"), ("60", "waits")])
def test_how_long_the_collector_may_take_is_a_setting(
    service: Project, patience: str, outcome: str
) -> None:
    settings = {"OTEL_EXPORTER_OTLP_TIMEOUT": patience, "OTEL_BSP_SCHEDULE_DELAY": "10"}
    with socket.create_server(("127.0.0.1", 0)) as collector:
        endpoint = f"http://127.0.0.1:{collector.getsockname()[1]}"
        with _tracing(service, endpoint, **settings) as running:
            httpx2.get(f"{running.url}/config").raise_for_status()
            connection, _ = collector.accept()
            with connection:
                connection.settimeout(4)
                try:
                    # It closes the connection, on which nothing is answered, when it gives up.
                    while connection.recv(65536):
                        continue
                    seen = "gives up"
                except TimeoutError:
                    seen = "waits"

    assert seen == outcome


def test_without_an_endpoint_nothing_is_loaded_or_added(service: Project) -> None:
    with service.serving({"LOG_FORMAT": "json"}) as running:
        assert httpx2.get(f"{running.url}/config").json()["features"]["tracing"] is False
        assert running.stop() == 0
        assert "trace_id" not in running.output()
    package = service.answers["package_name"]
    loaded = service.run(
        *("uv", "run", "--frozen", "python", "-c"),
        f"import sys, {package}.app as a; a.create_app()\n"
        f"print('slipway_kit.spans' in sys.modules)",
    ).stdout

    assert loaded.strip().endswith("False")
