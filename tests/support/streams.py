"""Responses that take for ever, and WebSockets, as a team may add them to its service."""

from tests.support.edits import package_of, replace
from tests.support.project import Project

FASTAPI_STREAMS = '''"""Responses that take for ever."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from threading import Event

from fastapi import APIRouter, WebSocket
from fastapi.responses import StreamingResponse

router = APIRouter()


async def _asynchronous() -> AsyncIterator[bytes]:
    while True:
        yield b"data: tick\\n\\n"
        await asyncio.sleep(0.05)


def _synchronous() -> Iterator[bytes]:
    while True:
        yield b"data: tick\\n\\n"
        time.sleep(0.05)


@router.get("/asynchronous")
async def asynchronous() -> StreamingResponse:
    return StreamingResponse(_asynchronous(), media_type="text/event-stream")


@router.get("/synchronous")
async def synchronous() -> StreamingResponse:
    return StreamingResponse(_synchronous(), media_type="text/event-stream")


@router.get("/large")
async def large() -> StreamingResponse:
    return StreamingResponse(b"x" * 2**16 for _ in range(2**14))


@router.get("/waiting")
async def waiting() -> None:
    await asyncio.sleep(3600)


@router.get("/thread")
def thread() -> None:
    Event().wait()


@router.websocket("/socket")
async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await asyncio.sleep(3600)


@router.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
'''
DJANGO_STREAMS = '''"""Responses that take for ever."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from threading import Event

from django.http import HttpRequest, StreamingHttpResponse
from django.urls import path

EVENTS = "text/event-stream"


async def _asynchronous() -> AsyncIterator[bytes]:
    while True:
        yield b"data: tick\\n\\n"
        await asyncio.sleep(0.05)


def _synchronous() -> Iterator[bytes]:
    while True:
        yield b"data: tick\\n\\n"
        time.sleep(0.05)


def asynchronous(_: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(_asynchronous(), content_type=EVENTS)


def synchronous(_: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(_synchronous(), content_type=EVENTS)


def large(_: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(b"x" * 2**16 for _ in range(2**14))


def thread(_: HttpRequest) -> None:
    Event().wait()


urlpatterns = [
    path("asynchronous", asynchronous),
    path("synchronous", synchronous),
    path("large", large),
    path("waiting", thread),
    path("thread", thread),
]
'''

FASTAPI_ROUTER = """    from .streams import router

    app.include_router(router, prefix="/api/v1")
"""


def add_streams(project: Project) -> None:
    """Serve the streams under /api/v1; WebSockets with FastAPI alone."""
    package = package_of(project)
    if project.answers["framework"] == "fastapi":
        (package / "streams.py").write_text(FASTAPI_STREAMS)
        with (package / "custom.py").open("a") as custom:
            custom.write(FASTAPI_ROUTER)
    else:
        (package / "streams.py").write_text(DJANGO_STREAMS)
        old = "URLS: dict[str, tuple[str, ...]] = {}"
        new = old.removesuffix("{}") + f'{{"v1": ("{package.name}.streams",)}}'
        replace(package / "custom.py", old, new)
