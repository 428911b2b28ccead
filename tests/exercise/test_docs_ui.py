"""The documentation pages in a real browser: self-hosted, under their own policy, and usable."""

import re
from collections.abc import Callable, Iterator

import httpx2
import pytest
from playwright.sync_api import Browser

from tests.support.browser import Visit, browsing, executable, visiting
from tests.support.project import Running
from tests.support.rendering import Render

pytestmark = [
    pytest.mark.skipif(
        executable() is None,
        reason="no Chromium here: apt-get install chromium, then the docs pages are tried in it",
    ),
    # Not beside each other: drawing is timed.
    pytest.mark.xdist_group("docs_ui"),
]
UIS = ("scalar", "swagger", "redoc")
NAME = 'Fish & "Chips" </title></script><b>\'s 🐟'
OPERATION = "Liveness"
DRAWN_SECONDS = 1.0
MOST_WORK = 2.5
"""Of the reference's CPU, on any machine; Scalar's page was measured at 1.7 to 2.0."""
TRIES = 5  # other work on the machine only ever adds: the shortest says what the page takes


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="module", params=UIS)
def ui(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def running(rendered: Render, ui: str) -> Iterator[Running]:
    project = rendered(
        {
            "project_name": NAME,
            "project_slug": "fish",
            "package_name": "fish",
            "database": "none",
            "docs_ui": ui,
        }
    )
    project.make("install")
    with project.serving() as running:
        yield running


@pytest.fixture
def visit(browser: Browser, running: Running) -> Iterator[Visit]:
    with visiting(browser, running.url) as visit:
        yield visit


def _use_scalar(visit: Visit) -> None:
    page = visit.page
    visit.visible(page.get_by_role("link", name=OPERATION)).click()
    page.get_by_role("button", name="Test Request (get /health/live)").click()
    visit.visible(page.get_by_role("button", name="Send")).click()
    dialog = page.get_by_role("dialog").filter(has_text="Request Headers")
    dialog.get_by_text("200 OK").wait_for()
    dialog.get_by_text('"healthy"').wait_for()


def _use_swagger(visit: Visit) -> None:
    page = visit.page
    page.locator("#operations-system-read_liveness").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    answer = page.locator(".live-responses-table .response")
    answer.get_by_text("200", exact=True).wait_for()
    answer.get_by_text('"healthy"').wait_for()


def _use_redoc(visit: Visit) -> None:
    # It has no client: what can be used is the search, and the operation that it finds.
    page = visit.page
    page.get_by_placeholder("Search").fill(OPERATION)
    visit.visible(page.get_by_role("search").get_by_role("menuitem", name=OPERATION)).click()
    page.get_by_role("heading", name=OPERATION).wait_for()
    visit.visible(page.get_by_role("button", name=re.compile("^200 "))).click()
    visit.visible(page.get_by_text("Enum")).wait_for()


USES: dict[str, Callable[[Visit], None]] = {
    "scalar": _use_scalar,
    "swagger": _use_swagger,
    "redoc": _use_redoc,
}


def test_the_page_can_be_used_and_nothing_is_blocked_or_fetched_from_elsewhere(
    visit: Visit, ui: str
) -> None:
    visit.open("/docs", OPERATION)

    USES[ui](visit)
    visit.page.wait_for_load_state("networkidle")

    assert visit.violations() == []
    assert visit.foreign == []
    assert visit.complaints == []


def test_the_policy_is_seen_to_be_enforced(visit: Visit) -> None:
    visit.open("/docs", OPERATION)

    visit.page.evaluate(
        "document.body.appendChild(document.createElement('script')).textContent = 'window.ran = 1'"
    )

    assert visit.page.evaluate("window.ran") is None
    assert len(visit.violations()) == 1


def test_the_title_is_the_services_name(visit: Visit) -> None:
    visit.open("/docs", OPERATION)

    assert visit.page.title() == NAME


def test_the_page_is_drawn_within_a_second(
    browser: Browser,
    running: Running,
    ui: str,
    record_property: Callable[[str, object], None],
) -> None:
    times: list[float] = []
    works: list[float] = []
    while len(times) < TRIES and min(times, default=DRAWN_SECONDS) >= DRAWN_SECONDS:
        with visiting(browser, running.url) as visit:
            times.append(visit.open("/docs", OPERATION))
            works.append(visit.work() / visit.reference_work())

    record_property(
        "note",
        f"docs page {ui}: drawn in {min(times):.2f} s with an empty cache, its main thread's work "
        f"{min(works):.2f} of the reference; {_bytes_sent(running.url)} bytes",
    )
    # A slow or busy machine takes longer for the reference, too.
    assert min(times) < DRAWN_SECONDS or min(works) < MOST_WORK, (times, works)


def _bytes_sent(url: str) -> int:
    page = httpx2.get(f"{url}/docs").text
    assets = re.findall(r'(?:src|href)="(docs/assets/[^"]+)"', page)
    return sum(int(httpx2.get(f"{url}/{asset}").headers["Content-Length"]) for asset in assets)


def test_the_page_works_behind_a_prefix(browser: Browser, running: Running) -> None:
    with visiting(browser, running.url) as visit:
        visit.page.route(
            f"{running.url}/prefix/**",
            lambda route: route.fulfill(
                response=visit.page.request.fetch(route.request.url.replace("/prefix", "", 1))
            ),
        )

        visit.open("/prefix/docs", OPERATION)

        assert visit.violations() == []
        assert visit.complaints == []
