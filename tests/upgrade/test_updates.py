"""From each release to this tree, with a user's own edits on the way."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import yaml
from copier import run_copy, run_update
from copier.errors import UnsafeTemplateError
from packaging.version import Version

from tests.support.accounts import USERS, Visitor, make_admin, new_email
from tests.support.conformance import conforms, ready_to_be_judged
from tests.support.edits import GENTLE, ROUGH, Edit, commit, make_edits, mark_slice, package_of
from tests.support.project import Project
from tests.support.repository import THIS_TREE, asked, clone_with_releases, identify
from tests.support.servers import scratch_database
from tests.support.variants import variants
from tools.questions import ROOT, Answers, Questions
from tools.releases import Release, git, releases

# What a service has for itself after the first render (_skip_if_exists).
OWN = {"uv.lock", "custom.py", "roles.py", "slices.py", "additions.py"}
# The releases to which an update runs a migration of the template's (copier.yml), from any before.
MIGRATIONS = Version("0.4.0"), Version("1.0.0rc1"), Version("1.0.0rc3")
FIRST_WITHOUT_MIGRATION = MIGRATIONS[-1]
LAST_WITH_MIGRATION = [
    each for each in releases() if Version(each.version) < FIRST_WITHOUT_MIGRATION
][-1]
EXAMPLES = {
    path.stem: yaml.safe_load(path.read_text())
    for path in sorted((ROOT / "examples").glob("*.yml"))
}
TOGGLED: Mapping[str, tuple[object, object]] = {
    **{question.name: (True, False) for question in Questions().free if question.is_switch},
    "docs_ui": ("scalar", "redoc"),
}
# Each release with the default of each framework and with some of the others.
FROM_EACH_RELEASE = [
    (release, example)
    for number, release in enumerate(releases())
    for place, example in enumerate(EXAMPLES)
    if example in {"default", "freshbytes"} or (number + place) % 3 == 0
]
HISTORIES = 6
ITEMS = "/api/v1/items"
PATIENCE_SECONDS = 120
COPIER_UPDATE = str(Path(sys.executable).parent / "copier"), "update", "--defaults", "--trust"
# Here the template and the user changed lines side by side; `make update` solves the imports.
SIDE_BY_SIDE = {
    **{
        (release.version, "a middleware"): {"src/PACKAGE/app.py"}
        for release in releases()
        if Version(release.version) <= Version("1.0.0rc2")
    },
    # Beside what the user has added, Django requires django-filter since 1.0, and the kit requires
    # aiosmtplib since 1.0.0rc3.
    **{
        (release.version, "uv add"): {"pyproject.toml"}
        for release in releases()
        if Version("0.3.0") <= Version(release.version) <= Version("1.0.0rc2")
    },
    # The function that is imported from there has another name since 1.0.
    **{
        (release.version, "a renamed module"): {
            "packages/slipway-kit/src/slipway_kit/asgi/access_log.py",
            "src/PACKAGE/rate_limit.py"
            if release.version == "0.2.0"
            else "packages/slipway-kit/src/slipway_kit/rate_limiting.py",
        }
        for release in releases()
        if Version("0.2.0") <= Version(release.version) <= Version("0.6.0")
    },
}
# Of the contract, the users' own edits break two lines: their slice's tag has no description, and
# the load test is gone.
BROKEN_BY_EDITS = {
    "test_1_commands.py": "test_loadtest_runs_headless_and_exits_0_when_all_requests_succeed",
    "test_4_openapi.py": "test_each_operation_is_described_and_filed_under_a_tag_that_is",
}
SOLVE = """
import sys
sys.path.insert(0, sys.argv[1])
import update
update.solve_neighbours(update._unmerged())
"""
Record = Callable[[str, object], None]
Committed = Callable[[str, Answers], Project]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the template with every release."""
    return clone_with_releases(tmp_path_factory.mktemp("template") / "clone")


@pytest.fixture
def committed(template: Path, tmp_path: Path) -> Committed:
    """A function that renders a version and commits the service.

    Of the answers it is given those that the version asks for.
    """

    def render(ref: str, answers: Answers) -> Project:
        path = tmp_path / "service"
        data = {name: value for name, value in answers.items() if name in asked(template, ref)}
        run_copy(str(template), path, data=data, defaults=True, quiet=True, vcs_ref=ref)
        git("init", "--quiet", folder=path)
        identify(path)
        commit(path, "Render the service")
        return Project(path)

    return render


def _update(service: Project, answers: Answers | None = None, to: str = THIS_TREE) -> None:
    """Update as a user does, without trust where no migration asks for it."""
    before = Version(str(service.answers["_commit"]).removeprefix("v"))
    after = Version(to.removeprefix("v"))
    run_update(
        service.path,
        data=answers or {},
        defaults=True,
        overwrite=True,
        unsafe=any(before < migration <= after for migration in MIGRATIONS),
        quiet=True,
        vcs_ref=to,
    )


def _conflicts(service: Project) -> set[str]:
    """Return the files with conflicts. Copier ends with 0 in either case; git knows."""
    unmerged = git("ls-files", "--unmerged", folder=service.path).splitlines()
    marked = subprocess.run(
        ["git", "grep", "--untracked", "-lE", "^(<<<<<<<|>>>>>>>) "],
        cwd=service.path, check=False, capture_output=True, text=True,
    )  # fmt: skip
    rejected = [str(path.relative_to(service.path)) for path in service.path.rglob("*.rej")]
    return {line.partition("\t")[2] for line in unmerged} | {*marked.stdout.split(), *rejected}


def _solve_neighbours(service: Project) -> None:
    """Keep what only stands side by side, as `make update` does it."""
    service.run(sys.executable, "-B", "-c", SOLVE, str(ROOT / "template" / "scripts"))


def _files(service: Project) -> set[str]:
    shown = git("ls-files", "--cached", "--others", "--exclude-standard", folder=service.path)
    return {name for name in shown.split("\n") if (service.path / name).exists()}


@dataclass(frozen=True)
class Row:
    """What became of an edit in an update; as a text, a row of the table.

    Attributes:
        conflicts: The files of the edit that have conflicts.
        expected: Those of them where the template is known to have changed lines beside it.
    """

    release: str
    example: str
    edit: str
    conflicts: set[str]
    expected: set[str]
    is_kept: bool
    seconds: float

    @property
    def is_wrong(self) -> bool:
        """Whether it is lost, or in a conflict that need not be."""
        return not (self.is_kept and self.conflicts <= self.expected)

    def __str__(self) -> str:
        cells = (
            *(self.release, self.example, self.edit),
            *(len(self.conflicts), int(not self.is_kept), f"{self.seconds:.1f}"),
        )
        return " | ".join(map(str, cells))


def _updated(
    service: Project,
    release: Release,
    example: str,
    edits: list[Edit],
    touched: Mapping[str, set[str]],
) -> list[Row]:
    """Update a service, and return what became of each of the edits that it had."""
    started = time.monotonic()
    _update(service)
    seconds = time.monotonic() - started
    conflicts = _conflicts(service)
    package = str(service.answers["package_name"])
    rows = []
    for edit in edits:
        if edit.name in touched:
            beside = SIDE_BY_SIDE.get((release.version, edit.name), set())
            rows.append(
                Row(
                    *(release.version, example, edit.name),
                    conflicts=conflicts & touched[edit.name],
                    expected={path.replace("PACKAGE", package) for path in beside},
                    is_kept=edit.is_kept(service),
                    seconds=seconds,
                )
            )
    return rows


@pytest.mark.parametrize(
    ("release", "example"), FROM_EACH_RELEASE, ids=lambda value: getattr(value, "version", value)
)
def test_an_edited_service_takes_the_update_and_keeps_the_edits(
    committed: Committed,
    template: Path,
    release: Release,
    example: str,
    record_property: Record,
) -> None:
    answers = EXAMPLES[example]
    if answers.get("framework") == "django" and "framework" not in asked(template, release.tag):
        pytest.skip(f"{release.version} has no Django")
    service = committed(release.tag, answers)
    touched = make_edits(service, GENTLE)

    rows = _updated(service, release, example, GENTLE, touched)

    for row in rows:
        record_property("update", str(row))
    assert [row for row in rows if row.is_wrong] == []
    assert service.answers["_commit"] == THIS_TREE
    _solve_neighbours(service)
    assert _conflicts(service) == set()


# The longest way, and the shortest across the migration, on the other framework.
@pytest.mark.parametrize(
    ("release", "example"),
    [
        (releases()[0], "default"),
        (LAST_WITH_MIGRATION, "freshbytes"),
    ],
    ids=lambda value: getattr(value, "version", value),
)
def test_an_edited_service_passes_its_own_checks_and_the_contract_after_the_update(
    committed: Committed,
    release: Release,
    example: str,
    types_known: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    record_property: Record,
) -> None:
    service = committed(release.tag, EXAMPLES[example])
    make_edits(service, GENTLE)

    _update(service)

    _solve_neighbours(service)
    service.run("uv", "lock", "--quiet")
    service.make("install")
    service.make("lint", "typecheck", env={"MYPY_CACHE_DIR": str(types_known)})
    tested = service.make("test", check=False)
    counts = {what: int(n) for n, what in re.findall(r"(\d+) (passed|failed|error)", tested.stdout)}
    passed = counts.pop("passed", 0)
    record_property(
        "update proof", f"{release.version} | {example} | {passed} | {sum(counts.values())}"
    )
    assert tested.returncode == 0, tested.stdout
    left_out = [
        f"--deselect=tests/conformance/{file}::{name}" for file, name in BROKEN_BY_EDITS.items()
    ]
    with ExitStack() as stack:
        settings = {}
        if service.answers["database"] == "postgresql":
            server = request.getfixturevalue("postgresql_url")
            settings["DATABASE_URL"] = stack.enter_context(scratch_database(server))
        running, options = stack.enter_context(ready_to_be_judged(service, tmp_path, settings))
        assert conforms(running.url, service, [*options, *left_out])


@pytest.mark.parametrize("framework", ["fastapi", "django"])
def test_an_update_keeps_the_rows_and_the_logins_of_the_database(
    committed: Committed, framework: str, tmp_path: Path
) -> None:
    service = committed("v0.5.0", EXAMPLES["default"] | {"framework": framework})
    made = make_edits(service, GENTLE)
    service.install()
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path / 'service.db'}"}
    service.make("migrate", env=settings)
    email = new_email()
    make_admin(service, email, settings)

    _update(service)

    _solve_neighbours(service)
    assert [edit.name for edit in GENTLE if edit.name in made and not edit.is_kept(service)] == []
    service.run("uv", "lock", "--quiet")
    service.make("install")
    service.make("migrate", env=settings)
    if framework == "fastapi":  # its slice asks nobody, which the start takes for an oversight
        checked = service.make("check", check=False, env=settings)
        assert "GET /api/v1/greetings: is open to everyone" in checked.stdout
        mark_slice(service)
    with service.serving(settings) as running, httpx2.Client(base_url=running.url) as http:
        (user,) = Visitor(http, email).log_in().get(USERS).json()["items"]
    assert (user["email"], user["role"]) == (email, "admin")


@pytest.mark.parametrize(
    ("tag", "framework"), [("v0.5.0", "fastapi"), (releases()[-1].tag, "django")]
)
def test_an_edited_service_gains_jobs_by_an_answer(
    committed: Committed, postgresql_url: str, framework: str, tag: str
) -> None:
    service = committed(tag, EXAMPLES["default"] | {"framework": framework})
    made = make_edits(service, GENTLE)
    service.install()
    with scratch_database(postgresql_url) as url:
        settings = {"DATABASE_URL": url, "JOBS_WORKER": "true"}
        service.make("migrate", env=settings)
        email = new_email()
        make_admin(service, email, settings)

        _update(service, {"jobs": True})

        _solve_neighbours(service)
        lost = [edit.name for edit in GENTLE if edit.name in made and not edit.is_kept(service)]
        if framework == "fastapi":
            mark_slice(service)
        service.run("uv", "lock", "--quiet")
        service.make("install")
        service.make("migrate", env=settings)
        with service.serving(settings) as running, httpx2.Client(base_url=running.url) as http:
            created = Visitor(http, email).log_in().post(ITEMS, {"name": "Lamp"})
            deadline = time.monotonic() + PATIENCE_SECONDS
            while "There is a new item" not in running.output():
                assert time.monotonic() < deadline, "no worker ran the job of the new item"
                time.sleep(0.1)
    assert (lost, created.status_code) == ([], 201)


@pytest.mark.parametrize("release", releases(), ids=lambda release: release.version)
def test_what_a_user_took_away_stays_away(
    committed: Committed, release: Release, record_property: Record
) -> None:
    service = committed(release.tag, {})
    touched = make_edits(service, ROUGH)

    rows = _updated(service, release, "default", ROUGH, touched)

    for row in rows:
        record_property("update", str(row))
    assert [row for row in rows if row.is_wrong] == []


@pytest.mark.parametrize("release", releases(), ids=lambda release: release.version)
def test_an_edited_service_gains_accounts_by_an_answer(
    committed: Committed, release: Release
) -> None:
    service = committed(release.tag, {"auth": "none"})
    made = make_edits(service, GENTLE)
    touched = [edit for edit in GENTLE if edit.name in made]

    _update(service, {"auth": "jwt"})

    _solve_neighbours(service)
    assert _conflicts(service) == set()
    assert [edit.name for edit in touched if not edit.is_kept(service)] == []
    assert (service.path / "src" / "my_service" / "auth" / "endpoints.py").exists()


@pytest.mark.parametrize(
    "release",
    [each for each in releases() if Version(each.version) < Version("0.3.0")],
    ids=lambda release: release.version,
)
def test_an_update_locks_no_client_out(committed: Committed, release: Release) -> None:
    service = committed(release.tag, {})

    _update(service)

    assert service.answers["auth"] == "none"
    assert not (service.path / "src" / "my_service" / "auth").exists()


@pytest.mark.parametrize(("number", "name"), list(enumerate(variants())), ids=[*variants()])
def test_an_untouched_service_becomes_what_a_fresh_render_is(
    committed: Committed,
    template: Path,
    tmp_path: Path,
    number: int,
    name: str,
) -> None:
    # Each mix from one release, so that each release is seen with several.
    release, answers = releases()[number % len(releases())], variants()[name]
    if "framework" not in asked(template, release.tag):
        answers = answers | {"framework": "fastapi"}
    fresh = tmp_path / "fresh"
    run_copy(str(template), fresh, data=answers, defaults=True, quiet=True, vcs_ref=THIS_TREE)
    service = committed(release.tag, answers)

    _update(service, answers)

    assert _conflicts(service) == set()
    present = {str(p.relative_to(fresh)) for p in fresh.rglob("*") if p.is_file()}
    assert {file for file in _files(service) - present if Path(file).name not in OWN} == set()
    assert present <= _files(service)
    for file in sorted(present):
        if Path(file).name not in OWN:
            assert (service.path / file).read_bytes() == (fresh / file).read_bytes(), file


def test_a_feature_can_be_dropped_and_taken_back(committed: Committed) -> None:
    service = committed(THIS_TREE, {})
    items = service.path / "src" / "my_service" / "items"

    _update(service, {"example": False})
    assert not items.exists()
    assert "example: false" in (service.path / ".copier-answers.yml").read_text()
    commit(service.path, "No items")
    _update(service, {"example": True})

    assert (items / "endpoints.py").exists()
    commit(service.path, "Items again")
    assert git("diff", "HEAD~2", "--stat", folder=service.path) == ""


@pytest.mark.parametrize("question", TOGGLED)
def test_a_toggled_feature_leaves_what_a_fresh_render_has(
    committed: Committed, template: Path, tmp_path: Path, question: str
) -> None:
    one, other = TOGGLED[question]
    service = committed(THIS_TREE, {question: one})
    fresh = tmp_path / "fresh"
    wanted = {question: other}
    run_copy(str(template), fresh, data=wanted, defaults=True, quiet=True, vcs_ref=THIS_TREE)

    _update(service, wanted)
    present = {str(p.relative_to(fresh)) for p in fresh.rglob("*") if p.is_file()}
    assert _files(service) == present
    different = [
        file
        for file in present
        if Path(file).name not in OWN
        and (service.path / file).read_bytes() != (fresh / file).read_bytes()
    ]
    assert different == []
    commit(service.path, "Toggle")
    _update(service, {question: one})

    commit(service.path, "Toggle back")
    assert git("diff", "HEAD~2", "--stat", folder=service.path) == ""


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_a_random_history_loses_no_edit(committed: Committed, template: Path, seed: int) -> None:
    """Releases, answers, edits and toggles in an order that the seed decides."""
    dice = random.Random(seed)  # noqa: S311 -- a history that can be told again
    known_releases = releases()
    path = sorted(dice.sample(range(len(known_releases)), dice.randint(1, len(known_releases))))
    stops = [*(known_releases[at].tag for at in path), THIS_TREE]
    answers = {name: dice.choice(values) for name, values in TOGGLED.items()}
    answers["database"] = dice.choice(["postgresql", "sqlite", "none"])
    service = committed(stops[0], {"example": answers["database"] != "none", **answers})
    touching = {name for _, name in SIDE_BY_SIDE}
    edits = [edit for edit in dice.sample(GENTLE, len(GENTLE)) if edit.name not in touching]
    told, made = [f"{stops[0]} {answers}"], []
    for stop in stops[1:]:
        batch = [edits.pop() for _ in range(min(len(edits), dice.randint(1, 5)))]
        touched = make_edits(service, batch)
        made += [edit for edit in batch if edit.name in touched]
        # What an answer takes away goes with the edits in it, so the image stays.
        known = [each for each in TOGGLED if each in asked(template, stop) and each != "docker"]
        toggled = dice.choice(known)
        wanted = {toggled: dice.choice(TOGGLED[toggled])}
        told.append(f"{[edit.name for edit in batch]}, to {stop} with {wanted}")
        _update(service, wanted, to=stop)
        lost = [edit.name for edit in made if not _kept(edit, service, stop)]
        assert lost == [], told
        _solve_neighbours(service)
        assert _conflicts(service) == set(), told
        commit(service.path, f"Update to {stop}")


def test_an_edit_beside_a_line_that_an_answer_takes_away_is_a_conflict_and_not_lost(
    committed: Committed,
) -> None:
    service = committed(THIS_TREE, {})
    app = service.path / "src" / "my_service" / "app.py"
    beside = "        app.include_router(csp_reports)\n"
    assert beside in app.read_text()
    app.write_text(app.read_text().replace(beside, f'{beside}    app.summary = "Ours"\n'))
    commit(service.path, "Ours")

    _update(service, {"metrics": False})

    assert _conflicts(service) == {"src/my_service/app.py"}
    assert '\n    app.summary = "Ours"\n' in app.read_text()


def _kept(edit: Edit, service: Project, stop: str) -> bool:
    if edit.name == "a line in a renamed file" and Version(stop) < FIRST_WITHOUT_MIGRATION:
        return "# Ours: the outermost." in (package_of(service) / "layers.py").read_text()
    return edit.is_kept(service)


def test_an_update_across_a_migration_asks_for_trust_and_touches_nothing_before(
    committed: Committed,
) -> None:
    service = committed(LAST_WITH_MIGRATION.tag, {})

    with pytest.raises(UnsafeTemplateError, match="migrations"):
        run_update(
            service.path, defaults=True, overwrite=True, unsafe=False, quiet=True, vcs_ref=THIS_TREE
        )

    assert git("status", "--porcelain", folder=service.path) == ""


def test_a_second_update_right_after_changes_nothing(committed: Committed) -> None:
    service = committed(LAST_WITH_MIGRATION.tag, {})
    make_edits(service, GENTLE)
    _update(service)
    _solve_neighbours(service)
    commit(service.path, "Update")

    _update(service)

    assert git("status", "--porcelain", folder=service.path) == ""


@pytest.mark.parametrize(("before", "after"), [("fastapi", "django"), ("django", "fastapi")])
def test_an_untouched_service_can_be_moved_to_the_other_framework(
    committed: Committed,
    template: Path,
    tmp_path: Path,
    before: str,
    after: str,
) -> None:
    service, fresh = committed(THIS_TREE, {"framework": before}), tmp_path / "fresh"
    wanted = {"framework": after}
    run_copy(str(template), fresh, data=wanted, defaults=True, quiet=True, vcs_ref=THIS_TREE)
    # As docs/updating.md says: what is the service's own names things of the old framework.
    for own in (service.path / "uv.lock", service.path / "src" / "my_service" / "custom.py"):
        own.unlink()
    commit(service.path, "Leave the old framework")

    _update(service, wanted)

    assert _conflicts(service) == set()
    present = {str(p.relative_to(fresh)) for p in fresh.rglob("*") if p.is_file()}
    assert _files(service) == present
    for name in present:
        assert (service.path / name).read_bytes() == (fresh / name).read_bytes(), name


def test_the_documented_command_updates_and_says_what_comes_next(
    committed: Committed, template: Path
) -> None:
    service = committed(releases()[0].tag, {})

    done = subprocess.run(
        COPIER_UPDATE,
        cwd=service.path, check=False, capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert template
    assert "my-service is updated. Next:" in done.stderr
    assert service.answers["_commit"] == THIS_TREE


def test_the_oldest_release_still_installs_with_its_own_lock_and_serves(
    committed: Committed,
) -> None:
    service = committed(releases()[0].tag, {})

    service.make("install")
    service.make("migrate")

    assert git("status", "--porcelain", folder=service.path) == ""
    with service.serving() as running:
        assert httpx2.get(f"{running.url}/health/ready").status_code == 200
        assert httpx2.get(f"{running.url}/api/v1/items").status_code == 200


def test_an_update_that_is_killed_half_way_is_taken_back_and_done_again(
    committed: Committed,
) -> None:
    before = LAST_WITH_MIGRATION.tag
    service = committed(before, {})
    make_edits(service, GENTLE)
    head, mine = git("rev-parse", "HEAD", folder=service.path), _files(service)
    look = "--no-optional-locks", "status", "--porcelain"

    with subprocess.Popen(
        COPIER_UPDATE, cwd=service.path, stderr=subprocess.PIPE, start_new_session=True
    ) as update:
        while update.poll() is None and not git(*look, folder=service.path):
            pass
        os.killpg(update.pid, signal.SIGKILL)  # and the git that it waits for
    assert update.returncode == -signal.SIGKILL, "it was over before it was seen"
    # As docs/updating.md says.
    git("reset", "--hard", folder=service.path)
    git("clean", "--force", "-d", folder=service.path)

    assert (git("rev-parse", "HEAD", folder=service.path), _files(service)) == (head, mine)
    assert [edit.name for edit in GENTLE if not _kept(edit, service, before)] == []
    _update(service)
    _solve_neighbours(service)
    assert _conflicts(service) == set()
    assert [edit.name for edit in GENTLE if not edit.is_kept(service)] == []


def test_a_dirty_tree_is_refused_and_left_as_it_is(committed: Committed) -> None:
    service = committed(THIS_TREE, {})
    readme = service.path / "README.md"
    readme.write_text("mine\n")

    done = subprocess.run(
        [str(Path(sys.executable).parent / "copier"), "update", "--defaults"],
        cwd=service.path, check=False, capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 1
    assert "commit or stash your local changes" in done.stderr
    assert "Traceback" not in done.stderr
    assert readme.read_text() == "mine\n"
    assert git("status", "--porcelain", folder=service.path) == "M README.md"
