"""The tests that a service ships with, in a service that its team has changed."""

from pathlib import Path

import pytest

from tests.support.edits import replace
from tests.support.project import Project
from tests.support.rendering import Render

SHIPPED = (
    *("system", "errors", "openapi", "metrics", "headers", "sentry", "versions"),
    *("tracing", "health", "redis", "database"),
)
FASTAPI_CONFIG = '@router.get("/config"'
FASTAPI_ORDERS = '''"""Orders."""

from fastapi import APIRouter, Depends

from slipway_kit.problems import ServiceError
from slipway_kit.fastapi.public import PUBLIC


class OrderLostError(ServiceError):
    """The order is lost."""

    status = 410
    code = "ORDER_LOST"
    detail = "The order is lost."


plain = APIRouter(dependencies=[Depends(PUBLIC)])


@plain.get("/orders2/{order_id}", responses={410: {"description": "Lost"}})
async def read_lost_order_2(order_id: int) -> int:
    raise OrderLostError
'''
FASTAPI_ROUTER = """    from .orders import plain

    app.include_router(plain)
"""
CHECKS = """    from slipway_kit.health import Check

    async def fail() -> None:
        raise RuntimeError

    state["health"].add(Check("warehouse", fail))
    state["health"].add(Check("weather", fail, critical=False))
    yield
"""
DJANGO_CONFIG = '    path("config", ConfigView.as_view(), name="config"),\n'


def _grow_fastapi(package: Path) -> None:
    """Remove /config, and serve an untagged endpoint with a number in its name."""
    endpoints = package / "system" / "endpoints.py"
    text = endpoints.read_text()
    start = text.index(FASTAPI_CONFIG)
    end = text.index("@router.get", start + 1)
    endpoints.write_text(text[:start] + text[end:])
    (package / "orders.py").write_text(FASTAPI_ORDERS)
    with (package / "custom.py").open("a") as file:
        file.write(FASTAPI_ROUTER)


def _grow_django(package: Path) -> None:
    """Remove /config."""
    urls = package / "system" / "urls.py"
    text = urls.read_text()
    assert DJANGO_CONFIG in text
    urls.write_text(text.replace(DJANGO_CONFIG, ""))


def _collected(project: Project, seed: str) -> list[str]:
    done = project.run(
        *(".venv/bin/pytest", "--no-cov", "--collect-only", "-q"), env={"PYTHONHASHSEED": seed}
    )
    return [line for line in done.stdout.splitlines() if "::" in line]


@pytest.mark.parametrize("framework", ["fastapi", "django"])
def test_they_judge_nothing_that_the_team_has_added_or_removed(
    rendered: Render, framework: str
) -> None:
    name = f"Grown {framework}"
    project = rendered({"project_name": name, "framework": framework, "tracing": True})
    project.install()
    package = project.path / "src" / f"grown_{framework}"
    (_grow_django if framework == "django" else _grow_fastapi)(package)
    replace(package / "custom.py", "    yield\n", CHECKS)
    shipped = [f"tests/test_{name}.py" for name in SHIPPED]
    present = [file for file in shipped if (project.path / file).exists()]

    done = project.run("uv", "run", "--frozen", "pytest", "--no-cov", "-q", *present, check=False)

    assert done.returncode == 0, done.stdout
    # Each worker of pytest-xdist collects the same tests by the same names, or it ends the run.
    assert _collected(project, "1") == _collected(project, "2")
