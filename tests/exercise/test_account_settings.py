"""What the settings of accounts and mails change in a running service."""

import base64
import json
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.accounts import (
    AUDIT,
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
from tests.support.project import Project, Running
from tests.support.variants import on_each_framework

pytestmark = on_each_framework

ME = f"{AUTH}/me"
KEYS = [f"{name} key of more than thirty-two bytes" for name in ("first", "second")]


@pytest.fixture
def database(default_service: Project, tmp_path: Path) -> Path:
    """A migrated database of its own."""
    file = tmp_path / "service.db"
    default_service.make("migrate", env={"DATABASE_URL": f"sqlite:///{file}"})
    return file


@contextmanager
def _serving(
    project: Project, database: Path, **settings: str
) -> Iterator[tuple[Running, Visitor]]:
    """Serve, and open the door to a new visitor."""
    with ExitStack() as stack:
        env = {"DATABASE_URL": f"sqlite:///{database}", "LOG_FORMAT": "json"} | settings
        running = stack.enter_context(project.serving(env))
        http = stack.enter_context(httpx2.Client(base_url=running.url, timeout=30))
        yield running, Visitor(http, new_email())


def _register(visitor: Visitor) -> httpx2.Response:
    return visitor.post(f"{AUTH}/register", {"email": visitor.email, "password": PASSWORD})


def _lifetimes(database: Path) -> dict[str, timedelta]:
    """Return for how long the mailed tokens hold from now on, by what they are for."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT purpose, expires_at FROM mailed_tokens").fetchall()
    now = datetime.now(UTC)
    return {
        purpose: datetime.fromisoformat(moment).replace(tzinfo=UTC) - now
        for purpose, moment in rows
    }


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return claims


def test_tokens_hold_for_as_long_as_settings_say(
    default_service: Project, database: Path, tmp_path: Path
) -> None:
    mailbox = Mailbox(tmp_path)
    lifetimes = {
        "ACCESS_TOKEN_MINUTES": "7",
        "REFRESH_TOKEN_DAYS": "3",
        "RESET_TOKEN_MINUTES": "11",
        "VERIFICATION_TOKEN_HOURS": "5",
    }
    with (
        receiving(tmp_path) as smtp,
        _serving(default_service, database, **lifetimes, **smtp) as (_, ann),
    ):
        _register(ann)
        verification = mailbox.wait(ann.email).get_content()
        mailed = _lifetimes(database)
        ann.post(f"{AUTH}/verify-email", {"token": mailbox.token(ann.email)})
        tokens = ann.log_in().tokens
        ann.post(f"{AUTH}/reset-password/request", {"email": ann.email})
        reset = mailbox.wait(ann.email, subject="new password").get_content()
        mailed |= _lifetimes(database)

    claims = _claims(tokens["access_token"])
    assert (tokens["expires_in"], claims["exp"] - claims["iat"]) == (420, 420)
    minute = timedelta(minutes=1)
    assert timedelta(days=3) - minute < timedelta(seconds=tokens["refresh_expires_in"])
    assert tokens["refresh_expires_in"] <= timedelta(days=3).total_seconds()
    assert timedelta(hours=5) - minute < mailed["verify"] <= timedelta(hours=5)
    assert timedelta(minutes=10) < mailed["reset"] <= timedelta(minutes=11)
    assert "5 hours" in verification
    assert "11 minutes" in reset


def test_mails_come_from_whom_and_lead_where_settings_say(
    default_service: Project, database: Path, tmp_path: Path
) -> None:
    settings = {
        "MAIL_FROM": "The Shop <shop@example.com>",
        "ACCOUNT_PAGES_URL": "https://shop.example.com/account",
    }
    with (
        receiving(tmp_path) as smtp,
        _serving(default_service, database, **settings, **smtp) as (_, ann),
    ):
        _register(ann)
        mail = Mailbox(tmp_path).wait(ann.email)

    assert mail["From"] == "The Shop <shop@example.com>"
    assert "https://shop.example.com/account/verify-email#token=" in mail.get_content()


# The server's library sees its TLS by STARTTLS only, and says so where there is another.
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("tls", ["none", "starttls", "tls"])
def test_a_mail_server_may_ask_for_tls_and_a_login(
    default_service: Project, database: Path, tmp_path: Path, tls: str
) -> None:
    with (
        receiving(tmp_path, tls=tls, login=("service", "mail-password-7f3a")) as smtp,
        _serving(default_service, database, **smtp) as (running, ann),
    ):
        _register(ann)
        mail = Mailbox(tmp_path).wait(ann.email)

        assert mail["To"] == ann.email
        assert "mail-password-7f3a" not in running.output()


def test_a_mail_server_with_a_certificate_that_nobody_vouches_for_gets_no_mail(
    default_service: Project, database: Path, tmp_path: Path
) -> None:
    with receiving(tmp_path, tls="tls") as smtp:
        del smtp["SMTP_CA_FILE"]
        with _serving(default_service, database, **smtp) as (running, ann):
            _register(ann)
            line = _wait_for_line(running, "A mail is tried again in")

    assert "CERTIFICATE_VERIFY_FAILED" in line["event"]
    assert Mailbox(tmp_path).mails(ann.email) == []


def test_a_silent_mail_server_is_waited_for_as_long_as_a_setting_says(
    default_service: Project, database: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        smtp = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(silent.getsockname()[1])}
        with _serving(default_service, database, SMTP_TIMEOUT="0.5", **smtp) as (running, ann):
            started = time.monotonic()
            _register(ann)
            answered = time.monotonic() - started
            line = _wait_for_line(running, "A mail is tried again in")

    assert "0.5 s" in line["event"]
    assert answered < 5, "nobody waits for a mail"


def _wait_for_line(running: Running, words: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for line in running.output().splitlines():
            if words in line:
                found: dict[str, Any] = json.loads(line)
                return found
        time.sleep(0.02)
    raise AssertionError(f"no line says: {words}\n{running.output()}")


def test_each_limit_of_accounts_is_a_setting_of_its_own(
    default_service: Project, database: Path
) -> None:
    limits = {"login": 11, "register": 12, "refresh": 13, "logout": 14, "me": 15, "reset": 16}
    settings = {f"RATE_LIMIT_{name.upper()}": f"{limit}/hour" for name, limit in limits.items()}
    token = {"token": "no-token"}
    with _serving(default_service, database, **settings) as (_, anyone):
        answers = {
            "login": anyone.post(f"{AUTH}/login", {"email": "a@example.com", "password": "x"}),
            "register": _register(anyone),
            "refresh": anyone.post(f"{AUTH}/refresh", {"refresh_token": "no-token"}),
            "logout": anyone.post(f"{AUTH}/logout"),
            "me": anyone.get(ME),
            "reset": anyone.post(f"{AUTH}/reset-password", token | {"password": PASSWORD}),
        }

    told = {name: int(each.headers["X-RateLimit-Limit"]) for name, each in answers.items()}
    assert told == limits


def test_guesses_of_one_account_have_a_limit_from_wherever_they_come(
    default_service: Project, database: Path
) -> None:
    settings = TRUSTING | {"RATE_LIMIT_ACCOUNT": "2/hour"}
    with _serving(default_service, database, **settings) as (_, ann):
        guess = {"email": ann.email, "password": "another password"}
        places = [Visitor(ann.http) for _ in range(3)]
        guesses = [place.post(f"{AUTH}/login", guess).status_code for place in places]

    assert guesses == [401, 401, 429]


def test_users_may_do_more_than_anybody_where_a_setting_says_so(
    default_service: Project, database: Path
) -> None:
    settings = {"RATE_LIMIT_DEFAULT": "100/hour", "RATE_LIMIT_USER": "60/minute,1000/hour"}
    settings["EMAIL_VERIFICATION_REQUIRED"] = "false"
    with _serving(default_service, database, **settings) as (_, ann):
        _register(ann)
        ann.log_in()
        stranger = Visitor(ann.http, new_email())
        forger = stranger.with_tokens({"access_token": ann.access[:-8] + "forgery0"})

        burst = [ann.get(f"{AUTH}/verify") for _ in range(61)]
        guesses = [forger.get(f"{AUTH}/verify") for _ in range(50)]
        visits = [stranger.get(f"{AUTH}/verify") for _ in range(51)]

    # Some come back while the others are sent.
    assert {each.status_code for each in burst[:60]} == {200}
    assert {each.headers["X-RateLimit-Limit"] for each in burst} == {"60"}
    assert int(burst[59].headers["X-RateLimit-Remaining"]) < 10
    assert {each.status_code for each in (*guesses, *visits[:50])} == {401}
    assert {each.headers["X-RateLimit-Limit"] for each in (*guesses, *visits)} == {"100"}
    assert (visits[50].status_code, visits[50].headers["X-RateLimit-Remaining"]) == (429, "0")
    assert int(visits[50].headers["Retry-After"]) <= 36


def test_registration_can_be_closed(default_service: Project, database: Path) -> None:
    with _serving(default_service, database, REGISTRATION_ENABLED="false") as (_, ann):
        answer = _register(ann)

    assert (answer.status_code, answer.json()["code"]) == (403, "REGISTRATION_CLOSED")


@pytest.mark.parametrize(("required", "status"), [("true", 401), ("false", 200)])
def test_who_has_not_verified_an_address_may_log_in_where_a_setting_says_so(
    default_service: Project, database: Path, required: str, status: int
) -> None:
    setting = {"EMAIL_VERIFICATION_REQUIRED": required}
    with _serving(default_service, database, **setting) as (_, ann):
        _register(ann)
        answer = ann.post(f"{AUTH}/login", {"email": ann.email, "password": PASSWORD})

    assert answer.status_code == status


def test_a_key_can_be_replaced_without_ending_sessions(
    default_service: Project, database: Path
) -> None:
    first, second = KEYS
    env = {"DATABASE_URL": f"sqlite:///{database}"}
    make_admin(default_service, "root@example.com", env)
    with _serving(default_service, database, SECRET_KEY=first) as (_, ann):
        ann.email = "root@example.com"
        old = ann.log_in().tokens
    both = {"SECRET_KEY": second, "SECRET_KEY_FALLBACKS": f"other-{first}, {first}"}
    with _serving(default_service, database, **both) as (_, ann):
        seen = [ann.with_tokens(old).get(ME).status_code]
        ann.email = "root@example.com"
        new = ann.log_in().tokens
    with _serving(default_service, database, SECRET_KEY=second) as (_, ann):
        seen += [ann.with_tokens(tokens).get(ME).status_code for tokens in (old, new)]
        refreshed = ann.post(f"{AUTH}/refresh", {"refresh_token": old["refresh_token"]})

    assert seen == [200, 401, 200]
    assert refreshed.status_code == 200, "a refresh token is not signed"


def test_the_audit_trail_is_kept_for_as_long_as_a_setting_says(
    default_service: Project, database: Path
) -> None:
    env = {"DATABASE_URL": f"sqlite:///{database}"}
    make_admin(default_service, "root@example.com", env)
    with _serving(default_service, database) as (_, visitor):
        visitor.email = "root@example.com"
        admin = visitor.log_in()
        user = create_user(admin)
        admin.send("PATCH", f"{USERS}/{user.log_in().id}", json={"name": "Ann"})
        _age_audit(database, "user.updated", days=300)
        kept = []
        for setting in ({}, {"AUDIT_RETENTION_DAYS": "301"}, {"AUDIT_RETENTION_DAYS": "299"}):
            default_service.make("prune", env=env | setting)
            page = admin.get(AUDIT, params={"event": "user.updated"}).json()
            kept.append(page["total"])

    assert kept == [1, 1, 0]


def test_an_unverified_user_is_kept_for_as_long_as_a_setting_says(
    default_service: Project, database: Path
) -> None:
    with _serving(default_service, database) as (_, ann):
        assert _register(ann).status_code == 202
    _age_registrations(database, days=20)
    kept = []

    for setting in ({}, {"UNVERIFIED_USER_DAYS": "21"}, {"UNVERIFIED_USER_DAYS": "19"}):
        default_service.make("prune", env={"DATABASE_URL": f"sqlite:///{database}"} | setting)
        with closing(sqlite3.connect(database)) as connection:
            kept += connection.execute("SELECT count(*) FROM users").fetchone()

    assert kept == [1, 1, 0]


def _age_registrations(database: Path, *, days: int) -> None:
    """Make users older, and their tokens expired."""
    moment = (datetime.now(UTC) - timedelta(days=days)).replace(tzinfo=None).isoformat(" ")
    with closing(sqlite3.connect(database)) as connection:
        for column in ("users SET created_at", "mailed_tokens SET expires_at"):
            changed = connection.execute(f"UPDATE {column} = ?", (moment,))
            assert changed.rowcount == 1
        connection.commit()


def _age_audit(database: Path, event: str, *, days: int) -> None:
    """Make an entry older, which takes the trigger away that lets nobody do so."""
    with closing(sqlite3.connect(database)) as connection:
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_master"
            " WHERE type = 'trigger' AND tbl_name = 'audit_entries'"
        ).fetchall()
        assert triggers
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        moment = (datetime.now(UTC) - timedelta(days=days)).replace(tzinfo=None)
        changed = connection.execute(
            "UPDATE audit_entries SET happened_at = ? WHERE event = ?",
            (moment.isoformat(" "), event),
        )
        assert changed.rowcount == 1
        for _, statement in triggers:
            connection.execute(statement)
        connection.commit()
