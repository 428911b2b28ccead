"""A team's own settings and middlewares, where no update writes, in a running service."""

import httpx2
import pytest

from tests.support.edits import package_of, replace
from tests.support.project import Project
from tests.support.rendering import Render
from tests.support.variants import on_each_framework

pytestmark = pytest.mark.xdist_group("additions")
ITEMS = "/api/v1/items"
ADDITIONS = '''"""Our own settings and middlewares."""

from typing import Annotated

from pydantic import Field
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .core.settings_group import SettingsGroup


class OwnSettings(SettingsGroup):
    """Greetings."""

    greeting: Annotated[str, Field(description="What each answer says.")] = "hello"


class Greet:
    """Says something in each answer's headers."""

    def __init__(self, app: ASGIApp, *, words: str) -> None:
        self._app = app
        self._words = words.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-greeting", self._words)]
            await send(message)

        await self._app(scope, receive, say)


def middleware(settings: OwnSettings) -> list[Middleware]:
    """Return our middlewares."""
    return [Middleware(Greet, words=settings.greeting)]
'''
POLITE = '''"""A middleware of Django's kind."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


def polite(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Thank for each request."""

    def thanking(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        response["X-Thanks"] = request.path
        return response

    return thanking
'''


@pytest.fixture(scope="session")
def extended(rendered: Render, framework: str) -> Project:
    """A service with additions; no other test uses this mix, for its files are changed."""
    project = rendered({"project_name": "Extended", "framework": framework, "auth": "none"})
    project.make("install")
    package = package_of(project)
    (package / "additions.py").write_text(ADDITIONS)
    if framework == "django":
        (package / "polite.py").write_text(POLITE)
        replace(
            package / "slices.py",
            "MIDDLEWARE: tuple[str, ...] = ()",
            f'MIDDLEWARE: tuple[str, ...] = ("{package.name}.polite.polite",)',
        )
    project.make("migrate")
    return project


@on_each_framework
def test_ones_own_middleware_serves_with_ones_own_setting(extended: Project) -> None:
    with extended.serving() as running:
        assert httpx2.get(running.url + ITEMS).headers["X-Greeting"] == "hello"
    with extended.serving({"GREETING": "ahoy"}) as running:
        assert httpx2.get(running.url + ITEMS).headers["X-Greeting"] == "ahoy"


@on_each_framework
def test_they_are_written_into_the_example_file_and_pass_the_services_checks(
    extended: Project,
) -> None:
    extended.make("env")

    assert "# --- Greetings\n# What each answer says.\nGREETING=hello\n" in (
        (extended.path / ".env.example").read_text()
    )
    extended.make("lint", "typecheck")


@pytest.mark.parametrize("framework", ["django"], indirect=True)
def test_djangos_own_middlewares_have_a_place_of_theirs(extended: Project) -> None:
    with extended.serving() as running:
        answer = httpx2.get(running.url + ITEMS)

    assert answer.headers["X-Thanks"] == ITEMS
