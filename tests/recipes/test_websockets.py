"""FastAPI, WebSockets: with authentication, a check of the origin, limits and numbers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import httpx2
import pytest

from tests.recipes.conftest import SLOW_MS, Service, assert_problem, new_id
from tests.support.accounts import Visitor

pytestmark = pytest.mark.xdist_group("recipes")

RECIPE = '''"""WebSockets."""

from typing import Annotated

from fastapi import (
    APIRouter,
    Depends,
    FastAPI,
    Query,
    WebSocket,
    WebSocketDisconnect,
    WebSocketException,
    status,
)
from starlette.requests import HTTPConnection

from ..auth.current import CurrentUser
from slipway_kit.problems import ConflictError
from slipway_kit.fastapi.public import PUBLIC
from slipway_kit.fastapi.rate_limit import RateLimit
from ..settings import Settings

router = APIRouter(prefix="/api/v1/sockets", dependencies=[Depends(PUBLIC)])


@router.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnect:
        pass


@router.websocket("/users")
async def talk_to_users(websocket: WebSocket, user: CurrentUser) -> None:
    await websocket.accept()
    await websocket.send_text(user.email)
    await websocket.close()


async def check_origin(websocket: WebSocket) -> None:
    if websocket.headers.get("origin") != "https://app.example.com":
        raise WebSocketException(code=status.WS_1008_POLICY_VIOLATION)


@router.websocket("/origin", dependencies=[Depends(check_origin)])
async def talk_to_origin(websocket: WebSocket) -> None:
    await echo(websocket)


@router.websocket("/limited", dependencies=[Depends(RateLimit("2/hour"))])
async def talk_rarely(websocket: WebSocket) -> None:
    await echo(websocket)


@router.websocket("/refused")
async def refuse(websocket: WebSocket) -> None:
    raise ConflictError("There is a socket already.")


async def refuse_in_a_dependency(connection: HTTPConnection) -> None:
    raise ConflictError("There is a socket already.")


@router.websocket("/dependency", dependencies=[Depends(refuse_in_a_dependency)])
async def refuse_before(websocket: WebSocket) -> None:
    await websocket.accept()


@router.websocket("/invalid")
async def validate(websocket: WebSocket, number: Annotated[int, Query()]) -> None:
    await websocket.accept()


@router.websocket("/late")
async def fail_late(websocket: WebSocket) -> None:
    await websocket.accept()
    raise ConflictError("It is too late.")


@router.websocket("/crash")
async def crash(websocket: WebSocket) -> None:
    await websocket.accept()
    raise RuntimeError("password=hunter2")


def extend(app: FastAPI, settings: Settings) -> None:
    app.include_router(router)

    @app.websocket("/api/v1/sockets-of-the-app", dependencies=[Depends(PUBLIC)])
    async def talk(websocket: WebSocket) -> None:
        await echo(websocket)
'''
SOCKETS = "/api/v1/sockets"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
TEXT, CLOSE = 1, 8


class Socket:
    """A WebSocket for short texts, over the connection of a handshake."""

    def __init__(self, response: httpx2.Response) -> None:
        self._stream = response.extensions["network_stream"]

    def send(self, text: str) -> None:
        """Send a text, under a mask of zeros."""
        self._stream.write(bytes([0x80 | TEXT, 0x80 | len(text), 0, 0, 0, 0]) + text.encode())

    def receive(self) -> tuple[int, bytes]:
        """Receive a frame: its operation and its payload."""
        operation, length = self._read(2)
        return operation & 0x0F, self._read(length)

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self._stream.read(size - len(data))
            assert more, "the connection has ended"
            data += more
        return data


@contextmanager
def opened(
    service: Service, path: str, headers: dict[str, str] | None = None
) -> Iterator[httpx2.Response]:
    """Ask for a WebSocket on a connection of its own."""
    url = f"{service.running.url}{path}"
    with httpx2.stream("GET", url, headers=UPGRADE | (headers or {}), timeout=10) as response:
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            response.read()
        yield response


@pytest.mark.parametrize("path", [f"{SOCKETS}/echo", "/api/v1/sockets-of-the-app"])
def test_a_socket_echoes(service: Service, path: str) -> None:
    with opened(service, path) as response:
        socket = Socket(response)
        socket.send("hello")

        assert socket.receive() == (TEXT, b"hello")
        assert response.headers["X-Correlation-ID"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_socket_knows_its_user(service: Service, user: Visitor) -> None:
    headers = {"Authorization": f"Bearer {user.access}"}
    with opened(service, f"{SOCKETS}/users", headers) as response:
        assert Socket(response).receive() == (TEXT, user.email.encode())


def test_a_socket_of_users_is_closed_to_others(service: Service) -> None:
    with opened(service, f"{SOCKETS}/users") as response:
        assert assert_problem(response, 401)["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("origin", "status"), [("https://app.example.com", 101), ("https://evil.example.com", 403)]
)
def test_a_socket_checks_the_origin(service: Service, origin: str, status: int) -> None:
    with opened(service, f"{SOCKETS}/origin", {"Origin": origin}) as response:
        assert response.status_code == status


def test_a_socket_has_a_limit(service: Service) -> None:
    statuses = []
    for _ in range(3):
        with opened(service, f"{SOCKETS}/limited", {"X-Forwarded-For": "10.8.8.8"}) as response:
            statuses.append(response.status_code)

    assert statuses == [101, 101, 429]


@pytest.mark.parametrize("path", ["refused", "dependency"])
def test_a_service_error_refuses_the_handshake(service: Service, path: str) -> None:
    with opened(service, f"{SOCKETS}/{path}") as response:
        assert assert_problem(response, 409)["detail"] == "There is a socket already."


@pytest.mark.parametrize("path", ["invalid", "nothing"])
def test_a_handshake_that_fits_no_route_is_refused_with_a_problem(
    service: Service, path: str
) -> None:
    with opened(service, f"{SOCKETS}/{path}") as response:
        assert_problem(response, 404 if path == "nothing" else 403)


@pytest.mark.parametrize("path", ["late", "crash"])
def test_an_error_closes_an_open_socket(service: Service, path: str) -> None:
    with opened(service, f"{SOCKETS}/{path}") as response:
        operation, payload = Socket(response).receive()

    assert (operation, int.from_bytes(payload[:2], "big")) == (CLOSE, 1011)


def test_an_error_in_an_open_socket_is_logged_without_secrets(service: Service) -> None:
    with opened(service, f"{SOCKETS}/crash", {"X-Correlation-ID": (cid := new_id())}):
        service.line(cid)

    errors = [line for line in service.lines(cid, 1, logger="own") if line["level"] == "error"]
    assert "RuntimeError" in str(errors)
    assert "hunter2" not in str(errors)


def test_a_socket_has_one_access_line_when_it_ends(service: Service) -> None:
    headers = {"X-Correlation-ID": (cid := new_id())}
    with opened(service, f"{SOCKETS}/echo", headers) as response:
        Socket(response).send("hello")
        Socket(response).receive()

    line = service.line(cid)

    assert (line["method"], line["route"], line["status_code"]) == (
        "GET",
        f"{SOCKETS}/echo",
        101,
    )


def test_a_long_socket_is_no_slow_request(service: Service) -> None:
    headers = {"X-Correlation-ID": (cid := new_id())}
    with opened(service, f"{SOCKETS}/echo", headers):
        time.sleep(0.5)  # longer than SLOW_REQUEST_MS

    line = service.line(cid)

    assert (line["level"].lower(), line["duration_ms"] >= SLOW_MS) == ("info", True)


@pytest.mark.parametrize(("path", "status"), [("echo", 101), ("users", 401)])
def test_a_socket_is_counted(service: Service, path: str, status: int) -> None:
    with opened(service, f"{SOCKETS}/{path}", {"X-Correlation-ID": (cid := new_id())}):
        pass
    service.line(cid)

    series = f'endpoint="{SOCKETS}/{path}",method="GET",status="{status}"'
    assert series in service.metrics()


def test_the_duration_of_a_socket_is_none_of_the_latency(service: Service) -> None:
    with opened(service, f"{SOCKETS}/echo", {"X-Correlation-ID": (cid := new_id())}):
        pass
    service.line(cid)

    name = "http_request_duration_seconds_count"
    assert f'{name}{{endpoint="{SOCKETS}/echo",method="GET"}} 0.0' in service.metrics()
