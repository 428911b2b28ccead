"""The default service's migrations, up and down with rows in the tables, on both databases."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from tests.support.project import Project
from tests.support.servers import Ask, asking_postgresql, asking_sqlite, scratch_database

# Identifiers as SQLite keeps them; PostgreSQL reads them so, too.
ROWS = """
INSERT INTO users (id, email, name, role, created_at, updated_at)
VALUES ('3f2b8c1e5d474a869c0f7e1d2b6a4c58', 'ann@example.com', '', 'user',
        '2027-01-15', '2027-01-15');
INSERT INTO items (name, description, quantity, created_at, updated_at, owner_id)
VALUES ('owned', '', 1, '2027-01-15', '2027-01-15', '3f2b8c1e5d474a869c0f7e1d2b6a4c58');
INSERT INTO items (name, description, quantity, created_at, updated_at, owner_id)
VALUES ('ownerless', '', 1, '2027-01-15', '2027-01-15', NULL)
""".replace("2027-01-15", "2027-01-15 09:30:00+00:00")
ENTRY = """
INSERT INTO audit_entries (happened_at, event, correlation_id, details)
VALUES ('2027-01-15 09:30:00+00:00', 'logout', '', '{}')
"""
SAME = """
INTO audit_entries (id, happened_at, event, correlation_id, details)
SELECT id, happened_at, 'nothing', '', '{}' FROM audit_entries WHERE true
"""
pytestmark = pytest.mark.xdist_group("accounts")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Ask]]:
    """The URL of an empty database, and what asks it."""
    if request.param == "sqlite":
        file = tmp_path / "service.db"
        yield f"sqlite:///{file}", asking_sqlite(file)
        return
    with scratch_database(request.getfixturevalue("postgresql_url")) as url:
        yield url, asking_postgresql(url)


def test_they_go_up_down_and_up_again_and_keep_the_rows_that_are_not_theirs(
    default_service: Project, database: tuple[str, Ask]
) -> None:
    url, ask = database

    def alembic(*arguments: str) -> str:
        command = ("uv", "run", "--frozen", "alembic", *arguments)
        return default_service.run(*command, env={"DATABASE_URL": url}).stdout

    def names() -> list[str]:
        return [row[0] for row in ask("SELECT name FROM items ORDER BY id")]

    alembic("upgrade", "heads")
    assert "No new upgrade operations" in alembic("check")
    for statement in ROWS.split(";"):
        ask(statement)

    # Items give up their owners first, and so outlive the accounts.
    alembic("downgrade", "0001")
    assert names() == ["owned", "ownerless"]
    assert ask("SELECT email FROM users") == [("ann@example.com",)]
    alembic("upgrade", "heads")
    assert ask("SELECT email FROM users") == [("ann@example.com",)]
    alembic("downgrade", "0001")
    alembic("downgrade", "accounts@base")
    assert names() == ["owned", "ownerless"]

    alembic("upgrade", "heads")
    assert names() == ["owned", "ownerless"]
    assert ask("SELECT owner_id FROM items") == [(None,), (None,)]
    assert "No new upgrade operations" in alembic("check")
    alembic("downgrade", "base")
    alembic("upgrade", "heads")
    assert "No new upgrade operations" in alembic("check")
    assert names() == []


def test_a_deleted_items_number_is_not_given_again_after_a_migration(
    default_service: Project, database: tuple[str, Ask]
) -> None:
    url, ask = database
    default_service.make("migrate", env={"DATABASE_URL": url})
    for statement in ROWS.split(";"):
        ask(statement)
    ask("DELETE FROM items")

    for move in (("downgrade", "0001"), ("upgrade", "heads")):
        default_service.run("uv", "run", "--frozen", "alembic", *move, env={"DATABASE_URL": url})
    ask("DELETE FROM users")
    ask(ROWS.split(";")[2])

    assert ask("SELECT id FROM items") == [(3,)]


def test_items_that_only_their_owners_tell_apart_are_not_downgraded(
    default_service: Project, database: tuple[str, Ask]
) -> None:
    url, ask = database
    env = {"DATABASE_URL": url}
    default_service.make("migrate", env=env)
    for statement in ROWS.split(";"):
        ask(statement)
    ask("UPDATE items SET name = 'same'")

    refused = default_service.run(
        "uv", "run", "--frozen", "alembic", "downgrade", "0001", env=env, check=False
    )

    assert refused.returncode != 0
    assert "rename them, then downgrade" in refused.stdout
    assert len(ask("SELECT owner_id FROM items")) == 2
    ask("UPDATE items SET name = 'other' WHERE owner_id IS NULL")
    default_service.run("uv", "run", "--frozen", "alembic", "downgrade", "0001", env=env)
    assert ask("SELECT name FROM items ORDER BY id") == [("same",), ("other",)]


@pytest.mark.parametrize(
    "rewrite",
    [
        "UPDATE audit_entries SET event = 'nothing'",
        f"INSERT {SAME} ON CONFLICT (id) DO UPDATE SET event = 'nothing'",
        f"INSERT OR REPLACE {SAME}",
    ],
    ids=["update", "upsert", "replacement"],
)
def test_an_entry_of_the_audit_trail_cannot_be_rewritten(
    default_service: Project, database: tuple[str, Ask], rewrite: str
) -> None:
    url, ask = database
    if "OR REPLACE" in rewrite and url.startswith("postgresql"):
        pytest.skip("PostgreSQL has no INSERT OR REPLACE")
    default_service.make("migrate", env={"DATABASE_URL": url})
    ask(ENTRY)

    with pytest.raises((sqlite3.DatabaseError, psycopg.DatabaseError), match="append-only"):
        ask(rewrite)

    assert ask("SELECT event FROM audit_entries") == [("logout",)]


@pytest.fixture
def newer(default_service: Project, database: tuple[str, Ask]) -> tuple[str, Ask]:
    """A database that a later version has migrated."""
    url, ask = database
    default_service.make("migrate", env={"DATABASE_URL": url})
    ask("UPDATE alembic_version SET version_num = 'later' WHERE version_num = '0002'")
    return database


def test_an_upgrade_of_a_database_that_is_newer_changes_nothing_and_succeeds(
    default_service: Project, newer: tuple[str, Ask]
) -> None:
    url, ask = newer
    before = ask("SELECT version_num FROM alembic_version")

    done = default_service.make("migrate", env={"DATABASE_URL": url})

    assert "The database is newer than this version: nothing is done." in done.stdout
    assert ask("SELECT version_num FROM alembic_version") == before


def test_a_downgrade_of_a_database_that_is_newer_is_refused(
    default_service: Project, newer: tuple[str, Ask]
) -> None:
    url, _ = newer

    command = ("uv", "run", "--frozen", "alembic", "downgrade", "base")
    refused = default_service.run(*command, env={"DATABASE_URL": url}, check=False)

    assert refused.returncode != 0
    assert "Can't locate revision" in refused.stdout


def test_those_who_migrate_an_empty_database_at_once_wait_for_each_other(
    default_service: Project, postgresql_url: str
) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"

    def migrate(url: str) -> str:
        done = default_service.make("migrate", env={"DATABASE_URL": url}, check=False)
        return "" if done.returncode == 0 else done.stdout

    with scratch_database(postgresql_url) as url, ThreadPoolExecutor() as pool:
        with psycopg.connect(url) as connection:
            # Nobody makes a table until all have looked what there is.
            connection.execute("LOCK TABLE pg_class IN SHARE MODE")
            ends = [pool.submit(migrate, url) for _ in range(2)]
            _eventually(lambda: asking_postgresql(url)(waiting) == [(2,)])

        assert [end.result() for end in ends] == ["", ""]


def _eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)
