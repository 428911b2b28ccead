"""FastAPI, Request Files, Request Body Limits, Custom Response, Server-Sent Events."""

import time

import httpx2
import pytest

from tests.recipes.conftest import SLOW_MS, Service, assert_guaranteed, assert_problem, new_id
from tests.support.project import Project

pytestmark = pytest.mark.xdist_group("recipes")

CONNECTIONS = 20
"""More than a worker's pool has."""

RECIPE = '''"""Files and streams."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, File, Request, UploadFile
from fastapi.responses import FileResponse, StreamingResponse
from fastapi.sse import EventSourceResponse
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from slipway_kit.fastapi.session import SessionDep, StreamSessionDep
from slipway_kit.fastapi.public import PUBLIC
from ..settings import Settings

router = APIRouter(prefix="/api/v1/files", dependencies=[Depends(PUBLIC)])


@router.post("/small")
async def create_file(file: UploadFile) -> int:
    return len(await file.read())


@router.post("/large", max_body_size=4 * 2**20)
async def create_large_file(file: UploadFile) -> int:
    return len(await file.read())


@router.post("/tiny", max_body_size=100)
async def create_tiny_file(file: Annotated[bytes, File()]) -> int:
    return len(file)


@router.post("/raw", max_body_size=4 * 2**20)
async def create_raw_file(request: Request) -> int:
    return sum([len(chunk) async for chunk in request.stream()])


async def fake_video_streamer() -> AsyncIterator[bytes]:
    for _ in range(10):
        yield b"some fake video bytes"
        await asyncio.sleep(0.05)


@router.get("/stream")
async def stream() -> StreamingResponse:
    return StreamingResponse(fake_video_streamer())


@router.get("/rows")
async def rows(session: StreamSessionDep) -> StreamingResponse:
    return StreamingResponse(lines(session), media_type="text/csv")


@router.get("/rows-of-a-closed-session")
async def rows_of_a_closed_session(session: SessionDep) -> StreamingResponse:
    return StreamingResponse(lines(session), media_type="text/csv")


async def lines(session: AsyncSession) -> AsyncIterator[str]:
    yield "number\\n"
    async for (number,) in await session.stream(text("SELECT 1 UNION SELECT 2")):
        yield f"{number}\\n"


@router.get("/file", response_class=FileResponse)
async def read_file() -> str:
    return str(Path(__file__))


@router.get("/events", response_class=EventSourceResponse)
async def events() -> AsyncIterator[dict[str, int]]:
    for number in range(10):
        yield {"number": number}
        await asyncio.sleep(0.05)


@router.get("/endless", response_class=EventSourceResponse)
async def endless() -> AsyncIterator[int]:
    while True:
        yield 1
        await asyncio.sleep(0.05)


def extend(app: FastAPI, settings: Settings) -> None:
    app.include_router(router)
'''
FILES = "/api/v1/files"
TWO_MIB = b"x" * 2 * 2**20


def _upload(service: Service, path: str, content: bytes) -> httpx2.Response:
    return service.send("POST", f"{FILES}/{path}", files={"file": ("name", content)})


def test_an_upload_within_the_limit_of_all_routes_is_taken(service: Service) -> None:
    response = _upload(service, "small", b"x" * 1000)

    assert response.json() == 1000
    assert_guaranteed(response)


def test_an_upload_beyond_the_limit_of_all_routes_is_refused(service: Service) -> None:
    assert_problem(_upload(service, "small", TWO_MIB), 413)


def test_a_route_has_a_larger_limit_of_its_own(service: Service) -> None:
    response = _upload(service, "large", TWO_MIB)

    assert (response.status_code, response.text) == (200, str(len(TWO_MIB)))


@pytest.mark.parametrize(
    ("path", "content"),
    [("large", TWO_MIB * 3), ("tiny", b"x" * 200)],
    ids=["larger", "smaller"],
)
def test_a_route_refuses_what_is_beyond_its_own_limit(
    service: Service, path: str, content: bytes
) -> None:
    assert_problem(_upload(service, path, content), 413)


@pytest.mark.parametrize(
    ("times", "status"), [(1, 200), (3, 413)], ids=["within the limit", "beyond the limit"]
)
def test_chunks_count_against_the_limit_of_their_route(
    service: Service, times: int, status: int
) -> None:
    response = service.send(
        "POST", f"{FILES}/raw", content=(TWO_MIB for _ in range(times)), cid=(cid := new_id())
    )

    assert response.status_code == status
    assert service.line(cid)["status_code"] == status


@pytest.mark.parametrize("path", ["/api/v1/items", "/api/v1/nothing", "/health/live"])
def test_a_large_body_is_refused_where_no_route_has_a_limit_of_its_own(
    service: Service, path: str
) -> None:
    response = service.send("POST", path, content=TWO_MIB)

    assert response.status_code in {401, 404, 405, 413}
    assert response.headers["Content-Type"] == "application/problem+json"


def test_rows_are_streamed_within_a_transaction(service: Service) -> None:
    response = service.get(f"{FILES}/rows")

    assert sorted(response.text.split()) == ["1", "2", "number"]


def _breaks_off(service: Service, path: str) -> bool:
    """Return whether no row comes; a recipe has BaseHTTPMiddleware, which ends such a body well."""
    try:
        return service.get(path).text.split() == ["number"]
    except httpx2.RemoteProtocolError:
        return True


def test_a_stream_from_a_session_that_has_ended_breaks_off_and_keeps_no_connection(
    service: Service,
) -> None:
    path = f"{FILES}/rows-of-a-closed-session"

    assert all(_breaks_off(service, path) for _ in range(CONNECTIONS))

    assert service.get(f"{FILES}/rows").status_code == 200
    assert service.get("/health/database").json()["status"] == "healthy"


@pytest.mark.parametrize("path", ["stream", "events", "file"])
def test_a_stream_has_all_headers(service: Service, path: str) -> None:
    response = service.get(f"{FILES}/{path}")

    assert response.status_code == 200
    assert response.headers["X-RateLimit-Limit"] == "100"
    assert_guaranteed(response)


@pytest.mark.parametrize("path", ["stream", "events"])
def test_the_line_of_a_stream_is_written_at_its_last_byte(service: Service, path: str) -> None:
    service.get(f"{FILES}/{path}", cid=(cid := new_id()))

    assert service.line(cid)["duration_ms"] >= SLOW_MS


@pytest.mark.parametrize(("path", "level"), [("stream", "warning"), ("events", "info")])
def test_events_are_no_slow_request(service: Service, path: str, level: str) -> None:
    service.get(f"{FILES}/{path}", cid=(cid := new_id()))

    assert service.line(cid)["level"].lower() == level


def test_events_are_counted(service: Service) -> None:
    service.get(f"{FILES}/events")

    assert f'endpoint="{FILES}/events",method="GET",status="200"' in service.metrics()


def test_the_duration_of_events_is_none_of_the_latency(service: Service) -> None:
    service.get(f"{FILES}/events")

    name = "http_request_duration_seconds_count"
    assert f'{name}{{endpoint="{FILES}/events",method="GET"}} 0.0' in service.metrics()


def test_a_stop_ends_open_events_in_time(project: Project) -> None:
    settings = {"STOP_SECONDS": "1", "DRAIN_SECONDS": "0"}
    with (
        project.serving(settings) as running,
        httpx2.stream("GET", f"{running.url}{FILES}/endless", timeout=60) as response,
    ):
        chunks = response.iter_raw()
        next(chunks)
        started = time.monotonic()

        running.server().terminate()
        for _ in chunks:
            pass
        status = running.process.wait(60)

    assert status == 0
    # One second for requests, three for closing; a stop without a bound never ends.
    assert time.monotonic() - started < 30
