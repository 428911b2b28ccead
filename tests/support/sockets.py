"""Clients that send what no HTTP library would, and read what comes back."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 60.0
"""Seconds until a test gives a server up; longer than any deadline that a test sets."""

HANDSHAKE = (
    "Host: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
"""The headers with which a browser asks for a WebSocket."""


@dataclass(frozen=True)
class RawResponse:
    """A response, as it came."""

    status_code: int
    headers: Message
    content: bytes

    def json(self) -> Any:
        """Return the body, read as JSON."""
        return json.loads(self.content)


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    """Connect to a server."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 80), PATIENCE) as client:
        yield client


def read_response(client: socket.socket, method: str = "GET") -> RawResponse:
    """Read one response."""
    with HTTPResponse(client, method=method) as response:
        response.begin()
        return RawResponse(response.status, response.headers, response.read())


def exchange(url: str, *pieces: bytes) -> RawResponse:
    """Send pieces of a request, for as long as the server takes them, and read the response."""
    with connected(url) as client:
        try:
            for piece in pieces:
                client.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has heard enough
        return read_response(client)


def is_closed(client: socket.socket) -> bool:
    """Return whether the server closes the connection, without a further byte."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True
