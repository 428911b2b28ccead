"""The resources of the process, for code that runs anywhere: a view, a command, the shell, a test.

A server opens them in its event loop. Where there is none, as in a command or under Django's own
handlers, they are opened when they are first needed, in an event loop of their own: by the class
that Django's setting SERVICE_LIFESPAN names, with the settings that SERVICE has.
"""

from __future__ import annotations

import asyncio
import atexit
import os
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.conf import settings
from django.core import mail
from django.http import HttpRequest
from django.utils.module_loading import import_string

from ..client_ip import set_client

if TYPE_CHECKING:
    from starlette.types import Scope

loop_of_request: ContextVar[asyncio.AbstractEventLoop] = ContextVar("loop_of_request")

_Opened = tuple[asyncio.AbstractEventLoop, Any]
_servers: list[_Opened] = []
_own: dict[int, _Opened] = {}
_opening = Lock()


def resources() -> Any:
    """Return the resources of the process: settings, cache, limits and the rest of its state."""
    return _opened()[1]


def wait_for[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine of the kit gives, run by the event loop meanwhile.

    For code that is not asynchronous: limits, cache and health belong to the event loop.
    """
    loop = loop_of_request.get(None) or _opened()[0]
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result()


async def on_their_loop[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine gives, run by the event loop to which the resources belong."""
    loop = _opened()[0]
    if loop is asyncio.get_running_loop():
        return await coroutine
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, loop))


def is_in_tests() -> bool:
    """Return whether this is Django's test environment, without a server."""
    return hasattr(mail, "outbox") and loop_of_request.get(None) is None


@contextmanager
def serving(state: Any) -> Iterator[None]:
    """Have these resources used by all code of the process, in the event loop that runs now."""
    opened = (asyncio.get_running_loop(), state)
    _servers.append(opened)
    try:
        yield
    finally:
        _servers.remove(opened)


def scope_without_server(request: HttpRequest) -> Scope:
    """Return the ASGI scope of a request that no server of the service's has passed on.

    It comes from Django's test clients, or from Django's own WSGI and ASGI handlers.
    """
    names = ((name.lower(), value) for name, value in request.headers.items())
    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "method": request.method or "GET",
        "scheme": request.scheme or "http",
        "path": request.path,
        "raw_path": quote(request.path).encode(),
        "query_string": request.META.get("QUERY_STRING", "").encode("latin-1"),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in names],
        "client": (request.META.get("REMOTE_ADDR", ""), 0),
        "state": dict(resources()),
    }
    state = resources()
    set_client(scope, state["client_ips"])
    if "accounts" in state:
        from ..asgi.identity import identify  # noqa: PLC0415 -- it needs the packages of accounts

        identify(scope, state["accounts"].tokens, state["settings"].rate_limit_user)
    return scope


def _opened() -> _Opened:
    if _servers:
        return _servers[-1]
    with _opening:
        process = os.getpid()  # a fork has no thread of its parent's
        if process not in _own:
            _own[process] = _open()
        return _own[process]


def _open() -> _Opened:
    service = settings.SERVICE
    # Tests call a view as often as they like, and roll back what a cache would keep.
    off = {"rate_limit_enabled", "cache_enabled", "jobs_schedules"} & type(
        service
    ).model_fields.keys()
    changed = dict.fromkeys(off, False) if is_in_tests() else {}
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, name="resources", daemon=True).start()
    lifespan = import_string(settings.SERVICE_LIFESPAN)(service.model_copy(update=changed))(None)
    state = asyncio.run_coroutine_threadsafe(lifespan.__aenter__(), loop).result()

    def close() -> None:
        closing = lifespan.__aexit__(None, None, None)
        # Emails are sent; what needs a thread to close ends with the process.
        with suppress(RuntimeError):
            asyncio.run_coroutine_threadsafe(closing, loop).result()

    atexit.register(close)
    return loop, state
