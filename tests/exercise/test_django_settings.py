"""Django's settings that a team sets in custom.py: merged, and refused where they open a door."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.accounts import AUTH, PASSWORD, Visitor, create_user, make_admin, new_email
from tests.support.customised import ANSWERS, REPORTS, customise, ours
from tests.support.project import Project
from tests.support.rendering import Render

pytestmark = pytest.mark.xdist_group("customised")
FILTERS = {"DEFAULT_FILTER_BACKENDS": ["rest_framework.filters.SearchFilter"]}
PRODUCTION = {
    "ENVIRONMENT": "production",
    "DATABASE_URL": "postgresql://service:4b1d7c90e2f8@127.0.0.1/service",
    "SECRET_KEY": "0b8e6f1d2c3a49578695a4b3c2d1e0f9",
    "METRICS_TOKEN": "f0e1d2c3b4a5968778695a4b3c2d1e0f",
    "SMTP_HOST": "mail.example.com",
    "MAIL_FROM": "no-reply@example.com",
}


@pytest.fixture(scope="module")
def customised(rendered: Render) -> Project:
    """A service with a team's own views, whose settings a variable holds."""
    project = rendered(ANSWERS)
    project.install()
    customise(project)
    project.make("migrate")
    return project


def test_the_documented_step_of_another_package_leaves_authentication_limits_and_errors(
    customised: Project,
) -> None:
    with customised.serving(ours(REST_FRAMEWORK=FILTERS)) as running:
        refused = httpx2.get(f"{running.url}/api/v1/items", headers={"Accept": "text/html"})
        login = {"email": new_email(), "password": "guess"}
        guesses = [httpx2.post(f"{running.url}{AUTH}/login", json=login) for _ in range(6)]

    assert (refused.status_code, refused.json()["code"]) == (401, "UNAUTHENTICATED")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert [each.status_code for each in guesses] == [401] * 5 + [429]


def _rest(**values: Any) -> dict[str, Any]:
    return {"REST_FRAMEWORK": values}


JSON = "slipway_kit.django.strict_json.JSONRenderer"
HTML = "rest_framework.renderers.BrowsableAPIRenderer"
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (_rest(DEFAULT_AUTHENTICATION_CLASSES=[]), "DEFAULT_AUTHENTICATION_CLASSES"),
        (_rest(DEFAULT_PERMISSION_CLASSES=[]), "DEFAULT_PERMISSION_CLASSES"),
        (_rest(DEFAULT_THROTTLE_CLASSES=[]), "DEFAULT_THROTTLE_CLASSES"),
        (_rest(DEFAULT_RENDERER_CLASSES=[HTML]), "DEFAULT_RENDERER_CLASSES"),
        (_rest(EXCEPTION_HANDLER="rest_framework.views.exception_handler"), "EXCEPTION_HANDLER"),
        (_rest(UNAUTHENTICATED_USER=None), "UNAUTHENTICATED_USER"),
        ({"MIDDLEWARE": []}, "MIDDLEWARE of custom.py"),
        ({"INSTALLED_APPS": ["rest_framework"]}, "APPS of custom.py"),
        ({"AUTHENTICATION_BACKENDS": [MODEL_BACKEND]}, "AccountBackend"),
        ({"AUTH_PASSWORD_VALIDATORS": []}, "NewPasswordValidator"),
        ({"DEBUG_PROPAGATE_EXCEPTIONS": False}, "DEBUG_PROPAGATE_EXCEPTIONS"),
        ({"LOGGING_CONFIG": "logging.config.dictConfig"}, "LOGGING_CONFIG"),
    ],
)
def test_settings_that_would_lose_what_the_service_rests_on_are_findings(
    customised: Project, settings: dict[str, Any], named: str
) -> None:
    done = customised.make("check", check=False, env=ours(**settings))

    assert done.returncode != 0
    assert named in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        ("make", "serve", "WORKERS=2"),
        ("make", "migrate"),
        ("uv", "run", "--frozen", "python", "manage.py", "check"),
    ],
)
def test_they_stop_every_start_with_a_line_for_each(
    customised: Project, command: tuple[str, ...]
) -> None:
    lost = ours(REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": []})

    done = customised.run("timeout", "60", *command, check=False, env=lost)

    assert done.returncode != 0
    assert "\nREST_FRAMEWORK DEFAULT_AUTHENTICATION_CLASSES: lacks " in f"\n{done.stdout}"
    assert "Traceback" not in done.stdout


def test_a_class_beside_those_of_the_service_is_no_finding(customised: Project) -> None:
    wanted = "DEFAULT_AUTHENTICATION_CLASSES"
    session = "rest_framework.authentication.SessionAuthentication"
    token = "customised.auth.current.AccessTokenAuthentication"  # noqa: S105 -- a class

    done = customised.make("check", env=ours(REST_FRAMEWORK={wanted: [token, session]}))

    assert "fit for development" in done.stdout


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"DEBUG": True}, "DEBUG"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        (
            {"DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "x"}}},
            "SQLite",
        ),
        ({"SESSION_COOKIE_SECURE": False}, "SESSION_COOKIE_SECURE"),
        ({"CSRF_COOKIE_SECURE": False}, "CSRF_COOKIE_SECURE"),
        (
            _rest(DEFAULT_RENDERER_CLASSES=["slipway_kit.django.strict_json.JSONRenderer", HTML]),
            "browsable",
        ),
    ],
)
def test_production_refuses_of_djangos_settings_what_it_refuses_of_a_variable(
    customised: Project, settings: dict[str, Any], named: str
) -> None:
    before = customised.make("check", check=False, env=PRODUCTION)
    elsewhere = customised.make("check", check=False, env=ours(**settings))

    done = customised.make("check", check=False, env={**PRODUCTION, **ours(**settings)})

    assert "fit for production" in before.stdout
    assert "fit for development" in elsewhere.stdout
    assert done.returncode != 0
    assert named in done.stdout
    assert "short" not in done.stdout


def test_views_are_closed_unless_they_say_otherwise(customised: Project, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path / 'service.db'}"}
    customised.make("migrate", env=settings)
    make_admin(customised, "root@example.com", settings)
    with (
        customised.serving(settings) as running,
        httpx2.Client(base_url=running.url, timeout=30) as http,
    ):
        admin = Visitor(http, "root@example.com", PASSWORD).log_in()
        user = create_user(admin).log_in()
        seen = {
            name: [each.get(f"{REPORTS}{name}").status_code for each in callers]
            for callers in [(Visitor(http), user, admin)]
            for name in ("", "/framework", "/decorated", "/staff", "/model", "/open")
        }

    assert seen == {
        "": [401, 200, 200],
        "/framework": [401, 200, 200],
        "/decorated": [401, 200, 200],
        "/staff": [401, 403, 200],
        "/model": [401, 200, 200],  # whoever is known may read (DjangoModelPermissions)
        "/open": [200, 200, 200],
    }
