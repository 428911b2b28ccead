"""Every variant of the pairwise set, through its whole life as a service."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from tests.support.accounts import PASSWORD, TRUSTING, make_admin
from tests.support.mail import receiving
from tests.support.project import Project, Running
from tests.support.rendering import Render
from tests.support.servers import scratch_database
from tests.support.variants import parameters, variants
from tools.questions import ROOT

Record = Callable[[str, object], None]
# The suite asks more often than a client may.
UNHURRIED = {"RATE_LIMIT_DEFAULT": "1000/minute"}
Mails = tuple[Path, dict[str, str]]
ADMIN = "admin@example.com"
on_postgresql = pytest.mark.parametrize("variant", parameters(database="postgresql"), indirect=True)


@pytest.fixture(params=parameters())
def variant(request: pytest.FixtureRequest, rendered: Render, record_property: Record) -> Project:
    project = rendered(variants()[request.param])
    project.install()
    record_property("exercised", request.param)
    wanted = project.answers["python_version"]
    if project.python_version != wanted:
        record_property(
            "note",
            f"Python {wanted} is not on this machine: its variants ran on {project.python_version}",
        )
    return project


@pytest.fixture
def mails(variant: Project, tmp_path: Path) -> Iterator[Mails]:
    """Where the variant's mails end up, and the settings for that; none where it sends none."""
    if not _has_accounts(variant):
        yield tmp_path, {}
        return
    with receiving(tmp_path) as settings:
        yield tmp_path, TRUSTING | settings


def _has_accounts(project: Project) -> bool:
    return str(project.answers.get("auth", "none")) != "none"


def _accounts(
    project: Project, mailbox: Path, env: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Return the options that let the suite judge accounts: an administrator, and the mails."""
    if not _has_accounts(project):
        return ()
    make_admin(project, ADMIN, env)
    return f"--admin={ADMIN}:{PASSWORD}", f"--mailbox={mailbox}"


def _conforms(running: Running, project: Project, record_property: Record, *extra: str) -> None:
    """Run the conformance suite against a running service."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"),
            f"--base-url={running.url}",
            f"--answers={project.path / '.copier-answers.yml'}",
            *extra,
            "tests/conformance",
        ],
        cwd=ROOT,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout + running.output()
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed, done.stdout
    record_property("conformance", passed[1])


def test_style_and_import_contracts_hold(variant: Project) -> None:
    variant.make("lint")


def test_types_hold(variant: Project, types_known: Path) -> None:
    variant.make("typecheck", env={"MYPY_CACHE_DIR": str(types_known)})


def test_its_own_tests_pass_with_the_coverage_gate(variant: Project) -> None:
    done = variant.make("test")

    assert "Required test coverage of 95.0% reached" in done.stdout


def test_formatting_leaves_no_difference(variant: Project) -> None:
    before = _python_files(variant)

    variant.make("format")

    assert _python_files(variant) == before


def test_it_serves_the_contract_and_stops_cleanly(
    variant: Project, mails: Mails, record_property: Record
) -> None:
    mailbox, settings = mails
    migrate = [] if variant.answers["database"] == "none" else ["migrate"]
    for target in migrate:
        variant.make(target)

    accounts = _accounts(variant, mailbox)

    with variant.serving(UNHURRIED | settings) as running:
        _conforms(running, variant, record_property, f"--project={variant.path}", *accounts)

        assert running.stop() == 0, running.output()


@on_postgresql
def test_it_serves_the_contract_on_postgresql(
    variant: Project, mails: Mails, postgresql_url: str, record_property: Record
) -> None:
    mailbox, settings = mails
    with scratch_database(postgresql_url) as url:
        database = {"DATABASE_URL": url}
        variant.make("migrate", env=database)
        accounts = _accounts(variant, mailbox, database)

        with variant.serving(UNHURRIED | settings | database | {"WORKERS": "2"}) as running:
            _conforms(running, variant, record_property, *accounts)

            assert running.stop() == 0, running.output()


@on_postgresql
def test_its_own_tests_pass_on_postgresql(variant: Project, postgresql_url: str) -> None:
    # Without coverage, which doubles what the tests cost: the gate was passed above.
    variant.run(
        "uv", "run", "--frozen", "pytest", "--no-cov", env={"TEST_DATABASE_URL": postgresql_url}
    )

    with psycopg.connect(postgresql_url) as connection:
        left = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test_%'")
        assert left.fetchall() == []


def _python_files(project: Project) -> Mapping[Path, str]:
    return {
        path: path.read_text()
        for folder in ("src", "tests")
        for path in (project.path / folder).rglob("*.py")
    }
