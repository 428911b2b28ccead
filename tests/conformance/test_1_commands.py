"""Section 1: the commands are the same everywhere."""

import json
import shutil
import uuid
from pathlib import Path

import pytest

from tests.support.accounts import Visitor
from tests.support.project import Project
from tools.questions import Answers

COMMANDS = [
    "install",
    "dev",
    "serve",
    "test",
    "lint",
    "format",
    "typecheck",
    "check",
    "openapi",
    "loadtest",
]
DATABASE_COMMANDS = ["migrate", "migration", "backup", "verify-backup", "restic", "restore"]


def _listed(project: Project) -> set[str]:
    return {
        line.split()[1]
        for line in project.make("--no-print-directory").stdout.splitlines()
        if line.startswith("  make ")
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_make_without_a_target_lists_each_command(project: Project, command: str) -> None:
    assert command in _listed(project)


@pytest.mark.parametrize("command", DATABASE_COMMANDS)
def test_database_commands_are_there_where_a_database_is(
    project: Project, answers: Answers, command: str
) -> None:
    assert (command in _listed(project)) == (answers["database"] != "none")


def test_check_finds_nothing_in_development_settings(project: Project) -> None:
    assert project.make("check").returncode == 0


def test_check_exits_1_with_a_line_for_each_finding(project: Project, answers: Answers) -> None:
    done = project.make("--silent", "check", check=False, env={"ENVIRONMENT": "production"})

    findings = [line for line in done.stdout.splitlines() if not line.startswith("make")]
    has_accounts = answers.get("auth", "none") != "none"
    due = {
        "METRICS_TOKEN: is not set, nor METRICS_PUBLIC; openssl rand -hex 32 makes one": answers[
            "metrics"
        ],
        "DATABASE_URL: is SQLite; in production the service needs PostgreSQL": answers["database"]
        == "postgresql",
        "SMTP_HOST: is unset, so that no mail is sent": has_accounts,
        "SECRET_KEY: is not set; openssl rand -hex 32 makes one": has_accounts,
    }
    if any(due.values()):
        assert done.returncode != 0
        assert findings == [finding for finding, is_due in due.items() if is_due]
    else:
        assert done.returncode == 0


def test_a_bad_value_stops_the_start_with_one_line_that_names_it(project: Project) -> None:
    done = project.make("--silent", "serve", check=False, env={"WORKERS": "hunter2"})

    lines = [line for line in done.stdout.splitlines() if not line.startswith("make")]
    assert done.returncode != 0
    assert len(lines) == 1
    assert lines[0].startswith("WORKERS: ")
    assert "hunter2" not in done.stdout


def test_openapi_writes_the_document_that_is_served(
    project: Project, document: dict[str, object]
) -> None:
    file = project.path / "openapi.json"
    try:
        project.make("openapi")

        assert json.loads(file.read_text()) == document
    finally:
        file.unlink(missing_ok=True)


def test_loadtest_runs_headless_and_exits_0_when_all_requests_succeed(
    project: Project, base_url: str, answers: Answers, administrator: Visitor | None
) -> None:
    # Judged is that it runs, not how fast this machine is.
    account = {"LOADTEST_MAX_P95_MS": "20000", "LOADTEST_REPORT": "/dev/null"}
    if administrator is not None:
        account["LOADTEST_EMAIL"] = administrator.email
        account["LOADTEST_PASSWORD"] = administrator.password
    # On a busy machine a short time can be over before the first request.
    for seconds in (2, 6, 30):
        done = project.make(
            "loadtest",
            f"LOADTEST_TIME={seconds}s",
            "LOADTEST_USERS=4",
            check=False,
            env={"LOADTEST_URL": base_url, **account},
        )
        if "GET" in done.stdout and ("/items" in done.stdout or not answers.get("example")):
            break

    assert done.returncode == 0, done.stdout
    assert "GET" in done.stdout
    assert "0(0.00%)" in done.stdout.split("Aggregated")[1]
    assert ("/api/v1/items" in done.stdout) == bool(answers.get("example"))


def test_a_migration_is_written_from_the_models(project: Project, answers: Answers) -> None:
    if answers["database"] == "none":
        pytest.skip("there is no database")
    url = f"sqlite:///scratch-{uuid.uuid4().hex}.db"
    source = project.path / "src"
    folders = set(source.rglob("migrations/**/"))
    before = _migrations(source)
    try:
        project.make("migrate", env={"DATABASE_URL": url})
        done = project.make("migration", "m=nothing changed", env={"DATABASE_URL": url})
        written = _migrations(source) - before

        # Where nothing has changed an empty one may be written, or none.
        assert len(written) == 1 or "No changes detected" in done.stdout
        assert all("nothing changed" in file.read_text() for file in written)
        project.make("lint")
    finally:
        for file in [*(_migrations(source) - before), *project.path.glob("scratch-*")]:
            file.unlink()
        for folder in sorted(set(source.rglob("migrations/**/")) - folders, reverse=True):
            shutil.rmtree(folder, ignore_errors=True)


def _migrations(source: Path) -> set[Path]:
    return set(source.rglob("migrations/**/*.py"))


def test_a_migration_without_a_message_says_how_to_give_one(
    project: Project, answers: Answers
) -> None:
    if answers["database"] == "none":
        pytest.skip("there is no database")

    done = project.make("migration", check=False)

    assert done.returncode != 0
    assert 'make migration m="' in done.stdout
