"""Whoever logs in on the documentation page can try what needs a user."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.accounts import PASSWORD, make_admin
from tests.support.browser import Visit, browsing, executable, visiting
from tests.support.project import Running
from tests.support.rendering import Render

ADMIN = "root@example.com"
ADDRESS = '"root@example.com"'

pytestmark = [
    pytest.mark.skipif(executable() is None, reason="there is no Chromium or Chrome here"),
    pytest.mark.xdist_group("docs_login"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture(params=["swagger"])
def ui(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def running(rendered: Render, ui: str, tmp_path: Path) -> Iterator[Running]:
    project = rendered({"project_name": "Locked", "database": "sqlite", "docs_ui": ui})
    project.make("install")
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path / 'service.db'}"}
    project.make("migrate", env=settings)
    make_admin(project, ADMIN, settings)
    with project.serving(settings) as running:
        yield running


def _log_in_with_swagger(visit: Visit) -> None:
    page = visit.page
    page.locator("button.authorize").first.click()
    page.locator("#oauth_username").fill(ADMIN)
    page.locator("#oauth_password").fill(PASSWORD)
    page.locator(".modal-ux button.authorize").click()
    page.locator(".modal-ux").get_by_text("Logout").wait_for()
    page.locator(".modal-ux .btn-done").click()
    page.locator("#operations-auth-read_me").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    answer = page.locator(".live-responses-table .response")
    answer.get_by_text("200", exact=True).wait_for()
    answer.get_by_text(ADDRESS).first.wait_for()


LOGINS: dict[str, Callable[[Visit], None]] = {"swagger": _log_in_with_swagger}


def test_the_authorise_button_logs_in(browser: Browser, running: Running, ui: str) -> None:
    with visiting(browser, running.url) as visit:
        visit.open("/docs", "Log in")

        LOGINS[ui](visit)

        assert visit.violations() == []
        assert visit.foreign == []
        assert visit.complaints == []
