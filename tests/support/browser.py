"""A real browser that reaches no host but this one, and tells what a page did in it."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",  # which needs rights that a container's root does not have
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
_WATCH_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", event => window.violations.push(
  `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile} ${event.lineNumber}`));
"""
_REFERENCE = """() => {
  const texts = {};
  for (let i = 0; i < 40000; i++) texts[`key${i}`] = [i, `value${i}`];
  for (let i = 0; i < 6; i++) Object.keys(JSON.parse(JSON.stringify(texts))).sort();
  const list = document.createElement("div");
  for (let i = 0; i < 8000; i++) list.append(`text${i}`, document.createElement("p"));
  document.body.replaceChildren(list);
  return list.offsetHeight;
}"""


def executable() -> str | None:
    """Return where Chromium or Chrome is; None where neither is installed."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def browsing() -> Iterator[Browser]:
    """Run a browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """A page in a window of its own, with an empty cache, and what it did there."""

    page: Page
    origin: str
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._session = self.page.context.new_cdp_session(self.page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.page.add_init_script(_WATCH_VIOLATIONS)
        self.page.on("request", self._note_request)
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: str, drawn: str) -> float:
        """Open a page; return the seconds until a text of it is to be seen."""
        started = time.monotonic()
        self.page.goto(self.origin + path, wait_until="commit")
        self.visible(self.page.get_by_text(drawn)).wait_for()
        return time.monotonic() - started

    def work(self) -> float:
        """Return the seconds of CPU that the page's main thread has taken so far."""
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return float({each["name"]: each["value"] for each in metrics}["TaskDuration"])

    def reference_work(self) -> float:
        """Return the seconds of CPU that a fixed piece of work takes, which replaces the page."""
        before = self.work()
        self.page.evaluate(_REFERENCE)
        return self.work() - before

    def visible(self, locator: Locator) -> Locator:
        """Return the first of the elements that can be seen."""
        return locator.locator("visible=true").first

    def violations(self) -> list[str]:
        """Return what the page's policy has refused so far."""
        refused: list[str] = self.page.evaluate("window.violations")
        return refused

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", "data:", f"blob:{self.origin}/")):
            self.foreign.append(request.url)

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)


@contextmanager
def visiting(browser: Browser, origin: str) -> Iterator[Visit]:
    """Open a window with an empty cache."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(60_000)
    try:
        yield Visit(context.new_page(), origin)
    finally:
        context.close()
