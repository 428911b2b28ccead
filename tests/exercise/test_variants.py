"""Every variant of the pairwise set, through its whole life as a service."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from _pytest.mark import ParameterSet

from tests.support.conformance import conforms, ready_to_be_judged
from tests.support.project import Project
from tests.support.rendering import Render
from tests.support.servers import scratch_database
from tests.support.variants import parameters, variants

Record = Callable[[str, object], None]


def _once_for_each(*questions: str) -> list[ParameterSet]:
    """Return variants on PostgreSQL that differ in these answers, one for each mix of them."""
    seen: dict[tuple[object, ...], ParameterSet] = {}
    for parameter in parameters(database="postgresql"):
        answers = variants()[str(parameter.values[0])]
        seen.setdefault(tuple(answers[question] for question in questions), parameter)
    return list(seen.values())


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
    variant: Project, tmp_path: Path, request: pytest.FixtureRequest, record_property: Record
) -> None:
    with ExitStack() as stack:
        settings = {}
        if variant.answers["database"] == "postgresql":
            # As in production; on SQLite, for the first run, the default services are judged.
            server = request.getfixturevalue("postgresql_url")
            settings["DATABASE_URL"] = stack.enter_context(scratch_database(server))
            settings["WORKERS"] = "2"
        running, options = stack.enter_context(ready_to_be_judged(variant, tmp_path, settings))

        passed = conforms(running.url, variant, options)

        record_property(f"conformance {variant.answers['framework']}", len(passed))
        assert running.stop() == 0, running.output()


# What else was chosen asks the database for nothing.
@pytest.mark.parametrize(
    "variant", _once_for_each("framework", "auth", "example", "tracing"), indirect=True
)
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
