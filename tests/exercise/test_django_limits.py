"""Limits of a Django service: counted before a thread is taken, whatever kind of view it is."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.support.accounts import (
    AUTH,
    PASSWORD,
    TRUSTING,
    USERS,
    Visitor,
    make_admin,
    new_client_address,
    new_email,
)
from tests.support.customised import ANSWERS, REPORTS, customise
from tests.support.project import Project, Running
from tests.support.rendering import Render

pytestmark = pytest.mark.xdist_group("customised")
LOGIN = "/admin/login/"
ROOT = "root@example.com"
CONNECTIONS = 150


@pytest.fixture(scope="module")
def customised(rendered: Render) -> Project:
    """A service with a team's own views."""
    project = rendered(ANSWERS)
    project.install()
    customise(project)
    return project


@contextmanager
def _serving(project: Project, folder: Path, **settings: str) -> Iterator[tuple[Running, Visitor]]:
    """Serve with a database of its own, and an administrator who has logged in."""
    env = {"DATABASE_URL": f"sqlite:///{folder / 'service.db'}"} | TRUSTING | settings
    project.make("migrate", env=env)
    make_admin(project, ROOT, env)
    with (
        project.serving(env) as running,
        httpx2.Client(base_url=running.url, timeout=60) as http,
    ):
        yield running, Visitor(http, ROOT).log_in()


async def _flood(
    url: str,
    address: Callable[[], str],
    until: Callable[[Counter[int]], bool],
    then: Callable[[], list[int]],
) -> tuple[Counter[int], list[int]]:
    """Guess passwords on kept connections, and do something while they go on.

    Args:
        url: The service.
        address: From where each guess comes.
        until: When to do it, by how often each status came.
        then: What is done.

    Returns:
        How often each status came, and what was done.
    """
    seen: Counter[int] = Counter()
    reached, done = asyncio.Event(), asyncio.Event()
    limits = httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)

    async def guess(http: httpx2.AsyncClient) -> None:
        while not done.is_set():
            body = {"email": "nobody@example.com", "password": "guess"}
            headers = {"X-Forwarded-For": address()}
            answer = await http.post(f"{AUTH}/login", json=body, headers=headers)
            seen[answer.status_code] += 1
            if until(seen):
                reached.set()

    async with httpx2.AsyncClient(base_url=url, limits=limits, timeout=120) as http:
        guessing = [asyncio.create_task(guess(http)) for _ in range(CONNECTIONS)]
        try:
            await asyncio.wait_for(reached.wait(), 120)
            return seen, await asyncio.to_thread(then)
        finally:
            done.set()
            await asyncio.gather(*guessing, return_exceptions=True)


def test_one_address_that_floods_the_login_keeps_nobody_else_out(
    customised: Project, tmp_path: Path
) -> None:
    body = {"email": ROOT, "password": PASSWORD}

    with _serving(customised, tmp_path) as (running, admin):

        def log_in() -> list[int]:
            others = [Visitor(admin.http) for _ in range(5)]
            return [each.post(f"{AUTH}/login", body).status_code for each in others]

        flood = _flood(
            running.url, lambda: "203.0.113.7", lambda seen: seen.total() > CONNECTIONS, log_in
        )
        seen, statuses = asyncio.run(flood)

    assert statuses == [200] * 5
    assert set(seen) == {401, 429}


def test_a_change_of_a_name_waits_for_no_password(customised: Project, tmp_path: Path) -> None:
    with _serving(customised, tmp_path) as (running, admin):
        path = f"{USERS}/{admin.id}"

        def rename() -> list[int]:
            names = ({"name": name} for name in ("Ann", "Ben", "Cleo"))
            return [admin.send("PATCH", path, json=name).status_code for name in names]

        # From everywhere, so that the queue for passwords is full.
        flood = _flood(running.url, new_client_address, lambda seen: seen[503] > 9, rename)
        seen, statuses = asyncio.run(flood)

    assert statuses == [200] * 3
    assert seen[503]


@pytest.mark.parametrize(
    "name",
    [
        *("", "/open", "/hasty", "/own", "/framework", "/django"),
        *("/quick", "/quick/function", "/decorated", "/plain"),
    ],
)
def test_every_kind_of_view_of_the_api_has_a_limit(limited: httpx2.Client, name: str) -> None:
    address = {"X-Forwarded-For": new_client_address()}

    answers = [limited.get(REPORTS + name, headers=address) for _ in range(8)]

    assert [each.headers.get("X-RateLimit-Remaining") for each in answers[:7]] == list("6543210")
    assert answers[7].status_code == 429
    assert answers[7].json()["code"] == "RATE_LIMITED"


def test_a_view_may_have_a_limit_for_each_method(limited: httpx2.Client) -> None:
    address = {"X-Forwarded-For": new_client_address()}

    statuses = [limited.post(f"{REPORTS}/own", headers=address).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]
    assert limited.get(f"{REPORTS}/own", headers=address).status_code == 200


def test_a_view_behind_another_one_keeps_its_own_limit(limited: httpx2.Client) -> None:
    address = {"X-Forwarded-For": new_client_address()}

    statuses = [limited.post(f"{REPORTS}/behind", headers=address).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]


@pytest.fixture(scope="module")
def limited(
    customised: Project, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx2.Client]:
    """A client of the service, where seven requests an hour are the limit."""
    folder = tmp_path_factory.mktemp("limited")
    with _serving(customised, folder, RATE_LIMIT_DEFAULT="7/hour") as (_, admin):
        yield admin.http


def _guess(http: httpx2.Client, address: str, password: str = "guess") -> httpx2.Response:  # noqa: S107 -- none
    headers = {"X-Forwarded-For": address, "Referer": f"{http.base_url}{LOGIN}"}
    page = http.get(LOGIN, headers=headers)
    hidden = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert hidden
    form = {"csrfmiddlewaretoken": hidden[1], "username": ROOT, "password": password}
    return http.post(LOGIN, data=form, headers=headers)


def test_guesses_at_the_admin_site_and_at_the_api_count_together(
    customised: Project, tmp_path: Path
) -> None:
    with _serving(customised, tmp_path) as (_, admin):
        guesser = Visitor(admin.http, new_email())
        guess = {"email": ROOT, "password": "guess"}
        statuses = [_guess(admin.http, guesser.address).status_code for _ in range(3)]
        statuses += [guesser.post(f"{AUTH}/login", guess).status_code for _ in range(3)]
        statuses += [_guess(admin.http, guesser.address).status_code]

    assert statuses == [200, 200, 200, 401, 401, 429, 429]


def test_a_huge_password_costs_the_admin_site_no_more_than_a_short_one(
    customised: Project, tmp_path: Path
) -> None:
    # What it takes to bring so many in order grows with their square: 15 s.
    marks = "a" + "\u0315\u0300" * 60_000

    with _serving(customised, tmp_path) as (running, admin):
        server = psutil.Process(running.server().pid)
        before = sum(server.cpu_times()[:2])
        answer = _guess(admin.http, new_client_address(), marks)
        spent = sum(server.cpu_times()[:2]) - before

    # The form is refused before its password is looked at.
    assert answer.status_code == 413
    assert spent < 4
