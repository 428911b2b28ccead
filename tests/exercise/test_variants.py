"""Every variant of the pairwise set, through its whole life as a service."""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.conformance import conforms, ready_to_be_judged
from tests.support.project import Project
from tests.support.rendering import Render
from tests.support.servers import scratch_database
from tests.support.shapes import with_shapes
from tests.support.units import FOLDER, add_units
from tests.support.variants import default_variants, parameters, variants
from tools.questions import Answers

Record = Callable[[str, object], None]


# The service's own gate leaves out what the template owns; here all of it counts but the script
# that runs restic, which test_backups.py runs.
WHOLE = {
    r"^omit = \[\n(?:  .*\n)+\]\n": 'omit = ["src/*/backups.py"]\n',
}
LINES = {
    r"^branch = true\n": "",
    r"^concurrency = .*\n": "",
    r'^core = "ctrace"$': 'core = "sysmon"',
    r"^fail_under = 95$": "fail_under = 97",
}
# What unit tests may depend on. Each value of each of these is seen on each framework, and each
# version of Python once.
CONCERNS_UNITS = ("database", "auth", "example", "redis", "sentry", "metrics", "tracing")
# What a service depends on while it runs: each pair of these is served. The page and Python's
# version meet the framework alone; license, CI and the like are files that nobody serves.
CONCERNS_SERVING = ("framework", "jobs", *CONCERNS_UNITS)
MEETS_THE_FRAMEWORK = ("docs_ui", "python_version")


def _covering(parts_of: Callable[[Answers], set[Any]]) -> set[str]:
    """Return few variants, among them the defaults, that have all parts which any has."""
    parts = {name: parts_of(answers) for name, answers in variants().items()}
    chosen = set(default_variants())
    unseen = set().union(*parts.values()) - set().union(*(parts[name] for name in chosen))
    while unseen:
        brings_most = max(parts, key=lambda name: len(parts[name] & unseen))
        chosen.add(brings_most)
        unseen -= parts[brings_most]
    return chosen


def _values(answers: Answers, *others: str) -> set[Any]:
    concerns = (*CONCERNS_UNITS, *others)
    return {(answers["framework"], question, answers[question]) for question in concerns}


def _values_and_pythons(answers: Answers) -> set[Any]:
    return _values(answers) | {answers["python_version"]}


def _values_with_jobs(answers: Answers) -> set[Any]:
    return _values(answers, "jobs")


def _values_of_types(answers: Answers) -> set[Any]:
    return _values(answers, "jobs", "docs_ui")


def _served_pairs(answers: Answers) -> set[Any]:
    pairs = {
        (one, answers[one], other, answers[other])
        for one, other in itertools.combinations(CONCERNS_SERVING, 2)
    }
    return pairs | {(answers["framework"], each, answers[each]) for each in MEETS_THE_FRAMEWORK}


WITH_UNITS = _covering(_values_and_pythons)
SERVED = _covering(_served_pairs)
TYPED = _covering(_values_of_types)
# Each value is asked in full. What a further pair could break shows in the stack around all
# requests, so the others are asked for that: without the commands, the server's deadlines, and
# most of the accounts.
ASKED_IN_FULL = _covering(_values_with_jobs)
SMOKE = [
    *(f"--ignore=tests/conformance/test_{name}.py" for name in ("1_commands", "11_server")),
    *(
        f"--deselect=tests/conformance/test_10_accounts.py::Test{part}"
        for part in ("Registration", "Passwords", "NobodyLearns", "Users", "Audit", "Limits")
    ),
]


# Before Python 3.14 branches take more than twice as long as lines, for which Python has a way of
# its own. Lines are covered a little better than lines and branches, so more is asked of them. The
# smallest services, whose endpoints leave most unused, are measured by both.
MEASURED_BY_BRANCHES = {
    max(
        (name for name in WITH_UNITS if variants()[name]["framework"] == framework),
        key=lambda name: sum(value in {False, "none"} for value in variants()[name].values()),
    )
    for framework in ("fastapi", "django")
}
# The two of `make test`, which is to be short, stay on SQLite.
TESTED_ON_POSTGRESQL = {
    name for name, answers in variants().items() if answers["database"] == "postgresql"
} - default_variants()
# These run the tests that the service ships without the unit tests, as teams do.
AS_SHIPPED = default_variants() | (set(variants()) - WITH_UNITS)
# What a developer has of their own for the service at work is none of its tests' business.
OWN_SETTINGS = {"docs_enabled": "false", "environment": "production", "PORT": "x"}


@pytest.fixture(params=parameters())
def variant(request: pytest.FixtureRequest, rendered: Render, record_property: Record) -> Project:
    project = rendered(variants()[request.param])
    if request.param in WITH_UNITS:
        add_units(project)
    project.install()
    record_property("exercised", request.param)
    wanted = project.answers["python_version"]
    if project.python_version != wanted:
        record_property(
            "note",
            f"Python {wanted} is not on this machine: its variants ran on {project.python_version}",
        )
    return project


def test_style_and_import_contracts_hold(variant: Project) -> None:
    variant.make("lint")


@pytest.mark.parametrize(
    "variant", [each for each in parameters() if each.id in TYPED], indirect=True
)
def test_types_hold(variant: Project, types_known: Path) -> None:
    variant.make("typecheck", env={"MYPY_CACHE_DIR": str(types_known)})


@pytest.fixture
def own_settings(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Settings of a developer, which tests leave alone, but for a server that they are to use."""
    settings = dict(OWN_SETTINGS)
    if request.node.callspec.params["variant"] not in TESTED_ON_POSTGRESQL:
        yield settings
        return
    url = settings["TEST_DATABASE_URL"] = request.getfixturevalue("postgresql_url")
    before = _transactions(url)
    yield settings
    assert _transactions(url) > before + 1, "the server was not asked"
    with psycopg.connect(url) as connection:
        left = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test_%'")
        assert left.fetchall() == []


@pytest.mark.parametrize(
    "variant", [each for each in parameters() if each.id in WITH_UNITS], indirect=True
)
def test_its_own_tests_and_the_unit_tests_cover_it_whatever_a_developer_has_set(
    variant: Project, own_settings: dict[str, str], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    name = request.node.callspec.params["variant"]
    gate, changes = (95, WHOLE) if name in MEASURED_BY_BRANCHES else (97, WHOLE | LINES)
    measured = _measured(variant, tmp_path / "coverage.toml", changes)

    with _settings_file(variant, "PORT=abc\nDATABASE_URL=nonsense\n"):
        done = variant.run(
            *("uv", "run", "--frozen", "pytest", "--cov", f"--cov-config={measured}"),
            "--cov-report=term-missing:skip-covered",
            env=own_settings,
        )

    assert f"Required test coverage of {gate}.0% reached" in done.stdout


@pytest.mark.parametrize(
    "variant", [each for each in parameters() if each.id in AS_SHIPPED], indirect=True
)
def test_the_tests_that_it_ships_pass_with_its_own_gate(
    variant: Project, own_settings: dict[str, str]
) -> None:
    done = variant.make("test", env=own_settings | {"PYTEST_ADDOPTS": f"--ignore={FOLDER}"})

    assert "Required test coverage of 95.0% reached" in done.stdout
    assert str(FOLDER) not in done.stdout


def _transactions(url: str) -> int:
    """Return how many transactions have written to a server so far."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
    assert row
    return int(row[0])


def _measured(project: Project, file: Path, changes: Mapping[str, str]) -> Path:
    """Write the service's settings of coverage with some changes; return the file."""
    text = (project.path / "pyproject.toml").read_text()
    for pattern, replacement in changes.items():
        text, found = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        assert found == 1, pattern
    file.write_text(text)
    return file


@contextmanager
def _settings_file(project: Project, text: str) -> Iterator[None]:
    file = project.path / ".env"
    file.write_text(text)
    try:
        yield
    finally:
        file.unlink()


@pytest.mark.parametrize(
    "variant", [each for each in parameters() if each.id in SERVED], indirect=True
)
def test_it_serves_the_contract_and_stops_cleanly(
    variant: Project, tmp_path: Path, request: pytest.FixtureRequest, record_property: Record
) -> None:
    with ExitStack() as stack:
        settings = {}
        if variant.answers["database"] == "postgresql":
            # As in production; on SQLite, for the first run, the default services are judged.
            server = request.getfixturevalue("postgresql_url")
            settings["DATABASE_URL"] = stack.enter_context(scratch_database(server))
            settings["WORKERS"] = "2"
        name = request.node.callspec.params["variant"]
        in_full = name in default_variants()
        if in_full:
            stack.enter_context(with_shapes(variant))
        running, options = stack.enter_context(ready_to_be_judged(variant, tmp_path, settings))

        if name not in ASKED_IN_FULL:
            options += SMOKE
        # No test is skipped on both frameworks: what one passes, the other passes, too.
        passed = conforms(running.url, variant, options, in_full=in_full)

        record_property(f"conformance {variant.answers['framework']}", len(passed))
        assert running.stop() == 0, running.output()
