"""What a FastAPI team writes by the framework's documented ways opens no door."""

from collections.abc import Iterator
from contextlib import closing

import httpx2
import pytest

from tests.support.accounts import AUTH, PASSWORD, Visitor, make_admin
from tests.support.custom import write_slices
from tests.support.edits import package_of
from tests.support.project import Project, Running
from tests.support.rendering import Render

pytestmark = pytest.mark.xdist_group("own routes")
ADMIN = "root@example.com"
OWN = "/api/v1/own"
SIGNATURE = {"X-Signature": "good"}
LIMIT = "4"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
ROUTES = '''"""Routes of our own."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response, WebSocket
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.websockets import WebSocket as PlainWebSocket

from .auth.current import CurrentClaims, CurrentUser
from slipway_kit.fastapi.public import PUBLIC, public
from slipway_kit.fastapi.rate_limit import RateLimit
from slipway_kit.fastapi.routes import SliceRouter


class SignedRoute(APIRoute):
    """Refuses requests without a signature."""

    def get_route_handler(self) -> Any:
        """Return what checks the signature first."""
        serve = super().get_route_handler()

        async def check(request: Request) -> Response:
            if request.headers.get("X-Signature") != "good":
                raise HTTPException(403, "The signature is wrong.")
            return await serve(request)

        return check


slice_router = SliceRouter(prefix="/own/slice", dependencies=[Depends(PUBLIC)])
slice_router.route_class = SignedRoute
plain_router = APIRouter(
    prefix="/own/plain", route_class=SignedRoute, dependencies=[Depends(PUBLIC)]
)
for router in (slice_router, plain_router):

    @router.get("/signed")
    async def read_signed() -> str:
        """Return a word."""
        return "signed"


endpoints = SliceRouter(prefix="/own/endpoints", dependencies=[Depends(PUBLIC)])


async def read_one() -> str:
    """Return a word."""
    return "signed"


endpoints.add_api_route("/signed", read_one, route_class_override=SignedRoute)

users = SliceRouter(prefix="/own/users")


@users.get("/claims")
async def read_claims(claims: CurrentClaims) -> str:
    """Return whose token it is."""
    return str(claims.user_id)


@users.get("/me")
async def read_me(user: CurrentUser):  # type: ignore[no-untyped-def]  # as in a first draft
    """Return all that is known."""
    return user


@users.get("/nested")
async def read_nested(user: CurrentUser):  # type: ignore[no-untyped-def]  # as above
    """Return all that is known, further inside."""
    return {"users": [user]}


@public
async def _serve(request: Request) -> Response:
    return PlainTextResponse("plain")


@public
async def _talk(socket: PlainWebSocket) -> None:
    await socket.accept()
    await socket.close()


mixed = APIRouter(dependencies=[Depends(PUBLIC)])
mixed.add_route("/own/mixed/route", _serve)
mixed.mount("/own/mixed/mounted", public(Starlette(routes=[Route("/", _serve)])))
mixed.add_websocket_route("/own/mixed/starlette", _talk)
inner = APIRouter(prefix="/own/mixed/inner")


@inner.get("")
async def read_inner() -> str:
    """Return a word."""
    return "inner"


mixed.include_router(inner)


@mixed.websocket("/own/mixed/first")
async def talk_first(socket: WebSocket) -> None:
    """Accept and close."""
    await _talk(socket)


@mixed.websocket("/own/mixed/second")
async def talk_second(socket: WebSocket) -> None:
    """Accept and close."""
    await _talk(socket)


@mixed.websocket("/own/mixed/often")
async def talk_often(socket: WebSocket, _: Annotated[None, Depends(RateLimit("6/hour"))]) -> None:
    """Accept and close."""
    await _talk(socket)


ROUTERS = (slice_router, plain_router, endpoints, users, mixed)
'''
SLICES = '''"""Our own slices."""

from .own import ROUTERS

__all__ = ["ROUTERS"]
'''


@pytest.fixture(scope="module")
def project(rendered: Render) -> Project:
    """A service with routes of its team's own; no other test uses this mix."""
    project = rendered({"project_name": "Own Routes"})
    project.install()
    package = package_of(project)
    (package / "own.py").write_text(ROUTES)
    write_slices(package, SLICES)
    project.make("migrate")
    make_admin(project, ADMIN)
    return project


@pytest.fixture
def running(project: Project) -> Iterator[Running]:
    """The service, which counts from nothing."""
    with project.serving({"RATE_LIMIT_DEFAULT": f"{LIMIT}/hour"}) as running:
        yield running


@pytest.fixture
def admin(running: Running) -> Iterator[Visitor]:
    """An administrator, logged in."""
    with closing(httpx2.Client(base_url=running.url, timeout=30)) as http:
        yield Visitor(http, ADMIN, PASSWORD).log_in()


@pytest.mark.parametrize("way", ["slice", "plain", "endpoints"])
def test_a_route_class_of_ones_own_checks_each_request(running: Running, way: str) -> None:
    url = f"{running.url}{OWN}/{way}/signed"

    unsigned, signed = httpx2.get(url), httpx2.get(url, headers=SIGNATURE)

    assert (unsigned.status_code, signed.status_code) == (403, 200)
    assert signed.headers["X-RateLimit-Limit"] == LIMIT


@pytest.mark.parametrize("way", ["slice", "endpoints"])
def test_the_limit_counts_what_a_route_class_refuses(running: Running, way: str) -> None:
    url = f"{running.url}{OWN}/{way}/signed"

    statuses = [httpx2.get(url).status_code for _ in range(5)]

    assert statuses == [403] * 4 + [429]


def test_claims_alone_are_refused_after_the_logout_without_redis(admin: Visitor) -> None:
    before = admin.get(f"{OWN}/users/claims")

    admin.post(f"{AUTH}/logout")
    after = admin.get(f"{OWN}/users/claims")

    assert (before.status_code, after.status_code) == (200, 401)
    assert after.json()["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("path", ["me", "nested"])
def test_a_user_who_is_returned_as_it_is_shows_no_hash(admin: Visitor, path: str) -> None:
    answer = admin.get(f"{OWN}/users/{path}")

    assert ADMIN in answer.text
    assert "argon2" not in answer.text


@pytest.mark.parametrize("path", ["route", "mounted/", "inner"])
def test_what_stands_in_a_router_beside_its_endpoints_has_the_default_limit(
    running: Running, path: str
) -> None:
    answers = [httpx2.get(f"{running.url}{OWN}/mixed/{path}") for _ in range(5)]

    assert [each.status_code for each in answers] == [200] * 4 + [429]
    assert {each.headers["X-RateLimit-Limit"] for each in answers} == {LIMIT}


@pytest.mark.parametrize(("path", "accepted"), [("starlette", 4), ("first", 4), ("often", 6)])
def test_each_websocket_has_its_limit(running: Running, path: str, accepted: int) -> None:
    outcomes = [_handshake(running, path) for _ in range(accepted + 1)]

    assert outcomes == [True] * accepted + [False]


def test_two_websockets_count_apart(running: Running) -> None:
    first = [_handshake(running, "first") for _ in range(4)]

    assert (first, _handshake(running, "second")) == ([True] * 4, True)


def _handshake(running: Running, path: str) -> bool:
    """Return whether a handshake is accepted."""
    with httpx2.stream("GET", f"{running.url}{OWN}/mixed/{path}", headers=UPGRADE) as answer:
        assert answer.status_code in {101, 429}
        return answer.status_code == 101
