"""SIGTERM while clients are at it."""

import asyncio
import itertools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from socket import socket

import httpx2
import pytest

from tests.support.load import Answers, send
from tests.support.project import Project, Running
from tests.support.sockets import HANDSHAKE, connected, read_response
from tests.support.variants import on_each_framework

pytestmark = on_each_framework
STOP_SECONDS = 2
SLACK_SECONDS = 30
"""For a slow machine; without a deadline a stop takes for ever."""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_every_request_sent_before_readiness_turned_gets_a_response(
    service: Project, workers: str
) -> None:
    settings = {
        "DRAIN_SECONDS": "5",
        "WORKERS": workers,
        "RATE_LIMIT_ENABLED": "false",
    }
    turned = threading.Event()

    async def under_load(url: str, pid: int) -> tuple[Answers, float]:
        under_way = asyncio.Event()

        def urls() -> Iterator[str]:
            for number in itertools.count():
                if number == 100:
                    under_way.set()
                yield f"{url}/api/v1/items"

        load = asyncio.create_task(send(urls(), until=turned.is_set))
        async with httpx2.AsyncClient(timeout=SLACK_SECONDS) as http:
            await under_way.wait()
            stopped_at = time.monotonic()
            os.kill(pid, signal.SIGTERM)
            while (await http.get(f"{url}/health/ready")).status_code == 200:
                continue
        turned.set()
        return await load, stopped_at

    with service.serving(settings) as running:
        answers, stopped_at = asyncio.run(under_load(running.url, running.server().pid))

        assert running.process.wait(SLACK_SECONDS) == 0, running.output()
        assert time.monotonic() - stopped_at >= 5
        output = running.output()

    assert set(answers.statuses) == {200}
    assert answers.statuses[200] > 20
    assert "Traceback" not in output


def _get(path: str) -> bytes:
    return f"GET /api/v1/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


CLIENTS = {
    "idle": b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "head": b"GET /health/live HTTP/1.1\r\n",
    "body": b"POST /api/v1/items HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    "asynchronous": _get("asynchronous"),
    "synchronous": _get("synchronous"),
    "waiting": _get("waiting"),
    "thread": _get("thread"),
    "reads nothing": _get("large"),
    "socket": f"GET /api/v1/socket HTTP/1.1\r\n{HANDSHAKE}".encode(),
}
"""What each of them sends before it waits; none reads before the service has ended."""
ORDERLY = [name for name in CLIENTS if name != "thread"]


@dataclass
class Stopped:
    """What a service that was stopped while clients held on left behind."""

    clients: dict[str, socket]
    exit_status: int
    seconds: float
    output: str

    def received(self, name: str) -> bytes:
        """Return all that a client got."""
        received = b""
        while part := self.clients[name].recv(2**16):
            received += part
        return received


Stop = Callable[..., Stopped]


@pytest.fixture
def stopped(streaming: Project) -> Iterator[Stop]:
    """Serve, connect clients, stop; the clients' connections last until the test ends."""
    with ExitStack() as stack:

        def stop(names: list[str], workers: str = "1") -> Stopped:
            settings = {
                "STOP_SECONDS": str(STOP_SECONDS),
                "WORKERS": workers,
                "HEADER_TIMEOUT": "3600",
                "BODY_TIMEOUT": "3600",
                "RATE_LIMIT_ENABLED": "false",
            }
            with streaming.serving(settings) as running:
                clients = {name: stack.enter_context(connected(running.url)) for name in names}
                for name, client in clients.items():
                    client.sendall(CLIENTS[name])
                _wait_until_served(running, clients)
                begun = time.monotonic()
                os.kill(running.server().pid, signal.SIGTERM)
                status = running.process.wait(STOP_SECONDS + SLACK_SECONDS)
                seconds = time.monotonic() - begun
                return Stopped(clients, status, seconds, running.output())

        yield stop


def _wait_until_served(running: Running, clients: dict[str, socket]) -> None:
    for name in clients.keys() & {"idle", "asynchronous", "synchronous", "reads nothing"}:
        assert clients[name].recv(1) == b"H"
    # A request that came after the others, on each worker, has been served.
    for _ in range(20):
        httpx2.get(f"{running.url}/health/live", timeout=SLACK_SECONDS)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_stop_ends_in_time_whatever_clients_do(stopped: Stop, workers: str) -> None:
    result = stopped(ORDERLY, workers)

    assert result.exit_status == 0, result.output
    assert result.seconds < STOP_SECONDS + SLACK_SECONDS
    assert "Traceback" not in result.output


def test_a_thread_that_never_ends_does_not_keep_the_process(stopped: Stop) -> None:
    result = stopped(["thread"])

    assert result.exit_status == 0, result.output


@pytest.mark.parametrize("kind", ["asynchronous", "synchronous"])
def test_an_event_stream_ends_with_its_last_chunk(stopped: Stop, kind: str) -> None:
    assert stopped([kind]).received(kind).endswith(b"\r\n0\r\n\r\n")


@pytest.mark.parametrize("kind", ["waiting", "body"])
def test_a_request_without_a_response_gets_a_503_problem(stopped: Stop, kind: str) -> None:
    response = read_response(stopped([kind]).clients[kind])

    assert response.status_code == 503
    assert response.headers["Connection"] == "close"
    assert response.json()["correlation_id"] == response.headers["X-Correlation-ID"]


def test_a_stream_that_is_no_event_stream_does_not_look_complete(stopped: Stop) -> None:
    assert not stopped(["reads nothing"]).received("reads nothing").endswith(b"0\r\n\r\n")
