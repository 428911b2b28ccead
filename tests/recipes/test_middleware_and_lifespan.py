"""FastAPI, Advanced Middleware and Lifespan Events."""

import pytest

from tests.recipes.conftest import Service, assert_guaranteed, assert_problem
from tests.support.edits import package_of
from tests.support.project import Project

pytestmark = pytest.mark.xdist_group("recipes")

RECIPE = '''"""Middlewares and resources."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slipway_kit.fastapi.public import PUBLIC
from ..settings import Settings

LONGEST = 5


class PureMiddleware:
    def __init__(self, app: ASGIApp, name: str) -> None:
        self.app = app
        self.name = name.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_header(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-passed", self.name)]
            await send(message)

        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["path"] == "/api/v1/stopped-by-middleware":
            await PlainTextResponse("stopped", 402)(scope, receive, send_with_header)
            return
        if scope["path"] == "/api/v1/fails-in-middleware":
            raise RuntimeError("The middleware fails.")
        await self.app(scope, receive, send_with_header)


def middleware() -> list[Middleware]:
    return [
        Middleware(PureMiddleware, name="custom"),
        Middleware(TrustedHostMiddleware, allowed_hosts=["*"]),
    ]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
    yield {"model": "a model"}


router = APIRouter(
    prefix="/api/v1/lifespan", lifespan=lifespan, dependencies=[Depends(PUBLIC)]
)


def get_model(request: Request) -> str:
    return request.state.model


@router.get("/model")
async def read_model(model: Annotated[str, Depends(get_model)]) -> str:
    return model


@router.get("/app-state")
async def read_app_state(request: Request) -> str:
    return request.app.state.word


def extend(app: FastAPI, settings: Settings) -> None:
    app.state.word = "a word"
    app.include_router(router)
    app.add_middleware(PureMiddleware, name="added")

    @app.middleware("http")
    async def add_header(request: Request, call_next: Any) -> Response:
        response = await call_next(request)
        response.headers["X-Decorated"] = request.state.correlation_id
        return response
'''
LIFESPAN = "/api/v1/lifespan"


def test_middlewares_of_the_teams_own_run(service: Service) -> None:
    response = service.get(f"{LIFESPAN}/model")

    assert response.headers.get_list("X-Passed") == ["added", "custom"]
    assert_guaranteed(response)


def test_a_middleware_of_the_decorator_runs(service: Service) -> None:
    response = service.get(f"{LIFESPAN}/model")

    assert response.headers["X-Decorated"] == response.headers["X-Correlation-ID"]


def test_the_response_of_a_middleware_has_all_headers(service: Service) -> None:
    response = service.get("/api/v1/stopped-by-middleware")

    assert response.status_code == 402
    assert_guaranteed(response)


def test_what_a_middleware_raises_is_a_problem(service: Service) -> None:
    assert_problem(service.get("/api/v1/fails-in-middleware"), 500)


def test_a_middleware_that_is_added_stands_inside_of_the_services_own(service: Service) -> None:
    response = service.send("OPTIONS", "/api/v1/stopped-by-middleware")

    assert response.headers["X-Passed"]
    assert_guaranteed(response)


def test_a_dependency_reaches_what_a_lifespan_opened(service: Service) -> None:
    assert service.get(f"{LIFESPAN}/model").json() == "a model"


def test_an_endpoint_reaches_the_state_of_the_application(service: Service) -> None:
    assert service.get(f"{LIFESPAN}/app-state").json() == "a word"


def test_what_is_never_run_stops_the_start_and_says_what_to_do(project: Project) -> None:
    custom = package_of(project) / "custom.py"
    before = custom.read_text()
    custom.write_text(f'{before}\n    app.on_event("startup")(print)\n')
    try:
        done = project.run(".venv/bin/python", "-m", "recipes", "openapi", "/dev/null", check=False)
    finally:
        custom.write_text(before)

    assert done.returncode != 0
    assert "lifespan in custom.py" in done.stdout.strip().splitlines()[-1]
