"""FastAPI, Sub Applications and Static Files; an application of a third party."""

import pytest

from tests.recipes.conftest import Service, assert_guaranteed, assert_problem, new_id

pytestmark = pytest.mark.xdist_group("recipes")

RECIPE = '''"""Mounts."""

from pathlib import Path

from fastapi import Depends, FastAPI, Request
from fastapi.staticfiles import StaticFiles
from sqlalchemy import Integer, literal, select
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Mount, Route

from slipway_kit.fastapi.session import SessionDep
from slipway_kit.fastapi.public import PUBLIC, public
from ..settings import Settings

subapi = FastAPI(dependencies=[Depends(PUBLIC)])


@subapi.get("/sub/{number}")
async def read_sub(number: int) -> dict[str, int]:
    return {"number": number}


@subapi.get("/compared/{number}")
async def compare(number: int, session: SessionDep) -> int | None:
    return await session.scalar(select(literal(number, Integer)))


@subapi.get("/fails")
async def fail() -> None:
    raise RuntimeError("The sub application fails.")


async def page(request: Request) -> HTMLResponse:
    return HTMLResponse("<script src='app.js'></script>")


async def word(request: Request) -> PlainTextResponse:
    return PlainTextResponse("word")


third_party = public(
    Starlette(
        routes=[
            Route("/page", page),
            Mount("/inner", routes=[Route("/{word}", word)]),
        ]
    )
)


def extend(app: FastAPI, settings: Settings) -> None:
    app.mount("/subapi", subapi)
    app.mount("/static", public(StaticFiles(directory=Path(__file__).parent)), name="static")
    app.mount("/third", third_party)
    app.mount("/pages", third_party)
'''
POLICY = (
    "default-src 'self'; script-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
NOT_FOUND = 404


def test_a_mounted_application_refuses_what_the_database_refuses(service: Service) -> None:
    assert service.get("/subapi/compared/7").json() == 7
    assert_problem(service.get(f"/subapi/compared/{10**30}"), 422)


@pytest.mark.parametrize(
    "path", ["/subapi/sub/1", "/static/mounts.py", "/third/page", "/third/inner/word"]
)
def test_a_mounted_application_serves_with_headers_and_a_limit(service: Service, path: str) -> None:
    response = service.get(path)

    assert response.status_code == 200
    assert response.headers["X-RateLimit-Limit"] == "100"
    assert_guaranteed(response)


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/subapi/sub/1", "/subapi/sub/{number}"),
        ("/third/page", "/third/page"),
        ("/third/inner/word", "/third/inner/{word}"),
        ("/static/mounts.py", "/static"),
    ],
)
def test_metrics_and_the_line_have_the_full_template_of_a_mount(
    service: Service, path: str, template: str
) -> None:
    service.get(path, cid=(cid := new_id()))

    assert service.line(cid)["route"] == template
    assert f'endpoint="{template}",method="GET",status="200"' in service.metrics()


@pytest.mark.parametrize(
    ("path", "status"),
    [("/subapi/sub/none", 422), ("/subapi/nothing", NOT_FOUND), ("/subapi/fails", 500)],
)
def test_an_error_of_a_mounted_fastapi_is_a_problem(
    service: Service, path: str, status: int
) -> None:
    assert_problem(service.get(path), status)


def test_a_file_that_is_not_there_is_a_problem(service: Service) -> None:
    assert_problem(service.get("/static/nothing.txt"), NOT_FOUND)


@pytest.mark.parametrize("path", ["/subapi/nothing1", "/third/nothing1", "/static/nothing1"])
def test_no_client_adds_a_label_below_a_mount(service: Service, path: str) -> None:
    service.get(path)

    assert "nothing1" not in service.metrics()


def test_the_pages_of_a_third_party_have_a_policy_of_their_own(service: Service) -> None:
    assert_guaranteed(service.get("/pages/page"), policy=POLICY)


def test_the_policy_of_a_page_holds_below_its_path_alone(service: Service) -> None:
    assert_guaranteed(service.get("/pages-of-others"))


def test_a_mounted_application_of_fastapi_has_docs_of_its_own(service: Service) -> None:
    assert service.get("/subapi/openapi.json").json()["paths"].keys() == {
        "/sub/{number}",
        "/compared/{number}",
        "/fails",
    }
