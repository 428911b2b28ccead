"""The default service of each framework, with recipes in it.

That of FastAPI has those of every file of this directory, that of Django the app and the packages
of tests/support/django_recipes.py, which the files test_django_*.py use.

One of the two has jobs: in turn, commit by commit, so that each runs with jobs and without them and
no run takes longer. RECIPES_JOBS=fastapi or RECIPES_JOBS=django says which.

A file's RECIPE is a module that a team writes as the documentation of FastAPI or of a package
shows; its function `extend(app, settings)` adds it to the service.
"""

import importlib
import json
import os
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.accounts import TRUSTING, Visitor, create_user, make_admin
from tests.support.django_recipes import write_recipes
from tests.support.edits import package_of, replace
from tests.support.project import Project, Running, free_port
from tests.support.rendering import Render
from tools.questions import Answers
from tools.releases import git

ADMIN = "root@example.com"
PACKAGES = ("python-multipart", "polyfactory", "factory-boy", "pytest-xdist")
"""What the recipes need beyond the service's own requirements."""
UNSYNCED = {"UV_NO_SYNC": "true"}
"""What keeps uv from removing packages that no lock has."""
PATIENCE = 60.0
SLOW_MS = 400
SETTINGS = TRUSTING | {"LOG_FORMAT": "json", "SLOW_REQUEST_MS": str(SLOW_MS)}
GUARANTEED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
PAGE_POLICIES = {"/pages": {"default-src": "'self'", "script-src": "'self'"}}
STRICT = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


def answers(framework: str) -> Answers:
    """Return the answers of a framework's service; no other test uses its name."""
    turn = int(git("rev-list", "--count", "HEAD")) % 2
    with_jobs = os.environ.get("RECIPES_JOBS") or ("fastapi", "django")[turn]
    return {"project_name": "Recipes", "framework": framework, "jobs": framework == with_jobs}


def assert_contracts_kept(project: Project, record: Callable[[str, object], None]) -> None:
    """Assert that `make lint` forbids none of the imports; have the closing lines say of what."""
    jobs = "with" if project.answers["jobs"] else "without"
    record("note", f"recipes of {project.answers['framework']}: {jobs} jobs")
    project.run(".venv/bin/lint-imports")


@dataclass(frozen=True)
class Service:
    """The running service, and what its operator sees of it."""

    running: Running
    http: httpx2.Client

    def send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send a request from an address of its own, so that limits count it apart."""
        return Visitor(self.http).send(method, path, **options)

    def get(self, path: str, **options: Any) -> httpx2.Response:
        """Send a GET."""
        return self.send("GET", path, **options)

    def line(self, correlation_id: str, *, logger: str = "access") -> dict[str, Any]:
        """Return the log line of a request, when it is written."""
        return self.lines(correlation_id, 1, logger=logger)[0]

    def lines(
        self, correlation_id: str, number: int, *, logger: str = "access"
    ) -> list[dict[str, Any]]:
        """Return the lines that a logger has written of a request, when there are so many."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = [
                line
                for line in self._logged()
                if line.get("correlation_id") == correlation_id
                and (logger == "access") == ("status_code" in line)
            ]
            if len(found) >= number:
                return found
            assert time.monotonic() < deadline, self.running.output()[-5000:]
            time.sleep(0.05)

    def metrics(self) -> str:
        """Return what Prometheus reads."""
        return self.http.get("/metrics").raise_for_status().text

    def _logged(self) -> Iterator[dict[str, Any]]:
        for line in self.running.output().splitlines():
            if line.startswith("{") and line.endswith("}"):
                yield json.loads(line)


def assert_guaranteed(response: httpx2.Response, *, policy: str = STRICT) -> None:
    """Assert that a response has the headers of the contract."""
    assert {name: response.headers.get(name) for name in GUARANTEED} == GUARANTEED
    assert response.headers["Content-Security-Policy"] == policy
    assert response.headers["X-Correlation-ID"]
    assert response.headers["X-Process-Time"].endswith("ms")


def assert_problem(response: httpx2.Response, status: int) -> dict[str, Any]:
    """Assert that a response is a problem with the headers of the contract; return its body."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    assert_guaranteed(response)
    body: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "instance", "code", "timestamp"} <= set(body)
    assert body["correlation_id"] == response.headers["X-Correlation-ID"]
    return body


def new_id() -> str:
    """Return a correlation ID of a test's own."""
    return uuid.uuid4().hex


def _recipes() -> Iterator[tuple[str, str, str]]:
    """Yield name, module and tests of each file's recipe."""
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        module = importlib.import_module(f"tests.recipes.{file.stem}")
        name = file.stem.removeprefix("test_")
        yield name, getattr(module, "RECIPE", ""), getattr(module, "SERVICE_TESTS", "")


def _write(project: Project) -> None:
    package = package_of(project)
    folder = package / "recipes"
    folder.mkdir()
    (folder / "__init__.py").write_text('"""The recipes."""\n')
    imports, calls = "", ""
    for name, recipe, tests in _recipes():
        if recipe:
            (folder / f"{name}.py").write_text(recipe)
        if "def extend(" in recipe:
            imports += f"    from .recipes import {name}\n"
            calls += f"    {name}.extend(app, settings)\n"
        if tests:
            (project.path / "tests" / f"test_recipe_{name}.py").write_text(tests)
    custom = package / "custom.py"
    resources = "from .recipes import middleware_and_lifespan as recipe\n\n"
    replace(
        custom,
        "    return []\n",
        f"    {resources}    return recipe.middleware()\n",
    )
    replace(
        custom,
        "    yield\n",
        "    from .recipes import settings_health_metrics\n\n"
        "    async with settings_health_metrics.lifespan(settings, state):\n        yield\n",
    )
    own = '\n    most_orders: Annotated[int, Field(description="Orders of one.", ge=1)] = 10\n'
    start = custom.read_text().index("class CustomSettings")
    end = custom.read_text().index('    """\n', start + 60) + len('    """\n')
    text = custom.read_text()
    text = text[:end] + own + text[end:] + imports + "\n" + calls
    text = text.replace("import TYPE_CHECKING, Any", "import TYPE_CHECKING, Annotated, Any")
    custom.write_text(
        text.replace(
            "from fastapi import FastAPI\n",
            "from fastapi import FastAPI\nfrom pydantic import Field\n",
        )
    )
    replace(
        custom,
        "Mapping[str, Sources] = {}",
        f"Mapping[str, Sources] = {PAGE_POLICIES}",
    )
    roles = package / "users" / "roles.py"
    roles.write_text(f'{roles.read_text()}    AUDITOR = "auditor"\n')
    models = f"{package.name}.recipes.database_models"
    replace(custom, "MODELS: tuple[str, ...] = ()", f'MODELS: tuple[str, ...] = ("{models}",)')


@pytest.fixture(scope="session")
def project(rendered: Render) -> Project:
    """The default service with all recipes."""
    project = rendered(answers("fastapi"))
    project.install()
    project.run("uv", "pip", "install", "--quiet", "--python", ".venv", *PACKAGES)
    _write(project)
    project.make("migrate")
    project.make("migration", "m=recipes")
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
def admin(service: Service) -> Visitor:
    """The administrator, logged in."""
    return Visitor(service.http, ADMIN).log_in()


@pytest.fixture(scope="session")
def user(admin: Visitor) -> Visitor:
    """A user, logged in."""
    return create_user(admin).log_in()


@pytest.fixture(scope="session")
def outcomes(project: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What became of each test that the recipes write in the service, by its name."""
    report = tmp_path_factory.mktemp("outcomes") / "report.json"
    (project.path / "tests" / "recipe_report.py").write_text(REPORTER)
    files = sorted(str(file) for file in (project.path / "tests").glob("test_recipe_*.py"))
    project.run(
        *(
            ".venv/bin/python",
            "-m",
            "pytest",
            "--no-cov",
            "-q",
            "-n",
            "0",
            "-p",
            "tests.recipe_report",
            *files,
        ),
        env={"REPORT": str(report)},
        check=False,
    )
    found: dict[str, str] = json.loads(report.read_text())
    return found


@pytest.fixture(scope="session")
def ftp(
    tmp_path_factory: pytest.TempPathFactory, django_project: tuple[Project, int]
) -> Iterator[Path]:
    """The folder of a server to which django-storages writes files."""
    project, port = django_project
    folder = tmp_path_factory.mktemp("ftp")
    python = project.path / ".venv" / "bin" / "python"
    server = subprocess.Popen(
        [python, "-m", "pyftpdlib", "-i", "127.0.0.1", "-p", str(port), "-w", "-d", folder],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "the FTP server does not respond"
                time.sleep(0.05)
        yield folder
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="session")
def django_project(rendered: Render) -> tuple[Project, int]:
    """The default Django service with the app and the packages, and the port of its FTP server."""
    project, port = rendered(answers("django")), free_port()
    project.install()
    write_recipes(project, port)
    return project, port


@pytest.fixture(scope="session")
def django_service(django_project: tuple[Project, int], ftp: Path) -> Iterator[Service]:
    """The Django service, as it serves."""
    del ftp
    project, _ = django_project
    make_admin(project, ADMIN, UNSYNCED)
    with (
        project.serving(SETTINGS | UNSYNCED) as running,
        httpx2.Client(base_url=running.url, timeout=PATIENCE) as http,
    ):
        yield Service(running, http)


@pytest.fixture(scope="session")
def django_admin(django_service: Service) -> Visitor:
    """The administrator of the Django service, logged in."""
    return Visitor(django_service.http, ADMIN).log_in()


@pytest.fixture(scope="session")
def django_user(django_admin: Visitor) -> Visitor:
    """A user of the Django service, logged in."""
    return create_user(django_admin).log_in()


REPORTER = '''"""Writes what became of each test."""

import json
import os
from pathlib import Path

FOUND: dict[str, str] = {}


def pytest_runtest_logreport(report) -> None:
    if report.failed or report.when == "call":
        name = report.nodeid.rpartition("::")[2]
        FOUND[name] = "passed" if report.passed else report.longreprtext


def pytest_sessionfinish() -> None:
    Path(os.environ["REPORT"]).write_text(json.dumps(FOUND))
'''
