"""Refuses requests for names that are not the service's."""

from http import HTTPStatus

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from ..hosts import Hosts
from ..probes import is_probe
from ..responses import problem_response


class HostsMiddleware:
    """Responds 400 to a Host header of someone else's, which could poison links and caches.

    What machines ask all the time stays open: they ask by address.
    """

    def __init__(self, app: ASGIApp, *, hosts: Hosts) -> None:
        self.app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that is for this service."""
        if scope["type"] in {"http", "websocket"} and not self._is_meant(scope):
            response = problem_response(
                HTTPConnection(scope),
                HTTPStatus.BAD_REQUEST,
                "The Host header does not name this service.",
            )
            await response(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _is_meant(self, scope: Scope) -> bool:
        if is_probe(scope["path"]):
            return True
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        return self._hosts.include(hosts)
