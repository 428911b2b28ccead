"""FastAPI, Handling Errors."""

import pytest

from tests.recipes.conftest import Service, assert_guaranteed, assert_problem, new_id

pytestmark = pytest.mark.xdist_group("recipes")

RECIPE = '''"""Errors."""

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from slipway_kit.problems import ServiceError
from slipway_kit.fastapi.public import PUBLIC
from ..settings import Settings

router = APIRouter(prefix="/api/v1/errors", dependencies=[Depends(PUBLIC)])


class UnicornException(Exception):
    def __init__(self, name: str) -> None:
        self.name = name


class OrderLostError(ServiceError):
    """The order is lost."""

    status = 410
    code = "ORDER_LOST"
    detail = "The order is lost."


class Secretive(BaseModel):
    password: int


@router.get("/unicorn/{name}")
async def read_unicorn(name: str) -> None:
    raise UnicornException(name)


@router.get("/dict")
async def raise_dict() -> None:
    raise HTTPException(status_code=409, detail={"reason": "stock", "left": 3})


@router.get("/list")
async def raise_list() -> None:
    raise HTTPException(status_code=409, detail=["stock", 3])


@router.get("/members")
async def raise_members() -> None:
    raise HTTPException(status_code=409, detail={"status": 200, "correlation_id": "mine"})


@router.get("/text")
async def raise_text() -> None:
    raise HTTPException(404, "Item not found", headers={"X-Error": "There goes my error"})


@router.get("/lost")
async def lose() -> None:
    raise OrderLostError


@router.get("/crash")
async def crash() -> None:
    raise RuntimeError("password=hunter2")


@router.get("/invalid")
async def invalidate() -> None:
    raise RequestValidationError(
        [{"loc": ("body", "name"), "msg": "Is taken", "type": "taken", "input": "hunter2"}]
    )


@router.post("/validated")
async def validate(body: Secretive) -> None:
    return None


def extend(app: FastAPI, settings: Settings) -> None:
    app.include_router(router)

    @app.exception_handler(UnicornException)
    async def unicorn_exception_handler(request: Request, exc: UnicornException) -> JSONResponse:
        return JSONResponse(status_code=418, content={"message": f"Oops! {exc.name}"})
'''
ERRORS = "/api/v1/errors"


def test_a_handler_of_the_teams_own_responds_with_all_headers(service: Service) -> None:
    response = service.get(f"{ERRORS}/unicorn/yolo")

    assert (response.status_code, response.json()) == (418, {"message": "Oops! yolo"})
    assert_guaranteed(response)


@pytest.mark.parametrize(
    ("path", "value"),
    [("dict", {"reason": "stock", "left": 3}), ("list", ["stock", 3])],
)
def test_a_detail_that_is_no_text_arrives_as_json(
    service: Service, path: str, value: object
) -> None:
    body = assert_problem(service.get(f"{ERRORS}/{path}"), 409)

    assert body["detail"] == "Conflict"
    assert body["context"] == value


def test_a_detail_replaces_no_member_of_the_problem(service: Service) -> None:
    body = assert_problem(service.get(f"{ERRORS}/members"), 409)

    assert body["status"] == 409


def test_a_text_and_headers_arrive(service: Service) -> None:
    response = service.get(f"{ERRORS}/text")

    assert assert_problem(response, 404)["detail"] == "Item not found"
    assert response.headers["X-Error"] == "There goes my error"


def test_an_error_of_the_teams_own_is_a_problem(service: Service) -> None:
    assert assert_problem(service.get(f"{ERRORS}/lost"), 410)["code"] == "ORDER_LOST"


def test_an_unhandled_error_shows_nothing_and_logs_no_secret(service: Service) -> None:
    response = service.get(f"{ERRORS}/crash", cid=(cid := new_id()))

    assert "hunter2" not in str(assert_problem(response, 500))
    assert "hunter2" not in str(service.line(cid, logger="own"))


def test_a_validation_error_that_is_raised_is_a_problem_without_the_value(
    service: Service,
) -> None:
    body = assert_problem(service.get(f"{ERRORS}/invalid"), 422)

    assert body["errors"] == [{"loc": ["body", "name"], "msg": "Is taken", "type": "taken"}]


def test_a_body_that_does_not_fit_is_a_problem_without_the_value(service: Service) -> None:
    response = service.send("POST", f"{ERRORS}/validated", json={"password": "hunter2"})

    assert "hunter2" not in str(assert_problem(response, 422))
