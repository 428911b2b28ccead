"""Database URLs as people write them, in whichever framework's documentation they read of them."""

import shutil
from pathlib import Path

import pytest

from tests.support.project import Project
from tests.support.servers import asking_postgresql, asking_sqlite, scratch_database

pytestmark = pytest.mark.parametrize("framework", ["fastapi", "django"], indirect=True)
APPLIED = {
    "fastapi": "SELECT count(*) FROM alembic_version",
    "django": "SELECT count(*) FROM django_migrations",
}


@pytest.mark.skipif(shutil.which("restic") is None, reason="needs restic")
@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+aiosqlite"])
def test_a_sqlite_url_is_accepted_by_migrations_and_backups(
    default_service: Project, framework: str, scheme: str, tmp_path: Path
) -> None:
    file = tmp_path / "service.db"
    env = {
        "DATABASE_URL": f"{scheme}:///{file}",
        "BACKUP_DIR": str(tmp_path / "backups"),
        "RESTIC_PASSWORD": "geheim-4711",
    }
    default_service.make("restic", "args=init", env=env)

    default_service.make("migrate", "backup", env=env)

    assert asking_sqlite(file)(APPLIED[framework]) > [(0,)]


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_postgresql_url_is_accepted_by_migrations(
    default_service: Project, framework: str, scheme: str, postgresql_url: str
) -> None:
    with scratch_database(postgresql_url) as url:
        rest = url.partition("://")[2]

        default_service.make("migrate", env={"DATABASE_URL": f"{scheme}://{rest}"})

        applied = asking_postgresql(url)(APPLIED[framework])
    assert applied > [(0,)]


@pytest.mark.parametrize("url", ["sqlite+aiosqlite:///x.db?timeout=hunter2", "sqlite+aiosqlite://"])
def test_a_sqlite_url_that_names_more_or_less_than_a_file_is_refused(
    default_service: Project, framework: str, url: str
) -> None:
    checked = default_service.make("check", env={"DATABASE_URL": url}, check=False)

    assert framework
    assert checked.returncode != 0
    assert "DATABASE_URL: must name a file and nothing else" in checked.stdout
    assert "hunter2" not in checked.stdout
