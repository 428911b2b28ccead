"""How requests come to Django: its views run in threads that stay, each with its connection.

Django's own ASGI handler starts a thread for each request, and opens a connection to the database
in it; that costs twice what the rest of a request does (docs/decisions.md of the template has the
figures). Here a thread serves one request after the other, through Django's synchronous chain of
middlewares, as under a WSGI server. What answers probes runs on the event loop, so that it is there
when all threads are busy.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import ContextVar, copy_context
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast

from django.conf import settings
from django.core import signals
from django.core.handlers.asgi import ASGIRequest, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, ResolverMatch, get_resolver, set_script_prefix
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from .core.problems import UnavailableError
from .errors import RETRY_AFTER_SECONDS
from .routes import note_route

ON_THE_LOOP = "on_the_loop"
"""The attribute of a view's function that wants to be awaited where requests arrive."""

THREADS_THAT_HASH = 4
"""How many requests that hash a password may be in Django at a time, besides all others."""

MOST_WAITING = 64
"""How many more of them may wait; whoever comes then is told to come back later."""

_RETRY_AFTER = {"Retry-After": str(RETRY_AFTER_SECONDS)}

_loop: ContextVar[asyncio.AbstractEventLoop] = ContextVar("loop")


def wait_for[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine of the service's core gives, run by the event loop meanwhile.

    For views, which run in threads: limits, cache and health belong to the event loop.
    """
    return asyncio.run_coroutine_threadsafe(coroutine, _loop.get()).result()


class Aborted(Exception):  # noqa: N818 -- no error: nobody waits for the answer any more
    """The client went away before it had sent its request."""


class _Room:
    """Threads, and who waits for one of them.

    Args:
        threads: How many there are.
        name: What they are called.
        patience: Seconds that a request waits for one; None for as long as it takes, where the
            work takes long and the queue is short.
    """

    def __init__(self, threads: int, name: str, patience: float | None) -> None:
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._free = asyncio.Semaphore(threads)
        self._patience = patience
        self._waiting = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a thread.

        Raises:
            UnavailableError: None gets free in time, or too many wait.
        """
        if self._patience is None and self._waiting >= MOST_WAITING:
            raise UnavailableError(headers=_RETRY_AFTER)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError:
            raise UnavailableError(headers=_RETRY_AFTER) from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()


class DjangoHandler(BaseHandler):
    """An ASGI application that hands each request to Django.

    Args:
        threads: How many requests may be in Django at a time, each with a connection to the
            database.
        patience: Seconds that a request waits for a thread.
    """

    def __init__(self, threads: int, patience: float) -> None:
        super().__init__()
        self.load_middleware()
        self._room = _Room(threads, "django", patience)
        # Passwords are hashed a few at a time, and whoever waits for that keeps a thread: were it
        # one of all, a few who log in could keep all others waiting.
        self._hashing = _Room(THREADS_THAT_HASH, "hashing", None)
        # Its lines say again what the access log says.
        logging.getLogger("django.request").setLevel(logging.CRITICAL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await WebSocketClose()(scope, receive, send)
            return
        with SpooledTemporaryFile(settings.FILE_UPLOAD_MAX_MEMORY_SIZE) as body:
            try:
                await _read_body(receive, cast("IO[bytes]", body))
            except Aborted:
                return
            request = _request(scope, cast("IO[bytes]", body))
            match = self._match(request)
            if match is not None and hasattr(match.func, ON_THE_LOOP):
                view = cast("Callable[..., Awaitable[HttpResponse]]", match.func)
                response = await view(request, *match.args, **match.kwargs)
                await _send_whole(send, *_whole(response))
                return
            hashes = match is not None and request.method in _methods_that_hash(match)
            await self._in_a_thread(self._hashing if hashes else self._room, request, send)

    def _match(self, request: HttpRequest) -> ResolverMatch | None:
        try:
            match = get_resolver().resolve(request.path_info)
        except Resolver404:
            return None  # Django's own chain answers it
        request.resolver_match = match
        note_route(request, match)
        return match

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        """Return the view of a request, which was looked up when it came."""
        if request.resolver_match is not None and not hasattr(request, "urlconf"):
            return request.resolver_match
        match = super().resolve_request(request)
        note_route(request, match)
        return match

    async def _in_a_thread(self, room: _Room, request: ASGIRequest, send: Send) -> None:
        loop = asyncio.get_running_loop()
        _loop.set(loop)
        async with room.place():
            context = copy_context()
            whole = await loop.run_in_executor(
                room.threads, context.run, self._respond, request, send
            )
        if whole is not None:
            await _send_whole(send, *whole)

    def _respond(self, request: ASGIRequest, send: Send) -> _Whole | None:
        """Serve a request in this thread, up to the point where its connection is put in order."""
        set_script_prefix(get_script_prefix(request.scope))
        signals.request_started.send(sender=type(self), scope=request.scope)
        response = self.get_response(request)
        try:
            if isinstance(response, StreamingHttpResponse):
                _stream(response, send)
                return None
            return _whole(response)
        finally:
            response.close()


_Headers = list[tuple[bytes, bytes]]
_Whole = tuple[int, _Headers, bytes]


def _methods_that_hash(match: ResolverMatch) -> Collection[str]:
    view = getattr(match.func, "cls", match.func)
    methods: Collection[str] = getattr(view, "hashing", ())
    return methods


async def _read_body(receive: Receive, body: IO[bytes]) -> None:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Aborted
        body.write(message.get("body", b""))
        if not message.get("more_body", False):
            body.seek(0)
            return


def _request(scope: Scope, body: IO[bytes]) -> ASGIRequest:
    try:
        return ASGIRequest(cast("dict[str, Any]", scope), body)
    except UnicodeDecodeError:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "The request's line is not in UTF-8.") from None


def _head(response: HttpResponseBase) -> _Headers:
    cookies = (
        (b"set-cookie", cookie.OutputString().encode("ascii"))
        for cookie in response.cookies.values()
    )
    named = (
        (name.lower().encode("ascii"), value.encode("latin-1")) for name, value in response.items()
    )
    return [*named, *cookies]


def _whole(response: HttpResponseBase) -> _Whole:
    body = cast("HttpResponse", response).content
    headers = _head(response)
    if not response.has_header("Content-Length"):
        headers.append((b"content-length", b"%d" % len(body)))
    return response.status_code, headers, body


async def _send_whole(send: Send, status: int, headers: _Headers, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _stream(response: StreamingHttpResponse, send: Send) -> None:
    async def give(message: dict[str, Any]) -> None:
        await send(message)

    head = {
        "type": "http.response.start",
        "status": response.status_code,
        "headers": _head(response),
    }
    wait_for(give(head))
    for part in response:
        wait_for(give({"type": "http.response.body", "body": bytes(part), "more_body": True}))
    wait_for(give({"type": "http.response.body"}))
