"""URLs outside of the API, names of routes, the user of a plain view, and static files."""

import re
from collections.abc import Callable, Iterator

import httpx2
import pytest

from tests.recipes.conftest import (
    PATIENCE,
    STRICT,
    Service,
    assert_contracts_kept,
    assert_guaranteed,
    assert_problem,
)
from tests.support.accounts import AUTH, Visitor, create_user, new_client_address, new_email
from tests.support.project import Project

pytestmark = pytest.mark.xdist_group("django recipes")


def test_a_page_outside_of_the_api_has_its_own_policy_and_every_guarantee(
    django_service: Service,
) -> None:
    page = django_service.get("/pages/hello")

    assert (page.status_code, page.text) == (200, "<h1>Hello</h1>")
    assert_guaranteed(page, policy="default-src 'self'")
    assert "X-RateLimit-Limit" in page.headers
    assert 'endpoint="/pages/hello"' in django_service.metrics()


def test_a_plain_view_that_wants_a_login_is_closed_to_guests(django_service: Service) -> None:
    page = django_service.get("/pages/mine")

    assert (page.status_code, page.headers["Location"]) == (
        302,
        "/accounts/login/?next=/pages/mine",
    )
    assert_guaranteed(page)


def test_a_plain_view_knows_the_user_of_the_access_token(django_user: Visitor) -> None:
    assert django_user.get("/pages/mine").text == f"{django_user.email} False"


@pytest.fixture
def browser(django_service: Service) -> Iterator[httpx2.Client]:
    """A browser at an address of its own."""
    url, address = django_service.running.url, {"X-Forwarded-For": new_client_address()}
    with httpx2.Client(base_url=url, headers=address, timeout=PATIENCE) as browser:
        browser.follow_redirects = True
        yield browser


def _form(page: httpx2.Response, **fields: str) -> dict[str, str]:
    token = re.search('csrfmiddlewaretoken" value="([^"]+)', page.text)
    assert token is not None, page.text
    return {"csrfmiddlewaretoken": token[1], **fields}


@pytest.mark.parametrize("path", ["/pages/mine", "/pages/mine/too"])
def test_django_s_own_login_opens_pages(
    browser: httpx2.Client, django_admin: Visitor, path: str
) -> None:
    user = create_user(django_admin)

    asked = browser.get(path)
    form = _form(asked, username=user.email, password=user.password, next=path)
    entered = browser.post("/accounts/login/", data=form)

    assert asked.url.path == "/accounts/login/"
    assert (entered.url.path, entered.text.split()[0]) == (path, user.email)


def test_guesses_at_django_s_own_login_count_with_those_at_the_api(browser: httpx2.Client) -> None:
    page = browser.get("/accounts/login/")
    guesses = [{"username": new_email(), "password": "x"} for _ in range(6)]

    answers = [browser.post("/accounts/login/", data=_form(page, **guess)) for guess in guesses]
    login = browser.post(f"{AUTH}/login", json={"email": new_email(), "password": "x"})

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert login.status_code == 429


def test_a_form_shows_a_message_under_the_policy_of_its_page(browser: httpx2.Client) -> None:
    page = browser.get("/pages/contact")
    sent = browser.post("/pages/contact", data=_form(page, name="Ann"))

    assert "Thanks, Ann" in sent.text
    nonce = re.search('nonce="([^"]+)"', sent.text)
    assert nonce is not None
    policy = sent.headers["Content-Security-Policy"]
    assert f"'nonce-{nonce[1]}'" in policy
    assert "form-action 'self'" in policy
    assert_guaranteed(sent, policy=policy)


def test_a_forged_form_of_a_guest_is_refused(browser: httpx2.Client) -> None:
    assert_problem(browser.post("/pages/contact", data={"name": "Ann"}), 403)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("root", "/"),
        ("config", "/config"),
        ("health", "/health"),
        ("health-live", "/health/live"),
        ("health-ready", "/health/ready"),
        ("health-database", "/health/database"),
        ("metrics", "/metrics"),
        ("openapi", "/openapi.json"),
        ("docs", "/docs"),
        ("log-in", "/api/v1/auth/login"),
        ("log-out", "/api/v1/auth/logout"),
        ("me", "/api/v1/auth/me"),
        ("user-list", "/api/v1/users"),
        ("item-list", "/api/v1/items"),
        ("audit", "/api/v1/audit"),
        ("order-list", "/api/v1/orders"),
        ("hello", "/pages/hello"),
        ("admin:index", "/admin/"),
    ],
)
def test_a_route_has_a_name(django_service: Service, name: str, path: str) -> None:
    assert django_service.get("/pages/routes", params={"name": name}).json() == {name: path}


@pytest.mark.parametrize(
    "path",
    ["recipes/hello.css", "admin/css/base.css", "rest_framework/css/default.css"],
)
def test_static_files_of_installed_apps_are_served(django_service: Service, path: str) -> None:
    file = django_service.get(f"/static/{path}")

    assert file.status_code == 200
    assert file.headers["Content-Type"].startswith("text/css")
    assert_guaranteed(file, policy=STRICT)
    assert "Access-Control-Allow-Origin" not in file.headers
    assert 'endpoint="/static/{path}"' in django_service.metrics()


@pytest.mark.parametrize("path", ["nothing.css", "..%2fmanage.py", "a" * 5000])
def test_what_is_no_static_file_is_a_problem(django_service: Service, path: str) -> None:
    assert_problem(django_service.get(f"/static/{path}"), 404)


def test_collectstatic_writes_what_the_image_serves(django_project: tuple[Project, int]) -> None:
    project, _ = django_project

    project.run("uv", "run", "--no-sync", "python", "manage.py", "collectstatic", "--no-input")

    files = project.path / "staticfiles"
    assert (files / "recipes" / "hello.css").exists()
    assert (files / "admin" / "css" / "base.css.gz").exists()
    assert "/staticfiles/" in (project.path / ".gitignore").read_text()


def test_apps_of_ones_own_keep_the_import_contracts(
    django_project: tuple[Project, int], record_property: Callable[[str, object], None]
) -> None:
    assert_contracts_kept(django_project[0], record_property)
