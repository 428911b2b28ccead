"""What users do to a service between two updates, and how to see that it is still there."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.project import Project
from tools.releases import git

NOTE = "Call us before you deploy on a Friday."
REQUIREMENT = "anyio"
FASTAPI_SLICE = '''"""Greetings: a slice of the user's own."""

from fastapi import APIRouter

router = APIRouter(prefix="/greetings", tags=["greetings"])


@router.get("", summary="Greet")
async def greet() -> str:
    """Say hello."""
    return "hello"
'''
FASTAPI_SLICES = '''"""Our own slices."""

from .greetings.endpoints import router as greetings

ROUTERS = (greetings,)
'''
FASTAPI_ROUTER = """    from .greetings.endpoints import router

    app.include_router(router, prefix="/api/v1")
"""
FASTAPI_TEST = """from fastapi.testclient import TestClient


def test_the_service_greets(client: TestClient) -> None:
    assert client.get("/api/v1/greetings").json() == "hello"
"""
DJANGO_SLICE = '''"""Greetings: a slice of the user's own."""

from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from ..api import ApiView


class GreetingView(ApiView):
    """Greetings, for everyone."""

    permission_classes = (AllowAny,)

    @extend_schema(summary="Greet", responses={200: str})
    def get(self, request: Request) -> Response:
        """Say hello."""
        del request
        return Response("hello")


urlpatterns: list[URLPattern] = [path("greetings", GreetingView.as_view())]
'''
DJANGO_SLICES = '''"""Our own slices."""

APPS: tuple[str, ...] = ()
URLS: dict[str, tuple[str, ...]] = {"v1": ("PACKAGE.greetings.endpoints",)}
'''
MIGRATION = '''"""Our own."""

from alembic import op

revision = "ours1"
down_revision = "HEAD"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")


def downgrade() -> None:
    op.execute("SELECT 1")
'''
OWN_MIDDLEWARE = '''"""Our own middleware."""

from starlette.types import ASGIApp, Receive, Scope, Send


class Ours:
    """Passes everything on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        await self._app(scope, receive, send)
'''


@dataclass(frozen=True)
class Edit:
    """Something that a user does.

    Attributes:
        name: What it is, for the table.
        make: Does it.
        is_kept: Whether it is still there.
        fits: Whether a service has what is edited.
    """

    name: str
    make: Callable[[Project], object]
    is_kept: Callable[[Project], bool]
    fits: Callable[[Project], bool] = lambda _: True


def package_of(service: Project) -> Path:
    """Return the folder of the service's code."""
    return service.path / "src" / str(service.answers["package_name"])


def replace(path: Path, old: str, new: str) -> None:
    """Replace the first of the places where a file says something."""
    text = path.read_text()
    assert old in text, f"{path} has no {old!r}"
    path.write_text(text.replace(old, new, 1))


def make_edits(service: Project, edits: list[Edit]) -> dict[str, set[str]]:
    """Make each edit that fits, in a commit of its own; return which files each touched."""
    touched = {}
    for edit in edits:
        if edit.fits(service):
            edit.make(service)
            commit(service.path, edit.name)
            shown = git("show", "--name-only", "--format=", "HEAD", folder=service.path)
            touched[edit.name] = set(shown.split())
    return touched


def commit(path: Path, message: str) -> None:
    """Commit everything."""
    git("add", "--all", folder=path)
    git("commit", "--quiet", "--message", message, folder=path)


def _is_django(service: Project) -> bool:
    return service.answers.get("framework") == "django"


def _is_fastapi(service: Project) -> bool:
    return not _is_django(service)


def _has(*parts: str) -> Callable[[Project], bool]:
    return lambda service: _file(service, *parts).exists()


def _file(service: Project, *parts: str) -> Path:
    root = package_of(service) if parts[0] == "src" else service.path
    return root.joinpath(*(parts[1:] if parts[0] == "src" else parts))


def _says(text: str, *parts: str) -> Callable[[Project], bool]:
    def look(service: Project) -> bool:
        path = _file(service, *parts)
        return path.exists() and text in path.read_text()

    return look


def _change(old: str, new: str, *parts: str) -> Callable[[Project], None]:
    return lambda service: replace(_file(service, *parts), old, new)


def _add_slice(service: Project) -> None:
    package, django = package_of(service), _is_django(service)
    (package / "greetings").mkdir()
    (package / "greetings" / "__init__.py").write_text('"""Greetings."""\n')
    (package / "greetings" / "endpoints.py").write_text(_slice(package, django=django))
    slices = DJANGO_SLICES if django else FASTAPI_SLICES
    custom = package / "custom.py"
    if not custom.exists():  # a service from before 1.0
        (package / "slices.py").write_text(slices.replace("PACKAGE", package.name))
    elif django:
        empty = "URLS: dict[str, tuple[str, ...]] = {}"
        listed = f'{empty[:-2]}{{"v1": ("{package.name}.greetings.endpoints",)}}'
        replace(custom, empty, listed)
    else:
        with custom.open("a") as file:
            file.write(FASTAPI_ROUTER)
    (service.path / "tests" / "test_greetings.py").write_text(
        FASTAPI_TEST.replace("fastapi.testclient", "starlette.testclient")
    )


def mark_slice(service: Project) -> None:
    """Mark the slice's router as public, as the start of a FastAPI service with accounts asks."""
    endpoints = package_of(service) / "greetings" / "endpoints.py"
    replace(
        endpoints,
        "import APIRouter\n",
        "import APIRouter, Depends\n\nfrom slipway_kit.fastapi.public import PUBLIC\n",
    )
    replace(endpoints, 'tags=["greetings"])', 'tags=["greetings"], dependencies=[Depends(PUBLIC)])')


def _keeps_slice(service: Project) -> bool:
    package, django = package_of(service), _is_django(service)
    kept = (package / "greetings" / "endpoints.py").read_text()
    custom, slices = package / "custom.py", package / "slices.py"
    listed = (slices if slices.exists() else custom).read_text()
    return kept == _slice(package, django=django) and "greetings" in listed


def _slice(package: Path, *, django: bool) -> str:
    if not django:
        return FASTAPI_SLICE
    if (package / "api.py").exists():  # as before 1.0
        return DJANGO_SLICE
    return DJANGO_SLICE.replace("..api", "slipway_kit.django.service_views")


def _set_default(service: Project) -> None:
    kit = service.path / "packages" / "slipway-kit" / "src" / "slipway_kit" / "settings.py"
    settings = kit if kit.exists() else package_of(service) / "settings.py"
    replace(settings, '"127.0.0.1"', '"127.0.0.2"')
    replace(service.path / ".env.example", "HOST=127.0.0.1", "HOST=127.0.0.2")


def _keeps_default(service: Project) -> bool:
    kit = service.path / "packages" / "slipway-kit" / "src" / "slipway_kit" / "settings.py"
    own = package_of(service) / "settings.py"
    return any('"127.0.0.2"' in path.read_text() for path in (own, kit) if path.exists())


def _write_readme(service: Project) -> None:
    readme = service.path / "README.md"
    heading, _, rest = readme.read_text().partition("\n")
    readme.write_text(f"{heading}\n\nThe platform team keeps it.\n{rest}\n## Our notes\n\n{NOTE}\n")


def _keeps_readme(service: Project) -> bool:
    text = (service.path / "README.md").read_text()
    return "The platform team keeps it." in text and NOTE in text


def _add_command(service: Project) -> None:
    (service.path / "local.mk").write_text(".PHONY: hello\nhello: ## say hello\n\t@echo hello\n")


def _keeps_command(service: Project) -> bool:
    said = service.make("--silent", "hello").stdout
    return said == "hello\n" and "make hello" in service.make("--silent").stdout


def _keeps_requirement(service: Project) -> bool:
    required = (service.path / "pyproject.toml").read_text()
    locked = (service.path / "uv.lock").read_text()
    return f'"{REQUIREMENT}>=' in required and f'name = "{REQUIREMENT}", specifier' in locked


def _add_middleware(service: Project) -> None:
    package = package_of(service)
    (package / "ours.py").write_text(OWN_MIDDLEWARE)
    app = package / "app.py"
    installed = "    errors.install(app)\n"
    replace(app, installed, f"{installed}    app.add_middleware(Ours)\n")
    imported = next(
        line for line in app.read_text().split("\n") if line.startswith("from .openapi")
    )
    replace(app, imported, f"{imported}\nfrom .ours import Ours")


def _add_migration(service: Project) -> None:
    folder = package_of(service) / "db" / "migrations" / "versions"
    head = "0002" if list(folder.glob("0002_*.py")) else "0001"
    (folder / "ours1_ours.py").write_text(MIGRATION.replace("HEAD", head))


def _delete_example(service: Project) -> None:
    shutil.rmtree(package_of(service) / "items")
    for path in (service.path / "tests").glob("test_items*.py"):
        path.unlink()


def _rename_module(service: Project) -> None:
    package = package_of(service)
    git("mv", str(package / "clients.py"), str(package / "http_clients.py"), folder=service.path)
    for path in [*package.rglob("*.py"), *(service.path / "tests").rglob("*.py")]:
        text = path.read_text()
        for old, new in (
            ("from .clients import", "from .http_clients import"),
            ("from ..clients import", "from ..http_clients import"),
            (f"from {package.name}.clients import", f"from {package.name}.http_clients import"),
        ):
            text = text.replace(old, new)
        path.write_text(text)


GENTLE = [
    Edit("a new slice", _add_slice, _keeps_slice),
    Edit("a setting's default", _set_default, _keeps_default),
    Edit(
        "uv add",
        lambda service: service.run("uv", "add", "--quiet", "--no-sync", REQUIREMENT),
        _keeps_requirement,
    ),
    Edit("README", _write_readme, _keeps_readme),
    Edit("a command", _add_command, _keeps_command),
    Edit(
        "a workflow",
        _change(
            "      - run: make typecheck\n",
            "      - run: make typecheck\n      - run: make openapi # ours\n",
            *(".github", "workflows", "ci.yml"),
        ),
        _says("make openapi # ours", ".github", "workflows", "ci.yml"),
        _has(".github", "workflows", "ci.yml"),
    ),
    Edit(
        "Dockerfile",
        _change("EXPOSE 8000\n", "EXPOSE 8000\nENV OURS=1\n", "Dockerfile"),
        _says("ENV OURS=1", "Dockerfile"),
        _has("Dockerfile"),
    ),
    Edit("a middleware", _add_middleware, _says("(Ours)", "src", "app.py"), _is_fastapi),
    Edit(
        "a line in a renamed file",
        _change(
            "        (True, Middleware(CorrelationMiddleware)),\n",
            "        # Ours: the outermost.\n        (True, Middleware(CorrelationMiddleware)),\n",
            *("src", "layers.py"),
        ),
        _says("        # Ours: the outermost.\n", "src", "middleware", "stack.py"),
        _has("src", "layers.py"),
    ),
    Edit(
        "a migration",
        _add_migration,
        _has("src", "db", "migrations", "versions", "ours1_ours.py"),
        _has("src", "db", "migrations", "versions", "0001_items.py"),
    ),
    Edit(
        "a deleted file",
        lambda service: (service.path / "tests" / "load" / "locustfile.py").unlink(),
        lambda service: not (service.path / "tests" / "load" / "locustfile.py").exists(),
        _has("tests", "load", "locustfile.py"),
    ),
]
"""After these a service's own lint, types and tests pass."""

ROUGH = [
    Edit(
        "the deleted example",
        _delete_example,
        lambda service: not (package_of(service) / "items" / "endpoints.py").exists(),
        _has("src", "items", "endpoints.py"),
    ),
    Edit(
        "a renamed module",
        _rename_module,
        lambda service: (
            (package_of(service) / "http_clients.py").exists()
            and not (package_of(service) / "clients.py").exists()
        ),
        _has("src", "clients.py"),
    ),
]
"""These take away what the template's other files rest on."""
