"""The documentation page in a real browser: drawn, nothing blocked, nothing from elsewhere."""

import os
import shutil
from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser, Error, sync_playwright

PATIENCE_MS = 30_000
NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium: E2E_BROWSER, else the system's, else the one that Playwright has installed."""
    own = os.environ.get("E2E_BROWSER")
    found = own or next((path for name in NAMES if (path := shutil.which(name))), None)
    # Its sandbox needs rights that root in a container does not have.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=found, args=arguments)
        except Error as error:
            if own:
                raise
            pytest.skip(f"no browser: {str(error).strip().splitlines()[0]}")
        yield browser
        browser.close()


def test_the_page_shows_the_document_and_its_policy_blocks_nothing(
    http: httpx2.Client, api_url: str, browser: Browser
) -> None:
    if http.get("/docs").status_code == 404:
        pytest.skip("DOCS_ENABLED is off there, as is usual in production")
    title = http.get("/openapi.json").json()["info"]["title"]
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    errors: list[str] = []
    foreign: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("request", lambda request: foreign.append(request.url))

    page.goto(f"{api_url}/docs")
    page.get_by_text(title).locator("visible=true").first.wait_for()
    page.wait_for_load_state("load")

    own = (f"{api_url}/", "data:", f"blob:{api_url}/")
    assert [url for url in foreign if not url.startswith(own)] == []
    assert errors == []
