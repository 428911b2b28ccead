"""Section 11: what the server refuses before a route sees it."""

import socket
import uuid
from collections.abc import Iterable

import pytest

from tests.support.sockets import HANDSHAKE, RawResponse, connected, exchange
from tools.questions import Answers

ALWAYS = ("X-Content-Type-Options", "Content-Security-Policy", "X-Process-Time")
LINE = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n"
FLOOD_BYTES = 8 * 2**20
CHUNKED = b"POST /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(autouse=True)
def _server(base_url: str) -> None:
    """Skip behind a proxy, which refuses by itself what is no HTTP, and in words of its own."""
    if base_url.startswith("https:"):
        pytest.skip("a proxy stands before the server")


def _assert_problem(response: RawResponse, status: int) -> None:
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["correlation_id"] == response.headers["X-Correlation-ID"]
    for name in ALWAYS:
        assert response.headers[name]


def _flood(piece: bytes) -> Iterable[bytes]:
    yield from [piece * (2**16 // len(piece))] * (FLOOD_BYTES // 2**16)


def _send_floods(client: socket.socket, begin: bytes, piece: bytes) -> None:
    """Send far more than the buffers on the way, as of a forwarded port, can take."""
    client.sendall(begin)
    for _ in range(32):
        client.sendall(b"".join(_flood(piece)))


@pytest.mark.parametrize(
    "head",
    [
        LINE + b"a: b\r\n" * 101 + b"\r\n",
        LINE + b"a: " + b"b" * 33_000 + b"\r\n\r\n",
        b"GET /?" + b"q" * 33_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
    ids=["count", "bytes", "target"],
)
def test_too_many_or_too_large_headers_are_431(base_url: str, head: bytes) -> None:
    response = exchange(base_url, head)

    _assert_problem(response, 431)
    assert response.json()["code"] == "HEADERS_TOO_LARGE"
    assert response.headers["Connection"] == "close"


def test_headers_within_the_bounds_are_served(base_url: str) -> None:
    head = LINE + b"a: " + b"b" * 8000 + b"\r\n" + b"a: b\r\n" * 90 + b"Connection: close\r\n\r\n"

    assert exchange(base_url, head).status_code == 200


@pytest.mark.parametrize("piece", [b"a: b\r\n", b"a" * 64], ids=["many", "one"])
def test_headers_without_an_end_are_431(base_url: str, piece: bytes) -> None:
    response = exchange(base_url, LINE, b"a: ", *_flood(piece))

    _assert_problem(response, 431)


@pytest.mark.parametrize(
    ("begin", "piece"),
    [(b"1;a=", b"a" * 64), (b"1\r\na\r\n0\r\n", b"a: b\r\n"), (b"1\r\na\r\n0\r\na: ", b"a" * 64)],
    ids=["chunk extension", "trailers", "one trailer"],
)
def test_a_chunked_body_without_an_end_of_its_framing_is_refused(
    base_url: str, begin: bytes, piece: bytes
) -> None:
    with (
        connected(base_url) as client,
        pytest.raises((BrokenPipeError, ConnectionResetError)),
    ):
        _send_floods(client, CHUNKED + begin, piece)


@pytest.mark.parametrize(
    "request_text",
    [
        b"\x16\x03\x01\x02\x00\x01\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /nowhere HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET /nowhere HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
    ids=["tls", "version", "header", "length", "target"],
)
def test_what_is_no_http_is_a_problem(base_url: str, request_text: bytes) -> None:
    response = exchange(base_url, request_text)

    _assert_problem(response, 400)
    assert uuid.UUID(response.headers["X-Correlation-ID"])
    assert response.headers["Connection"] == "close"


def test_a_broken_body_of_a_request_in_progress_is_a_problem(
    base_url: str, answers: Answers
) -> None:
    if answers.get("auth") == "none" or answers["database"] == "none":
        pytest.skip("no operation reads a body without a token")
    head = (
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )

    response = exchange(base_url, head + b"zz\r\n")

    _assert_problem(response, 400)


def test_a_parser_error_keeps_the_callers_correlation_id(base_url: str) -> None:
    response = exchange(
        base_url, b"GET /nowhere HTTP/1.1\r\nX-Correlation-ID: Order-1\r\nA: b\r\nno colon\r\n\r\n"
    )

    assert response.headers["X-Correlation-ID"] == "Order-1"


def test_a_request_before_a_parser_error_gets_its_response(base_url: str) -> None:
    with connected(base_url) as client:
        client.sendall(LINE + b"\r\n" + b"no HTTP\r\n\r\n")
        received = b""
        while part := client.recv(2**16):
            received += part

    assert received.startswith(b"HTTP/1.1 200 ")


def test_a_websocket_that_no_route_takes_is_a_404_problem(base_url: str) -> None:
    response = exchange(base_url, b"GET /nowhere HTTP/1.1\r\n" + HANDSHAKE.encode())

    _assert_problem(response, 404)
    assert response.json()["instance"] == "/nowhere"


@pytest.mark.parametrize(
    ("method", "old", "new"),
    [
        ("POST", "", ""),
        ("GET", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "X: y"),
        ("GET", "AAAAAAAAAAAAAAAAAAAAAA==", "AAAA"),
        ("GET", "Version: 13", "Version: 12"),
        ("GET", "Host", "Long: " + "x" * 9000 + "\r\nHost"),
    ],
    ids=["method", "no key", "key", "version", "long header"],
)
def test_a_malformed_websocket_handshake_is_a_problem(
    base_url: str, method: str, old: str, new: str
) -> None:
    head = f"{method} /nowhere HTTP/1.1\r\n{HANDSHAKE}".replace(old, new, 1)

    response = exchange(base_url, head.encode())

    _assert_problem(response, 404)


def test_nothing_that_follows_a_refused_upgrade_is_read_as_a_request(base_url: str) -> None:
    smuggled = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    head = (
        b"POST /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nContent-Length: %d\r\n\r\n" % len(smuggled)
    )
    with connected(base_url) as client:
        client.sendall(head)
        received = client.recv(2**16)
        try:
            client.sendall(smuggled)
            while part := client.recv(2**16):
                received += part
        except (BrokenPipeError, ConnectionResetError):
            pass

    assert received.count(b"HTTP/1.1 ") == 1
