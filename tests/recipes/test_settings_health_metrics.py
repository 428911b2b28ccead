"""Settings, health checks and metrics of the team's own: pydantic-settings, prometheus_client."""

import httpx2
import pytest

from tests.recipes.conftest import Service
from tests.support.project import Project

pytestmark = pytest.mark.xdist_group("recipes")

RECIPE = '''"""Orders, counted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from prometheus_client import Counter

from slipway_kit.health import Check
from ..dependencies import SettingsDep
from slipway_kit.fastapi.public import PUBLIC
from ..settings import Settings

ORDERS = Counter("orders_total", "Orders taken.", ["kind"])
router = APIRouter(prefix="/api/v1/counted", dependencies=[Depends(PUBLIC)])


async def ping() -> None:
    return None


async def fail() -> None:
    raise RuntimeError("password=hunter2")


@asynccontextmanager
async def lifespan(settings: Settings, state: Any) -> AsyncIterator[None]:
    state["health"].add(Check("warehouse", ping))
    state["health"].add(Check("weather", fail, critical=False))
    yield


@router.post("")
async def take_order() -> None:
    ORDERS.labels("web").inc()


@router.get("/most")
async def read_most(settings: SettingsDep) -> int:
    return settings.most_orders


def extend(app: FastAPI, settings: Settings) -> None:
    app.include_router(router)
'''
COUNTED = "/api/v1/counted"
SERIES = 'orders_total{kind="web"} '


def test_a_setting_of_the_teams_own_has_its_default(service: Service) -> None:
    assert service.get(f"{COUNTED}/most").json() == 10


def test_a_wrong_value_of_a_setting_of_the_teams_own_stops_the_start(project: Project) -> None:
    done = project.run(
        *(".venv/bin/python", "-m", "recipes", "check"), env={"MOST_ORDERS": "0"}, check=False
    )

    assert done.returncode == 1
    assert done.stdout.startswith("MOST_ORDERS")


def test_a_health_check_of_the_teams_own_is_reported(service: Service) -> None:
    report = service.get("/health").json()

    assert report["checks"]["warehouse"]["status"] == "healthy"


def test_a_check_that_is_not_critical_degrades_and_says_no_reason(service: Service) -> None:
    response = service.get("/health")

    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert "hunter2" not in response.text


def test_a_metric_of_the_teams_own_is_shown(service: Service) -> None:
    service.send("POST", COUNTED)

    assert SERIES in service.metrics()


def test_no_family_of_metrics_is_there_twice(service: Service) -> None:
    names = [line for line in service.metrics().splitlines() if line.startswith("# TYPE")]

    assert sorted(names) == sorted(set(names))


def test_a_metric_of_the_teams_own_is_exact_with_several_workers(project: Project) -> None:
    with project.serving({"WORKERS": "2", "MOST_ORDERS": "7"}) as running:
        for _ in range(10):
            httpx2.post(f"{running.url}{COUNTED}").raise_for_status()
        shown = httpx2.get(f"{running.url}/metrics").text
        most = httpx2.get(f"{running.url}{COUNTED}/most").json()

    assert f"{SERIES}10.0" in shown
    assert most == 7
