"""Readiness and migrations of a service on a real PostgreSQL, on both frameworks."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import psycopg
import pytest

from tests.support.project import Project, Running
from tests.support.servers import Ask, asking_postgresql, scratch_database
from tests.support.variants import on_each_framework

pytestmark = on_each_framework

PATIENCE_SECONDS = 90
# The table in which each framework remembers its migrations, and a row of a version to come.
LATER = {
    "fastapi": "UPDATE alembic_version SET version_num = 'later' WHERE version_num = '0002'",
    "django": "INSERT INTO django_migrations (app, name, applied) VALUES ('items', 'later', now())",
}
LAST = {
    "fastapi": "UPDATE alembic_version SET version_num = '0001' WHERE version_num = '0002'",
    "django": "DELETE FROM django_migrations WHERE app = 'items' AND name = '0002_owner'",
}


@pytest.fixture
def database(postgresql_url: str) -> Iterator[tuple[dict[str, str], Ask]]:
    """Settings that name an empty database, and what asks it."""
    with scratch_database(postgresql_url) as url:
        yield {"DATABASE_URL": url}, asking_postgresql(url)


def _eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)


def _is_ready(running: Running) -> bool:
    return httpx2.get(f"{running.url}/health/ready").status_code == 200


def test_a_service_is_ready_when_its_database_is_migrated(
    default_service: Project, database: tuple[dict[str, str], Ask]
) -> None:
    settings, _ = database
    with default_service.serving(settings) as running:
        assert not _is_ready(running)
        report = httpx2.get(f"{running.url}/health")
        checks = {name: each["status"] for name, each in report.json()["checks"].items()}
        assert report.status_code == 503
        assert (checks["database"], checks["migrations"]) == ("healthy", "unhealthy")

        default_service.make("migrate", env=settings)

        _eventually(lambda: _is_ready(running))
        assert httpx2.get(f"{running.url}/health").status_code == 200


@pytest.mark.parametrize(("changes", "ready"), [(LATER, True), (LAST, False)])
def test_a_newer_database_is_no_obstacle_and_an_older_one_is(
    default_service: Project,
    database: tuple[dict[str, str], Ask],
    framework: str,
    changes: dict[str, str],
    *,
    ready: bool,
) -> None:
    settings, ask = database
    default_service.make("migrate", env=settings)
    ask(changes[framework])

    with default_service.serving(settings) as running:
        assert _is_ready(running) is ready


def test_migrations_of_one_database_wait_for_each_other(
    default_service: Project, database: tuple[dict[str, str], Ask]
) -> None:
    settings, ask = database
    locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"

    def migrate() -> str:
        done = default_service.make("migrate", env=settings, check=False)
        return "" if done.returncode == 0 else done.stdout

    with ThreadPoolExecutor() as pool:
        with psycopg.connect(settings["DATABASE_URL"]) as connection:
            # The first has the lock, and waits for its first table.
            connection.execute("LOCK TABLE pg_class IN SHARE MODE")
            first = pool.submit(migrate)
            _eventually(lambda: ask(locks) == [(1,)])
            second = pool.submit(migrate)
            time.sleep(1)
        assert [first.result(), second.result()] == ["", ""]
