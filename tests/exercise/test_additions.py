"""A team's own settings and middlewares, where no update writes, in a running service."""

from pathlib import Path

import httpx2
import pytest
from redis import Redis

from tests.support.custom import write_additions
from tests.support.edits import package_of, replace
from tests.support.mail import Mailbox, receiving
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

from slipway_kit.settings_group import SettingsGroup


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

from django.conf import settings
from django.core.cache import cache
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse


def polite(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Thank for each request."""

    def thanking(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        response["X-Thanks"] = request.path
        response["X-Zone"] = settings.TIME_ZONE
        if "keep" in request.GET:
            cache.set("thanks", request.path)
        if "mail" in request.GET:
            send_mail("Thanks", "For asking.", None, ["ann@example.com"])
        return response

    return thanking
'''


@pytest.fixture(scope="session")
def extended(rendered: Render, framework: str) -> Project:
    """A service with additions; no other test uses this mix, for its files are changed."""
    auth = "jwt" if framework == "django" else "none"  # with it comes the way to a mail server
    project = rendered({"project_name": "Extended", "framework": framework, "auth": auth})
    project.make("install")
    package = package_of(project)
    write_additions(package, ADDITIONS)
    if framework == "django":
        (package / "polite.py").write_text(POLITE)
        replace(
            package / "custom.py",
            "MIDDLEWARE: tuple[str, ...] = ()",
            f'MIDDLEWARE: tuple[str, ...] = ("{package.name}.polite.polite",)',
        )
        replace(
            package / "custom.py",
            "SETTINGS: dict[str, Any] = {}",
            'SETTINGS: dict[str, Any] = {"TIME_ZONE": "Europe/Oslo"}',
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

    assert "# --- Your own settings\n# What each answer says.\nGREETING=hello\n" in (
        (extended.path / ".env.example").read_text()
    )
    extended.make("lint", "typecheck")


@pytest.mark.parametrize("framework", ["django"], indirect=True)
def test_djangos_own_middlewares_have_a_place_of_theirs(extended: Project) -> None:
    with extended.serving() as running:
        answer = httpx2.get(running.url + ITEMS)

    assert answer.headers["X-Thanks"] == ITEMS


@pytest.mark.parametrize("framework", ["django"], indirect=True)
def test_ones_own_settings_of_django_go_before_the_templates(extended: Project) -> None:
    with extended.serving() as running:
        answer = httpx2.get(running.url + ITEMS)

    assert answer.headers["X-Zone"] == "Europe/Oslo"


@pytest.mark.parametrize("framework", ["django"], indirect=True)
def test_djangos_own_cache_is_in_redis_where_a_setting_names_one(
    extended: Project, valkey_url: str
) -> None:
    with extended.serving({"REDIS_URL": valkey_url}) as running:
        httpx2.get(f"{running.url}{ITEMS}?keep")

    with Redis.from_url(valkey_url) as store:
        assert store.keys("extended:django:*") == [b"extended:django:1:thanks"]


@pytest.mark.parametrize("framework", ["django"], indirect=True)
def test_djangos_own_mails_go_to_the_services_mail_server(
    extended: Project, tmp_path: Path
) -> None:
    with receiving(tmp_path) as smtp, extended.serving(smtp) as running:
        httpx2.get(f"{running.url}{ITEMS}?mail")

    assert Mailbox(tmp_path).wait("ann@example.com")["Subject"] == "Thanks"
