"""The default Django service, with a team's app as Django's documentation writes one."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.recipes.conftest import ADMIN, PATIENCE, REPORTER, SETTINGS, Service
from tests.support.accounts import Visitor, create_user, make_admin
from tests.support.edits import package_of, replace
from tests.support.project import Project
from tests.support.rendering import Render

FILES = Path(__file__).with_name("service")
"""What the team writes: the app `orders`, and its tests."""
TESTS = FILES / "tests_of_orders.py"


@pytest.fixture(scope="session")
def project(rendered: Render) -> Project:
    """The default service with the app; no other test uses this name."""
    project = rendered({"project_name": "Django recipes", "framework": "django"})
    project.install()
    project.run("uv", "pip", "install", "--quiet", "--python", ".venv", "django-filter")
    package = package_of(project)
    for file in FILES.rglob("*.py"):
        target = package / file.relative_to(FILES)
        if file == TESTS:
            target = project.path / "tests" / "test_orders.py"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.read_text().replace("PACKAGE", package.name))
    custom = package / "custom.py"
    replace(
        custom,
        "APPS: tuple[str, ...] = ()",
        f'APPS: tuple[str, ...] = ("django_filters", "{package.name}.orders")',
    )
    replace(
        custom,
        "URLS: dict[str, tuple[str, ...]] = {}",
        f'URLS: dict[str, tuple[str, ...]] = {{"v1": ("{package.name}.orders.urls",)}}',
    )
    replace(
        custom,
        "ASGI: dict[str, str] = {}",
        f'ASGI: dict[str, str] = {{"/echo": "{package.name}.orders.echo.application"}}',
    )
    filters = '{"DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"]}'
    replace(
        custom,
        "SETTINGS: dict[str, Any] = {}",
        f'SETTINGS: dict[str, Any] = {{"REST_FRAMEWORK": {filters}}}',
    )
    project.make("migrate")
    project.run(".venv/bin/python", "manage.py", "makemigrations", "orders")
    project.make("migrate")
    return project


@pytest.fixture(scope="session")
def service(project: Project) -> Iterator[Service]:
    """The service, as it serves."""
    make_admin(project, ADMIN)
    with (
        project.serving(SETTINGS) as running,
        httpx2.Client(base_url=running.url, timeout=PATIENCE) as http,
    ):
        yield Service(running, http)


@pytest.fixture(scope="session")
def user(service: Service) -> Visitor:
    """A user, logged in."""
    return create_user(Visitor(service.http, ADMIN).log_in()).log_in()


@pytest.fixture(scope="session")
def outcomes(project: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What became of each test that the team has written, by its name."""
    report = tmp_path_factory.mktemp("outcomes") / "report.json"
    (project.path / "tests" / "recipe_report.py").write_text(REPORTER)
    project.run(
        *(".venv/bin/python", "-m", "pytest", "--no-cov", "-q"),
        *("-p", "tests.recipe_report", "tests/test_orders.py"),
        env={"REPORT": str(report)},
        check=False,
    )
    found: dict[str, str] = json.loads(report.read_text())
    return found
