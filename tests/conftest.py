"""Fixtures for all tests, and the closing lines on variants and pairs."""

import fcntl
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import quick_clients, quick_copier
from tests.support.project import Project
from tests.support.rendering import Render, render
from tests.support.repository import TEMPLATE_PARTS
from tests.support.servers import postgresql, valkey
from tests.support.turns import TURNS, turns_of
from tests.support.variants import default_variants, variants
from tools.questions import ROOT, Answers, Questions, pairs_of
from tools.releases import git

quick_clients.hurry()
quick_copier.hurry()


@pytest.fixture(scope="session")
def copier_template_paths() -> list[str]:
    """The parts of the repository that Copier reads."""
    return TEMPLATE_PARTS


@pytest.fixture(scope="session")
def rendered(copier_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Render:
    """A function that renders a mix of answers, each mix once."""
    # As one gets it from a server; each render clones it, and loose objects are copied one by one.
    git("gc", "--quiet", folder=copier_template)
    projects: dict[tuple[tuple[str, object], ...], Project] = {}

    def once(answers: Answers) -> Project:
        key = tuple(sorted(answers.items()))
        if key not in projects:
            folder = tmp_path_factory.mktemp("service", numbered=True)
            projects[key] = render(copier_template, folder / "rendered", answers)
        return projects[key]

    return once


@pytest.fixture(scope="session")
def types_known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where mypy remembers libraries from one service to the next.

    What a service has not installed, or has changed, mypy looks at anew.
    """
    return tmp_path_factory.mktemp("types")


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The URL of a PostgreSQL server."""
    with postgresql() as server:
        yield server.get_uri()


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """The URL of a Valkey server."""
    with valkey() as server:
        yield server.connection_url


QUICK = ("tests/factory/", "tests/render/test_variants.py")
LIVES = "tests/exercise/test_variants.py"
"""Of which `make test` runs the default service of each framework."""
LEFT_OUT = pytest.StashKey[Counter[str]]()
OTHER_TURNS = pytest.StashKey[set[pytest.Item]]()
ALONE = "alone"
"""The group of tests that judge how fast a service answers: nothing else runs beside them."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that leaves out two thirds of the heavy tests."""
    parser.addoption("--turn", type=int, help="run only the heavy tests of this turn, modulo 3")


def _group(item: pytest.Item) -> str:
    marker = item.get_closest_marker("xdist_group")
    return str(marker.args[0]) if marker else item.nodeid


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep tests of a group on one worker, the largest first, those that run alone last.

    pytest-xdist 3.8 tells its scheduler of groups at the end of each identifier, where pytest 9.2
    does not look any more: without this, `--dist loadgroup` spreads groups like all other tests.
    """
    _leave_out_other_turns(config, items)
    if not config.getoption("loadgroup", default=False):
        return
    sizes = Counter(map(_group, items))
    items.sort(key=lambda item: (_group(item) == ALONE, -sizes[_group(item)]))
    for item in items:
        group = _group(item)
        if group != item.nodeid and "@" not in item.nodeid:
            item._id = type(item.id).parse(f"{item.nodeid}@{group}")  # noqa: SLF001


def _leave_out_other_turns(config: pytest.Config, items: list[pytest.Item]) -> None:
    turn = config.getoption("turn")
    if turn is None:
        return
    others = {item for item, its_turn in turns_of(items).items() if its_turn != turn % TURNS}
    config.stash[OTHER_TURNS] = others
    config.hook.pytest_deselected(items=[item for item in items if item in others])
    items[:] = [item for item in items if item not in others]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Have those that run alone wait until the other workers have nothing more to do."""
    if not hasattr(item.config, "workerinput") or getattr(item.config, "cache", None) is None:
        return (yield)
    with (item.config.cache.mkdir("alone") / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if _group(item) == ALONE else fcntl.LOCK_SH)
        return (yield)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what `make test` runs: the factory, all renders, the life of the default services."""
    file = item.path.relative_to(ROOT).as_posix()
    variant = item.callspec.params.get("variant") if hasattr(item, "callspec") else None
    if item.get_closest_marker("thorough"):
        return
    if file.startswith(QUICK) or (file == LIVES and variant in default_variants()):
        item.add_marker("quick")


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Remember how many tests of which file are left out."""
    if items:
        left_out = items[0].config.stash.setdefault(LEFT_OUT, Counter())
        left_out.update(map(_left_out, items))


def _left_out(item: pytest.Item) -> str:
    reason = item.get_closest_marker("thorough")
    file = item.path.relative_to(ROOT)
    if item in item.config.stash.get(OTHER_TURNS, ()):
        return f"{file} (another turn's)"
    return f"{file}{f' ({reason.args[0]})' if reason else ''}"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Report them to the process that prints the closing lines."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left out"] = dict(session.config.stash.get(LEFT_OUT, {}))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take one worker's report: each leaves out the same tests."""
    node.config.stash[LEFT_OUT] = Counter(getattr(node, "workeroutput", {}).get("left out", {}))


def _print_left_out(terminalreporter: pytest.TerminalReporter) -> None:
    """Print which tests were left out, and what runs them."""
    left_out = terminalreporter.config.stash.get(LEFT_OUT, None)
    if not left_out:
        return
    terminalreporter.section("not run here")
    option = terminalreporter.config.option
    chosen = " and ".join(filter(None, [option.markexpr, option.keyword]))
    if option.turn is not None:
        chosen += f", turn {option.turn % TURNS} of 0 to {TURNS - 1}"
    terminalreporter.write_line(
        f"{left_out.total()} tests are not of '{chosen}'; `make test-all` runs them, too:"
    )
    for file, number in sorted(left_out.items()):
        terminalreporter.write_line(f"  {file}: {number}")


def _print_updates(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what became of each edit in each update, and of the services' own tests."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    properties = [each for report in reports for each in getattr(report, "user_properties", ())]
    rows = sorted(str(value) for key, value in properties if key == "update")
    proofs = sorted(str(value) for key, value in properties if key == "update proof")
    if not rows and not proofs:
        return
    terminalreporter.section("updates")
    terminalreporter.write_line("release | example | edit | conflicts | lost | seconds")
    for row in rows:
        terminalreporter.write_line(row)
    conflicts, lost = (sum(int(row.split(" | ")[column]) for row in rows) for column in (3, 4))
    terminalreporter.write_line(
        f"edits updated: {len(rows)}; files with conflicts: {conflicts}; edits lost: {lost}"
    )
    terminalreporter.write_line("release | example | its own tests passed | failing")
    for proof in proofs:
        terminalreporter.write_line(proof)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much of the template was seen: variants, pairs of answers, conformance tests."""
    _print_left_out(terminalreporter)
    _print_updates(terminalreporter)
    seen: dict[str, set[str]] = defaultdict(set)
    faulty: set[str] = set()
    conformance: dict[str, int] = defaultdict(int)
    notes: set[str] = set()
    for outcome in ("failed", "error"):
        for report in terminalreporter.getreports(outcome):
            faulty |= {str(value) for _, value in getattr(report, "user_properties", ())}
    for report in terminalreporter.getreports("passed"):
        for key, value in report.user_properties:
            if key.startswith("conformance "):
                conformance[key.removeprefix("conformance ")] += int(str(value))
            elif key == "note":
                notes.add(str(value))
            elif not key.startswith("update"):
                seen[key].add(str(value))
    if not seen:
        return
    possible = Questions().possible_pairs()
    terminalreporter.section("variants")
    for what in ("rendered", "exercised"):
        names = seen[what] - faulty
        covered = set().union(*(pairs_of(variants()[name]) for name in names)) if names else set()
        share = 100 * len(covered) // len(possible)
        terminalreporter.write_line(
            f"variants {what}: {len(names)} of {len(variants())}; "
            f"pairs of answers covered: {len(covered)} of {len(possible)} ({share} %)"
        )
    counts = ", ".join(f"{framework} {count}" for framework, count in sorted(conformance.items()))
    terminalreporter.write_line(f"conformance tests passed on running services: {counts or 0}")
    terminalreporter.write("".join(f"{note}\n" for note in sorted(notes)))
