"""How requests come to Django: its views run in threads that stay, each with its connection.

Django's own ASGI handler starts a thread for each request, and opens a connection to the database
in it; that costs twice what the rest of a request does (docs/decisions.md of the template has the
figures). Here a thread serves one request after the other, through Django's synchronous chain of
middlewares, as under a WSGI server. The views of probes run on the event loop, so that they respond
when all threads are busy.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from contextvars import copy_context
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from threading import Event
from typing import IO, Any, cast

from django.conf import settings
from django.core import signals
from django.core.exceptions import BadRequest
from django.core.handlers.asgi import ASGIRequest, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, ResolverMatch, get_resolver, set_script_prefix
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from ..problems import BodyTooLargeError, UnavailableError
from ..rate_limiting import client_and_route, count, refusal
from ..routes import route_template
from .errors import RETRY_AFTER_SECONDS
from .resources import loop_of_request, wait_for
from .routes import API_ROOT, note_route

__all__ = ["DjangoHandler", "limit_of", "wait_for"]  # the last for modules of before 1.0

ON_THE_LOOP = "on_the_loop"
"""The attribute of a view's function that wants to be awaited where requests arrive."""

THREADS_THAT_HASH = 4
"""How many requests that hash a password may be in Django at a time, besides all others."""

MOST_WAITING = 64
"""How many more of them may wait; further requests get 503."""

COUNTED = "counted"
"""The key of the request's state with its counted limits, which do not count twice."""

_LOOKS_UP_SECONDS = 0.5

_RETRY_AFTER = {"Retry-After": str(RETRY_AFTER_SECONDS)}


def limit_of(view: Any, method: str | None) -> tuple[Any, Any]:
    """Return a view's own limit for a method (None: the default), and the function for its key."""
    limit = getattr(view, "throttle_limit", None)
    if isinstance(limit, Mapping):
        limit = limit.get("GET" if method == "HEAD" else method)
    return limit, getattr(view, "throttle_identifier", client_and_route)


def counted_as(*of_a_view: Any) -> list[Any]:
    """Return a limit and an identifier so that two instances of a view have the same."""
    return [getattr(each, "__func__", each) for each in of_a_view]


class Aborted(Exception):  # noqa: N818 -- no error: the client has disconnected
    """The client went away before it had sent its request."""


class _ThreadPool:
    """Threads, and a queue of requests that wait for one.

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
        self._pool = _ThreadPool(threads, "django", patience)
        # Passwords are hashed a few at a time; a request that waits for that keeps a thread. Were
        # it one of all, a few logins could keep all others waiting.
        self._hashing = _ThreadPool(THREADS_THAT_HASH, "hashing", None)
        # Its lines duplicate the access log.
        logging.getLogger("django.request").setLevel(logging.CRITICAL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await WebSocketClose()(scope, receive, send)
            return
        with SpooledTemporaryFile(settings.FILE_UPLOAD_MAX_MEMORY_SIZE) as body:
            try:
                size = await _read_body(receive, cast("IO[bytes]", body))
            except Aborted:
                return
            request = _request(scope, cast("IO[bytes]", body))
            match = self._match(request)
            pool = self._pool
            if match is not None:
                view = _view(match.func)
                await _count(request, match.func, view)
                if size > getattr(view, "max_body_bytes", size):
                    raise BodyTooLargeError
                if hasattr(match.func, ON_THE_LOOP):
                    serve = cast("Callable[..., Awaitable[HttpResponse]]", match.func)
                    response = await serve(request, *match.args, **match.kwargs)
                    await _send_whole(send, *_whole(response))
                    return
                pool = self._hashing if _hashes(request, view) else pool
            await self._in_a_thread(pool, request, _Stream(receive, send))

    def _match(self, request: HttpRequest) -> ResolverMatch | None:
        try:
            match = get_resolver().resolve(request.path_info)
        except Resolver404:
            return None  # Django's own handlers respond
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

    async def _in_a_thread(self, pool: _ThreadPool, request: ASGIRequest, stream: _Stream) -> None:
        loop = asyncio.get_running_loop()
        loop_of_request.set(loop)
        context = copy_context()
        async with pool.place():
            try:
                response = await loop.run_in_executor(
                    pool.threads, context.run, self._respond, request, stream
                )
            except asyncio.CancelledError:
                stream.end()
                raise
        if isinstance(response, StreamingHttpResponse):
            try:
                await stream.give_on_the_loop(response)
            finally:
                await loop.run_in_executor(pool.threads, context.run, response.close)
        elif response is not None:
            await _send_whole(stream.send, *response)

    def _respond(
        self, request: ASGIRequest, stream: _Stream
    ) -> _Whole | StreamingHttpResponse | None:
        """Serve a request in this thread, up to the point where its connection is put in order.

        Returns:
            The response; None if its parts were sent from here. One with asynchronous parts is
            left to the event loop, and holds no thread.
        """
        set_script_prefix(get_script_prefix(request.scope))
        signals.request_started.send(sender=type(self), scope=request.scope)
        response = self.get_response(request)
        if isinstance(response, StreamingHttpResponse) and response.is_async:
            return response
        try:
            if isinstance(response, StreamingHttpResponse):
                stream.give(response)
                return None
            return _whole(response)
        finally:
            response.close()


_Headers = list[tuple[bytes, bytes]]
_Whole = tuple[int, _Headers, bytes]


def _view(function: Any) -> Any:
    """Return the view with the limit: an instance of its class, or its function."""
    if hasattr(function, "cls"):  # of the REST framework, or on the loop
        return function.cls(**function.initkwargs)
    if hasattr(function, "view_class"):
        return function.view_class(**function.view_initkwargs)
    return function


async def _count(request: ASGIRequest, function: Any, view: Any) -> None:
    """Count a request before it takes a thread, whatever kind of view it goes to.

    Raises:
        RateLimitedError: The client sent too many requests.
    """
    scope = cast("Scope", request.scope)
    limit, identifier = limit_of(view, request.method)
    is_of_the_api = (route_template(scope) or "").startswith(f"{API_ROOT}/")
    if limit is None and not is_of_the_api and hasattr(function, ON_THE_LOOP):
        return  # probes and the like
    if "limits" not in scope["state"]:
        return  # nothing was started, as in some tests
    scope["state"][COUNTED] = counted_as(limit, identifier)
    result = await count(scope, limit, identifier)
    if result is not None and not result.allowed:
        raise refusal(result)


def _hashes(request: ASGIRequest, view: Any) -> bool:
    hashing = getattr(view, "hashing", ())
    return bool(hashing(request)) if callable(hashing) else request.method in hashing


async def _read_body(receive: Receive, body: IO[bytes]) -> int:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Aborted
        body.write(message.get("body", b""))
        if not message.get("more_body", False):
            size = body.tell()
            body.seek(0)
            return size


def _request(scope: Scope, body: IO[bytes]) -> ASGIRequest:
    try:
        return ASGIRequest(cast("dict[str, Any]", scope), body)
    except UnicodeDecodeError:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "The request's line is not in UTF-8.") from None
    except BadRequest as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, str(error)) from None


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


class _Stream:
    """Sends a streaming response, until the client disconnects.

    Args:
        receive: Returns when the client has gone.
        send: Takes the parts.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self.send = send
        self._receive = receive
        self._ended = Event()

    def end(self) -> None:
        """Take no more parts."""
        self._ended.set()

    def give(self, response: StreamingHttpResponse) -> None:
        """Send a response from a thread; a disconnect of the client frees the thread."""
        listening = self._wait_for(self._listen())
        try:
            self._wait_for(self._begin(response))
            for part in cast("Iterable[bytes]", response):
                if self._ended.is_set():
                    return
                self._wait_for(self._part(bytes(part)))
            self._wait_for(self._part(b"", more=False))
        except _GoneError:
            return
        finally:
            with suppress(RuntimeError):  # the loop is closed already
                loop_of_request.get().call_soon_threadsafe(listening.cancel)

    async def give_on_the_loop(self, response: StreamingHttpResponse) -> None:
        """Send a response with asynchronous parts."""
        giving = asyncio.ensure_future(self._give_all(response))
        gone = asyncio.ensure_future(self._until_gone())
        try:
            await asyncio.wait((giving, gone), return_when=asyncio.FIRST_COMPLETED)
            if giving.done():
                giving.result()
        finally:
            giving.cancel()
            gone.cancel()
            await asyncio.gather(giving, gone, return_exceptions=True)

    async def _give_all(self, response: StreamingHttpResponse) -> None:
        await self._begin(response)
        async for part in response:
            await self._part(bytes(part))
        await self._part(b"", more=False)

    async def _begin(self, response: StreamingHttpResponse) -> None:
        head = _head(response)
        await self.send(
            {"type": "http.response.start", "status": response.status_code, "headers": head}
        )

    async def _part(self, part: bytes, *, more: bool = True) -> None:
        await self.send({"type": "http.response.body", "body": part, "more_body": more})

    async def _listen(self) -> asyncio.Task[None]:
        return asyncio.create_task(self._until_gone())

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._ended.set()

    def _wait_for[T](self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return what a coroutine gives; a slow client may take its time, one that left may not.

        Raises:
            _GoneError: The client has disconnected.
        """
        future = asyncio.run_coroutine_threadsafe(coroutine, loop_of_request.get())
        while True:
            try:
                return future.result(_LOOKS_UP_SECONDS)
            except TimeoutError:
                if self._ended.is_set():
                    future.cancel()
                    raise _GoneError from None


class _GoneError(Exception):
    """The client of a streaming response has disconnected."""
