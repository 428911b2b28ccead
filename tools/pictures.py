"""Make the pictures of README.md, as `make pictures` does: the overview and two screenshots.

The screenshots show the default service as it runs: its documentation page, and the panels of its
dashboard, drawn from what a Prometheus has scraped while the service's own load test ran.
"""

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from tests.support import browser, prometheus
from tests.support.accounts import PASSWORD, make_admin
from tests.support.project import Project, Running
from tests.support.rendering import render
from tools import overview, panels
from tools.questions import ROOT

PICTURES = ROOT / "docs" / "pictures"
WORK = ROOT / "build" / "pictures"
EMAIL = "load@example.com"
USERS = 20
LOAD_SECONDS = 180
SCRAPE_SECONDS = 5
RATE_INTERVAL = f"{4 * SCRAPE_SECONDS}s"
"""What Grafana puts into `$__rate_interval`: four scrapes."""
NOTE = (
    "The panels of deploy/monitoring/grafana/dashboards/service.json, drawn by make pictures (not "
    "by Grafana) from Prometheus's data: "
    f"{LOAD_SECONDS // 60} minutes of make loadtest with {USERS} users."
)
MISSING = {
    "chromium": "chromium is missing: apt-get install chromium",
    "prometheus": (
        "prometheus is missing: mkdir -p build/prometheus && cd build/prometheus && "
        "apt-get download prometheus && dpkg-deb --extract prometheus_*.deb ."
    ),
}


def missing() -> list[str]:
    """Return a line for each program that is not here, which says how to get it."""
    found = {"chromium": browser.executable(), "prometheus": prometheus.executable()}
    return [line for name, line in MISSING.items() if not found[name]]


def main() -> None:
    """Make all pictures."""
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / "overview.svg").write_text(overview.drawn())
    if lines := missing():
        sys.exit("\n".join(["The overview is made; the screenshots are not:", *lines]))
    shutil.rmtree(WORK, ignore_errors=True)
    project = render(ROOT, WORK / "service", {})
    for target in ("install", "migrate"):
        project.make(target)
    make_admin(project, EMAIL)
    settings = {"METRICS_TOKEN": prometheus.TOKEN, "RATE_LIMIT_DEFAULT": "1000000/minute"}
    with browser.browsing() as chromium, project.serving(settings) as running:
        _photograph_docs(chromium, running)
        _photograph_dashboard(chromium, project, running)
    for picture in sorted(PICTURES.iterdir()):
        print(f"{picture.relative_to(ROOT)}: {picture.stat().st_size // 1000} KB")


def _photograph_docs(chromium: Browser, running: Running) -> None:
    with browser.visiting(chromium, running.url) as visit:
        visit.open("/docs", "My Service")
        visit.page.wait_for_load_state("networkidle")
        visit.page.screenshot(path=PICTURES / "docs-page.png")


def _photograph_dashboard(chromium: Browser, project: Project, running: Running) -> None:
    monitoring = project.path / "deploy" / "monitoring"
    work = WORK / "prometheus"
    shutil.copytree(monitoring / "rules", work / "rules")
    configuration = monitoring / "prometheus.yml"
    with prometheus.scraping(running.url, configuration, work, seconds=SCRAPE_SECONDS) as server:
        start = time.time()
        project.make("loadtest", env=_load(running.url, WORK / "loadtest.html"))
        end = time.time()

        def ask(query: str) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = server.ask(
                "query_range",
                query=query.replace("$__rate_interval", RATE_INTERVAL),
                start=str(start),
                end=str(end),
                step=f"{SCRAPE_SECONDS}s",
            )["result"]
            return found

        dashboard = json.loads((monitoring / "grafana/dashboards/service.json").read_text())
        content = panels.page(dashboard, NOTE, ask, start, end)
    with browser.visiting(chromium, running.url) as visit:
        visit.page.set_content(content)
        visit.page.screenshot(path=PICTURES / "dashboard.png", full_page=True)


def _load(url: str, report: Path) -> dict[str, str]:
    return {
        "LOADTEST_URL": url,
        "LOADTEST_REPORT": str(report),
        "LOADTEST_USERS": str(USERS),
        "LOADTEST_TIME": f"{LOAD_SECONDS}s",
        "LOADTEST_EMAIL": EMAIL,
        "LOADTEST_PASSWORD": PASSWORD,
    }


if __name__ == "__main__":
    main()
