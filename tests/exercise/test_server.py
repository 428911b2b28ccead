"""Deadlines and bounds for what clients send, and what refused ones find in log and metrics."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx2
import pytest

from tests.support.metrics import Metrics
from tests.support.project import Project, Running
from tests.support.sockets import HANDSHAKE, PATIENCE, connected, is_closed, read_response
from tests.support.variants import on_each_framework

HEAD = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n"
POST = (
    b"POST /api/v1/items HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: 100\r\n\r\n{"
)
STALLED = 400
MEGABYTE = 2**20


@pytest.fixture(scope="module")
def running(service: Project) -> Iterator[Running]:
    """The service, with short deadlines."""
    settings = {
        "HEADER_TIMEOUT": "2",
        "BODY_TIMEOUT": "2",
        "RATE_LIMIT_ENABLED": "false",
        "LOG_FORMAT": "json",
    }
    with service.serving(settings) as running:
        yield running


@pytest.fixture
def client(running: Running) -> Iterator[socket.socket]:
    """A connection to the service."""
    with connected(running.url) as client:
        yield client


@on_each_framework
def test_headers_that_do_not_arrive_in_time_are_a_408_problem(client: socket.socket) -> None:
    client.sendall(HEAD)

    response = read_response(client)

    assert response.status_code == 408
    assert response.json()["code"] == "REQUEST_TIMEOUT"
    assert response.headers["X-Correlation-ID"] == response.json()["correlation_id"]
    assert is_closed(client)


@on_each_framework
@pytest.mark.parametrize(
    ("most", "largest", "statuses"),
    [("10", "2048", [200, 431, 431]), ("200", "65536", [200, 200, 200])],
    ids=["lowered", "raised"],
)
def test_the_bounds_of_headers_are_settings(
    service: Project, most: str, largest: str, statuses: list[int]
) -> None:
    heads = (HEAD, HEAD + b"a: b\r\n" * 150, HEAD + b"a: " + b"b" * 40_000 + b"\r\n")
    found = []
    with service.serving({"MAX_HEADERS": most, "MAX_HEADER_BYTES": largest}) as running:
        for head in heads:
            with connected(running.url) as client:
                client.sendall(head + b"\r\n")
                found.append(read_response(client).status_code)

    assert found == statuses


@on_each_framework
@pytest.mark.parametrize("begin", [b"", b"\r\n"], ids=["nothing", "an empty line"])
def test_a_connection_without_a_request_is_closed(client: socket.socket, begin: bytes) -> None:
    client.sendall(begin)

    assert is_closed(client)


@on_each_framework
def test_the_headers_of_a_further_request_have_a_deadline_too(client: socket.socket) -> None:
    client.sendall(HEAD + b"\r\n")
    assert read_response(client).status_code == 200

    client.sendall(HEAD)

    assert read_response(client).status_code == 408


@on_each_framework
def test_a_body_that_does_not_arrive_in_time_is_a_408_problem(client: socket.socket) -> None:
    client.sendall(POST)

    response = read_response(client)

    assert response.status_code == 408
    assert response.json()["code"] == "REQUEST_TIMEOUT"
    assert response.headers["Content-Security-Policy"]
    assert response.headers["Connection"] == "close"
    assert is_closed(client)


@on_each_framework
def test_a_body_that_comes_too_late_for_its_response_does_not_keep_the_connection(
    client: socket.socket,
) -> None:
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999999\r\n\r\n"
    client.sendall(head)
    assert read_response(client).status_code == 413

    client.sendall(b"late")

    assert is_closed(client)


@on_each_framework
def test_hundreds_of_stalled_connections_are_gone_after_the_deadline_while_others_are_served(
    running: Running,
) -> None:
    server = running.server()
    before = len(server.net_connections())
    with ExitStack() as stack:
        clients = [stack.enter_context(connected(running.url)) for _ in range(STALLED)]
        for client in clients:
            client.sendall(HEAD)

        assert httpx2.get(f"{running.url}/health/live").status_code == 200
        assert {read_response(client).status_code for client in clients} == {408}
        assert all(map(is_closed, clients))
    assert len(server.net_connections()) <= before + 1


@on_each_framework
@pytest.mark.parametrize(
    "begin",
    [
        HEAD,
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
    ],
    ids=["headers", "trailers"],
)
def test_a_flood_of_headers_takes_no_memory(running: Running, begin: bytes) -> None:
    server = running.server()
    before = server.memory_info().rss
    most = before

    with connected(running.url) as client:
        client.sendall(begin)
        try:
            for _ in range(40):
                client.sendall(b"a: b\r\n" * (MEGABYTE // 6))
                most = max(most, server.memory_info().rss)
        except (BrokenPipeError, ConnectionResetError):
            pass

    most = max(most, server.memory_info().rss)
    assert most - before < 20 * MEGABYTE


@on_each_framework
def test_a_parser_error_has_a_line_in_the_log_and_is_counted(
    running: Running, client: socket.socket
) -> None:
    client.sendall(b"GET / HTTP/1.1\r\nX-Correlation-ID: Bad-1\r\nA: b\r\nno colon\r\n\r\n")
    assert read_response(client).status_code == 400

    line = _line(running, "Bad-1")
    counted = Metrics.of(running.url)

    assert (line["status_code"], line["path"], line["client_ip"]) == (400, "/", "127.0.0.1")
    assert counted.sum("http_requests_total", endpoint="unmatched", method="OTHER", status="400")


@on_each_framework
def test_a_handshake_behind_a_request_costs_that_request_nothing(client: socket.socket) -> None:
    request = b"GET /api/v1/items HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

    client.sendall(request + b"GET /nowhere HTTP/1.1\r\n" + HANDSHAKE.encode())

    assert read_response(client).status_code == 200


@on_each_framework
def test_a_refused_websocket_has_a_line_in_the_log(running: Running, client: socket.socket) -> None:
    client.sendall(
        b"GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nX-Correlation-ID: Socket-1\r\n\r\n"
    )
    assert read_response(client).status_code == 404

    line = _line(running, "Socket-1")

    assert (line["method"], line["path"], line["status_code"]) == ("GET", "/nowhere", 404)


@pytest.mark.parametrize("framework", ["fastapi"], indirect=True)
def test_a_websocket_outlasts_the_deadline_for_headers(streaming: Project) -> None:
    with (
        streaming.serving({"HEADER_TIMEOUT": "1"}) as running,
        connected(running.url) as client,
    ):
        client.sendall(f"GET /api/v1/echo HTTP/1.1\r\n{HANDSHAKE}".encode())
        accepted = client.recv(2**16)
        time.sleep(2)
        client.sendall(b"\x81\x82\0\0\0\0hi")

        assert accepted.startswith(b"HTTP/1.1 101 ")
        assert b"x-correlation-id: " in accepted.lower()
        assert client.recv(4) == b"\x81\x02hi"


def _line(running: Running, correlation_id: str) -> dict[str, object]:
    """Return the line of a request, which is written when its response is complete."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for text in running.output().splitlines():
            if text.startswith("{") and text.endswith("}"):
                line: dict[str, object] = json.loads(text)
                if line["correlation_id"] == correlation_id and line["event"] == "request":
                    return line
        time.sleep(0.05)
    raise AssertionError(running.output())
