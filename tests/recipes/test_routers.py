"""FastAPI, Bigger Applications and Background Tasks; a second version and a deprecated endpoint."""

from collections.abc import Callable

import pytest

from tests.recipes.conftest import (
    Service,
    assert_contracts_kept,
    assert_guaranteed,
    assert_problem,
    new_id,
)
from tests.support.project import Project

pytestmark = pytest.mark.xdist_group("recipes")

RECIPE = '''"""Shops."""

import logging
from datetime import date
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Header, HTTPException, Request

from ..auth.current import CurrentUser
from slipway_kit.fastapi.deprecation import Deprecated
from slipway_kit.fastapi.public import PUBLIC
from slipway_kit.fastapi.rate_limit import RateLimit
from ..settings import Settings

logger = logging.getLogger(__name__)


async def get_token_header(x_token: Annotated[str, Header()]) -> None:
    if x_token != "fake-super-secret-token":
        raise HTTPException(status_code=400, detail="X-Token header invalid")


orders = APIRouter(prefix="/orders", tags=["orders"])


@orders.get("/{order_id}")
async def read_shop_order(shop_id: int, order_id: int) -> dict[str, int]:
    return {"shop_id": shop_id, "order_id": order_id}


@orders.get("/{order_id}/owner")
async def read_shop_order_owner(shop_id: int, order_id: int, user: CurrentUser) -> str:
    return user.email


@orders.delete("/{order_id}", dependencies=[Depends(RateLimit("2/hour"))])
async def delete_shop_order(shop_id: int, order_id: int) -> None:
    return None


shops = APIRouter(
    prefix="/shops/{shop_id}",
    tags=["shops"],
    dependencies=[Depends(get_token_header), Depends(PUBLIC)],
    responses={418: {"description": "I'm a teapot"}},
)
shops.include_router(orders)

first = APIRouter(prefix="/prices", dependencies=[Depends(PUBLIC)])


@first.get("", deprecated=True)
async def read_prices() -> int:
    return 1250


@first.get("/old", dependencies=[Depends(Deprecated(date(2027, 1, 1)))])
async def read_old_prices() -> int:
    return 1250


@first.get("/link")
async def link_to_prices(request: Request) -> list[str]:
    client = request.client.host if request.client else ""
    return [str(request.url_for("link_to_prices")), client]


second = APIRouter(prefix="/prices", dependencies=[Depends(PUBLIC)])


@second.get("", name="read_prices")
async def read_prices_v2() -> dict[str, str]:
    return {"amount": "12.50"}


tasks = APIRouter(prefix="/notifications", dependencies=[Depends(PUBLIC)])


def write_notification(email: str) -> None:
    if email == "fails":
        raise RuntimeError("The notification failed.")
    logger.info("notified %s", email)


@tasks.post("/{email}")
async def send_notification(email: str, background_tasks: BackgroundTasks) -> str:
    background_tasks.add_task(write_notification, email)
    return "sent"


def extend(app: FastAPI, settings: Settings) -> None:
    app.include_router(shops, prefix="/api/v1", tags=["internal"])
    app.include_router(first, prefix="/api/v1")
    app.include_router(second, prefix="/api/v2")
    app.include_router(tasks, prefix="/api/v1")
'''
TEMPLATE = "/api/v1/shops/{shop_id}/orders/{order_id}"
ORDER = "/api/v1/shops/1/orders/2"
TOKEN = {"X-Token": "fake-super-secret-token"}


@pytest.fixture(scope="module")
def schema(service: Service) -> dict[str, dict[str, dict[str, object]]]:
    """The paths of the OpenAPI schema."""
    found: dict[str, dict[str, dict[str, object]]] = service.get("/openapi.json").json()["paths"]
    return found


def test_a_nested_router_serves_with_all_headers(service: Service) -> None:
    response = service.get(ORDER, headers=TOKEN)

    assert response.json() == {"shop_id": 1, "order_id": 2}
    assert response.headers["X-RateLimit-Limit"] == "100"
    assert_guaranteed(response)


def test_a_link_has_the_scheme_that_the_proxy_reports_and_the_client_is_known(
    service: Service,
) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}

    link, client = service.get("/api/v1/prices/link", headers=headers).json()

    assert link == f"https://{service.http.base_url.netloc.decode()}/api/v1/prices/link"
    assert client == "192.0.2.7"


def test_a_dependency_of_the_router_refuses_with_a_problem(service: Service) -> None:
    response = service.get(ORDER, headers={"X-Token": "wrong"})

    assert assert_problem(response, 400)["detail"] == "X-Token header invalid"


def test_a_nested_endpoint_for_users_is_closed(service: Service) -> None:
    assert_problem(service.get(f"{ORDER}/owner", headers=TOKEN), 401)


def test_metrics_have_the_full_template_of_a_nested_route(service: Service) -> None:
    service.get(ORDER, headers=TOKEN)

    assert f'endpoint="{TEMPLATE}",method="GET",status="200"' in service.metrics()


def test_the_access_line_has_the_full_template(service: Service) -> None:
    service.get(ORDER, headers=TOKEN, cid=(cid := new_id()))

    line = service.line(cid)

    assert (line["route"], line["path"], line["status_code"]) == (TEMPLATE, ORDER, 200)


def test_a_limit_of_a_nested_route_counts_the_template(service: Service) -> None:
    headers = TOKEN | {"X-Forwarded-For": "10.7.7.7"}

    statuses = [service.send("DELETE", f"{ORDER}{n}", headers=headers).status_code for n in "123"]

    assert statuses == [200, 200, 429]


def test_tags_and_responses_of_routers_are_documented(
    schema: dict[str, dict[str, dict[str, object]]],
) -> None:
    operation = schema[TEMPLATE]["get"]

    assert operation["tags"] == ["internal", "shops", "orders"]
    assert "418" in str(operation["responses"])


def test_two_versions_serve_beside_each_other(service: Service) -> None:
    bodies = [service.get(f"/api/{version}/prices").json() for version in ("v1", "v2")]

    assert bodies == [1250, {"amount": "12.50"}]


def test_metrics_keep_versions_apart(service: Service) -> None:
    service.get("/api/v2/prices")

    assert 'endpoint="/api/v2/prices",method="GET",status="200"' in service.metrics()


@pytest.mark.parametrize("path", ["/api/v1/prices", "/api/v1/prices/old"])
def test_a_deprecated_endpoint_is_documented(
    schema: dict[str, dict[str, dict[str, object]]], path: str
) -> None:
    assert schema[path]["get"]["deprecated"] is True


def test_a_deprecated_endpoint_says_so_in_its_response(service: Service) -> None:
    assert service.get("/api/v1/prices/old").headers["Deprecation"] == "@1798761600"


def test_a_background_task_logs_with_the_correlation_id(service: Service) -> None:
    service.send("POST", "/api/v1/notifications/ann", cid=(cid := new_id()))

    assert service.line(cid, logger="own")["event"] == "notified ann"


def test_a_background_task_that_fails_is_logged_and_the_response_is_whole(
    service: Service,
) -> None:
    response = service.send("POST", "/api/v1/notifications/fails", cid=(cid := new_id()))

    assert (response.status_code, response.json()) == (200, "sent")
    assert "The notification failed." in str(service.line(cid, logger="own"))
    assert service.line(cid)["status_code"] == 200


def test_routers_for_users_keep_the_import_contracts(
    project: Project, record_property: Callable[[str, object], None]
) -> None:
    assert_contracts_kept(project, record_property)
