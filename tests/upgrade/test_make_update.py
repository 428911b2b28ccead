"""`make update` in a service whose template has gone on."""

import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from copier import run_copy

from tests.support import quick_copier
from tests.support.django_recipes import PACKAGES, write_recipes
from tests.support.edits import package_of
from tests.support.project import Project
from tests.support.repository import THIS_TREE, clone_with_releases, identify
from tests.support.servers import asking_sqlite
from tools.releases import git

COPIER = quick_copier.command()
NEXT = "v100.0.0"
# As few parts as there can be: what is proven here is the update.
SMALL = {
    "database": "none",
    "redis": False,
    "sentry": False,
    "metrics": False,
    "docs_ui": "none",
}
PAGE = "docs/limits-and-cache.md"
Evolve = Callable[[Callable[[Path], object]], None]


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, f"{path} has no {old!r}"
    path.write_text(text.replace(old, new, 1))


def _commit(path: Path, message: str) -> None:
    git("add", "--all", folder=path)
    git("commit", "--quiet", "--message", message, folder=path)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the template with every release."""
    return clone_with_releases(tmp_path_factory.mktemp("template") / "clone")


@pytest.fixture
def template(released: Path, tmp_path: Path) -> Path:
    """A copy of it that may go on."""
    return Path(shutil.copytree(released, tmp_path / "template"))


@pytest.fixture
def service(template: Path, tmp_path: Path) -> Project:
    """A committed service of this tree."""
    path = tmp_path / "service"
    run_copy(str(template), path, data=SMALL, defaults=True, quiet=True, vcs_ref=THIS_TREE)
    git("init", "--quiet", folder=path)
    identify(path)
    _commit(path, "Render the service")
    return Project(path)


@pytest.fixture
def evolve(template: Path) -> Evolve:
    """Release another version of the template, changed by a function of its folder."""

    def release(change: Callable[[Path], object]) -> None:
        change(template / "template")
        _commit(template, "Go on")
        git("tag", NEXT, folder=template)

    return release


def _update(service: Project, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = "--silent", "update", f"UPDATE_ARGS={shlex.join(arguments)}"
    return service.make(*command, check=False, env={"COPIER": COPIER} | env)


def _require(requirement: str) -> Callable[[Path], None]:
    """Return what lets the template require something, as its first requirement."""

    def change(template: Path) -> None:
        _replace(
            template / "pyproject.toml.jinja",
            "dependencies = [\n",
            f"dependencies = [\n  {requirement}\n",
        )

    return change


def test_an_update_is_merged_proven_and_reported(service: Project, evolve: Evolve) -> None:
    service.run("uv", "add", "--quiet", "--no-sync", "annotated-doc")
    with (service.path / PAGE).open("a") as page:
        page.write("\nOur own note.\n")
    _commit(service.path, "Make it ours")

    def change(template: Path) -> None:
        _require('"annotated-types>=0.7",')(template)
        (template / f"{PAGE}.jinja").unlink()
        (template / "docs" / "new.md").write_text("# New\n")

    evolve(change)

    done = _update(service)

    assert done.returncode == 0, done.stdout
    assert "The update is merged and proven" in done.stdout, done.stdout
    assert "$ make lint typecheck test" in done.stdout
    assert f"what became of your edits:\n  {PAGE}: git show HEAD:./{PAGE}\n" in done.stdout
    assert "both are kept:\n  pyproject.toml\n" in done.stdout
    requirements = (service.path / "pyproject.toml").read_text()
    assert '"annotated-doc' in requirements
    assert '"annotated-types>=0.7",' in requirements
    assert '"annotated-types"' in (service.path / "uv.lock").read_text()
    assert (service.path / "docs" / "new.md").exists()
    assert git("ls-files", "--unmerged", folder=service.path) == ""


def test_an_app_and_six_packages_of_others_outlive_an_update(
    template: Path, tmp_path: Path, evolve: Evolve
) -> None:
    path = tmp_path / "django"
    answers = SMALL | {"framework": "django", "database": "sqlite"}
    run_copy(str(template), path, data=answers, defaults=True, quiet=True, vcs_ref=THIS_TREE)
    git("init", "--quiet", folder=path)
    identify(path)
    service = Project(path)
    service.install()
    write_recipes(service, ftp_port=1)
    service.run("uv", "add", "--quiet", *PACKAGES)
    _commit(path, "Add orders and six packages")
    package = package_of(service)
    own = {
        file: file.read_text() for file in [package / "custom.py", *package.glob("recipes/**/*.py")]
    }
    evolve(_require('"annotated-types>=0.7",'))

    done = _update(service)

    assert git("ls-files", "--unmerged", folder=path) == "", done.stdout
    assert {file: file.read_text() for file in own} == own
    requirements = (path / "pyproject.toml").read_text()
    assert [each for each in PACKAGES if f'"{each}>=' not in requirements] == []
    assert '"annotated-types>=0.7",' in requirements
    service.make("install", "migrate")
    assert "fit for development" in service.make("check").stdout


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [('"annotated-doc==0.0.3"', '"annotated-doc>=0.0.4",'), ('"annotated-doc"', "Annotated = 1")],
    ids=["one requirement", "no list"],
)
def test_what_both_sides_set_is_left_to_the_user(
    service: Project, evolve: Evolve, mine: str, theirs: str
) -> None:
    _replace(
        service.path / "pyproject.toml", "dependencies = [\n", f"dependencies = [\n  {mine},\n"
    )
    _replace(service.path / "README.md", "## Start\n", "## Begin\n")
    _commit(service.path, "Make it ours")

    def change(template: Path) -> None:
        _require(theirs)(template)
        _replace(template / "README.md.jinja", "## Start\n", "## First steps\n")

    evolve(change)
    lock = (service.path / "uv.lock").read_bytes()

    done = _update(service)

    assert done.returncode != 0
    assert "the choice is yours:\n  README.md\n  pyproject.toml\n" in done.stdout
    assert "$ uv lock" not in done.stdout
    assert (service.path / "uv.lock").read_bytes() == lock
    for words in ("## Begin", "## First steps"):
        assert words in (service.path / "README.md").read_text()


def test_a_file_that_only_the_template_worked_on_goes_without_a_word(
    service: Project, evolve: Evolve
) -> None:
    _replace(service.path / "README.md", "## Start\n", "## Begin\n")
    _commit(service.path, "Make it ours")

    def change(template: Path) -> None:
        (template / f"{PAGE}.jinja").unlink()
        _replace(template / "README.md.jinja", "## Start\n", "## First steps\n")

    evolve(change)

    done = _update(service)

    assert not (service.path / PAGE).exists()
    assert "which you had edited" not in done.stdout


def test_a_service_of_the_newest_release_has_nothing_to_update(service: Project) -> None:
    done = _update(service)

    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "There is nothing to update.")
    assert "is updated" not in done.stdout


def test_a_tree_with_changes_is_refused_and_left_as_it_is(service: Project) -> None:
    readme = service.path / "README.md"
    readme.write_text("mine\n")

    done = _update(service)

    assert done.returncode != 0
    assert "commit or stash your changes first" in done.stdout
    assert "M README.md" in done.stdout
    assert readme.read_text() == "mine\n"


def test_a_folder_that_git_does_not_know_is_refused(service: Project) -> None:
    shutil.rmtree(service.path / ".git")

    done = _update(service, GIT_CEILING_DIRECTORIES=str(service.path.parent))

    assert done.returncode != 0
    assert "git does not know this folder" in done.stdout
    assert "Traceback" not in done.stdout


def test_an_update_that_stops_half_way_says_how_to_take_it_back(
    service: Project, tmp_path: Path
) -> None:
    stopping = tmp_path / "copier"
    stopping.write_text("#!/bin/sh\necho half > README.md; echo new > new.md; exit 130\n")
    stopping.chmod(0o755)

    done = _update(service, COPIER=str(stopping))

    assert done.returncode != 0
    (command,) = [line for line in done.stdout.splitlines() if line.startswith("  git reset")]
    subprocess.run(["sh", "-c", command], cwd=service.path, check=True, capture_output=True)
    assert git("status", "--porcelain", folder=service.path) == ""


def test_an_update_that_stops_half_way_keeps_what_git_has_no_copy_of(
    service: Project, tmp_path: Path
) -> None:
    (service.path / ".env").write_text("GREETING=ours\n")
    stopping = tmp_path / "copier"
    stopping.write_text("#!/bin/sh\necho half > README.md; echo half > .env; exit 130\n")
    stopping.chmod(0o755)

    done = _update(service, COPIER=str(stopping), TMPDIR=str(tmp_path))

    assert "so they were before:" in done.stdout
    (kept,) = [line.strip() for line in done.stdout.splitlines() if line.endswith("/.env")]
    assert Path(kept).read_text() == "GREETING=ours\n"


@pytest.mark.parametrize("copier", ["no-such-command", shlex.join(["sh", "-c", "exit 3"])])
def test_a_copier_that_does_not_run_changes_nothing(service: Project, copier: str) -> None:
    done = _update(service, COPIER=copier)

    assert done.returncode != 0
    assert "update: " in done.stdout
    assert "Traceback" not in done.stdout
    assert git("status", "--porcelain", folder=service.path) == ""


def test_an_answer_that_a_release_drops_takes_the_default(
    template: Path, service: Project, evolve: Evolve
) -> None:
    service.run(COPIER, "update", "--quiet", "--defaults", "--data", "ci=gitlab")
    _commit(service.path, "GitLab")

    def drop_gitlab(parts: Path) -> None:
        delivery = parts.parent / "questions" / "delivery.yml"
        _replace(delivery, "    GitLab CI: gitlab\n", "")

    evolve(drop_gitlab)

    done = service.run(COPIER, "update", "--defaults", check=False)

    assert template
    assert "Traceback" not in done.stdout
    assert done.returncode == 0, done.stdout
    assert service.answers["ci"] == "github"


def test_an_update_across_a_migration_says_what_trust_is_for(
    template: Path, service: Project, evolve: Evolve
) -> None:
    next_release = f"- version: {NEXT}"
    evolve(lambda _: _replace(template / "copier.yml", "- version: v1.0.0rc1", next_release))

    done = _update(service, "--data", "redis=true")

    assert done.returncode != 0
    assert "a script to run, which does what a merge cannot" in " ".join(done.stdout.split())
    assert "make update UPDATE_ARGS='--data redis=true --trust'" in done.stdout
    assert git("status", "--porcelain", folder=service.path) == ""


@pytest.mark.parametrize(
    ("mine", "solved"),
    [
        ("from .openapi import TAGS, DocumentedFastAPI, servers\nfrom .ours import OURS\n", True),
        ("from .openapi import TAGS, DocumentedFastAPI\nfrom .ours import OURS\n", False),
    ],
    ids=["an import more", "an import less"],
)
def test_imports_side_by_side_are_kept_and_contradictions_are_not_guessed_away(
    service: Project, evolve: Evolve, mine: str, *, solved: bool
) -> None:
    before = "from .openapi import TAGS, DocumentedFastAPI, servers"
    app = service.path / "src" / "my_service" / "app.py"
    _replace(app, f"{before}\n", mine)
    (app.parent / "ours.py").write_text('"""Ours."""\n\nOURS = 1\n')
    _commit(service.path, "Make it ours")

    def change(template: Path) -> None:
        path = template / "{{ on_fastapi }}" / "src" / "{{ package_name }}" / "app.py.jinja"
        _replace(path, before, f"{before}, servers as them")

    evolve(change)

    done = _update(service)

    text = app.read_text()
    assert ("<<<<<<<" not in text) is solved, done.stdout
    assert "from .ours import OURS" in text
    assert "servers as them" in text


def test_a_conflict_within_a_text_is_a_conflict_though_its_marks_are_sound_python(
    service: Project, evolve: Evolve
) -> None:
    line = "    no client can make keys up.\n"
    module = Path("packages/slipway-kit/src/slipway_kit/rate_limiting.py")
    _replace(service.path / module, line, "    ours.\n")
    _commit(service.path, "Make it ours")
    evolve(lambda template: _replace(template / module, line, "    theirs.\n"))

    done = _update(service)

    assert done.returncode != 0
    assert f"the choice is yours:\n  {module}\n" in done.stdout
    assert git("ls-files", "--unmerged", folder=service.path) != ""


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [("", '"orjson>=3.13.1",'), ('"orjson>=3.12",', "")],
    ids=["taken away and raised", "changed and taken away"],
)
def test_a_requirement_that_both_sides_changed_is_left_to_the_user(
    service: Project, evolve: Evolve, mine: str, theirs: str
) -> None:
    pyproject = service.path / "pyproject.toml"
    (line,) = [each for each in pyproject.read_text().splitlines() if '"orjson' in each]
    _replace(pyproject, f"{line}\n", f"  {mine}\n" if mine else "")
    _commit(service.path, "Make it ours")
    evolve(
        lambda template: _replace(
            template / "pyproject.toml.jinja", f"{line}\n", f"  {theirs}\n" if theirs else ""
        )
    )

    done = _update(service)

    assert done.returncode != 0
    assert "the choice is yours:\n  pyproject.toml\n" in done.stdout


def test_other_lists_than_requirements_are_not_merged_by_guess(
    service: Project, evolve: Evolve
) -> None:
    line = '  "ANN401", # Any is said where a library offers nothing better\n'
    _replace(service.path / "pyproject.toml", line, '  "ANN401", # ours\n')
    _commit(service.path, "Make it ours")
    theirs = '  "ANN401", # theirs\n'
    evolve(lambda template: _replace(template / "pyproject.toml.jinja", line, theirs))

    done = _update(service)

    assert done.returncode != 0
    assert "the choice is yours:\n  pyproject.toml\n" in done.stdout


@pytest.mark.parametrize("history", ["one commit", "shallow"])
def test_edits_of_a_file_that_the_template_dropped_are_reported_whatever_git_remembers(
    service: Project, evolve: Evolve, tmp_path: Path, history: str
) -> None:
    with (service.path / PAGE).open("a") as page:
        page.write("\nOur own note.\n")
    if history == "one commit":
        git("commit", "--all", "--amend", "--no-edit", "--quiet", folder=service.path)
    else:
        _commit(service.path, "Make it ours")
    if history == "shallow":
        clone = tmp_path / "shallow"
        url = service.path.as_uri()
        git("clone", "--quiet", "--depth=1", url, str(clone), folder=tmp_path)
        identify(clone)
        service = Project(clone)

    def change(template: Path) -> None:
        (template / f"{PAGE}.jinja").unlink()
        _replace(template / "docs" / "secrets.md.jinja", "# ", "# The ")

    evolve(change)

    done = _update(service)

    assert f"what became of your edits:\n  {PAGE}: git show HEAD:./{PAGE}\n" in done.stdout


def test_what_git_has_no_copy_of_is_as_it_was_and_reported_where_the_template_has_it_too(
    service: Project, evolve: Evolve
) -> None:
    git("rm", "--quiet", "--cached", PAGE, folder=service.path)
    with (service.path / ".gitignore").open("a") as ignored:
        ignored.write(f"docs/plan.md\n{PAGE}\nservice.log\n")
    _commit(service.path, "Keep these to ourselves")
    for name in ("docs/plan.md", PAGE, "service.log"):
        (service.path / name).write_text("ours\n")
    evolve(lambda template: (template / "docs" / "plan.md").write_text("# Theirs\n"))

    done = _update(service)

    assert f"they are as they were:\n  {PAGE}\n  docs/plan.md\n" in done.stdout
    for name in ("docs/plan.md", PAGE):
        assert (service.path / name).read_text() == "ours\n"


def test_what_a_tool_writes_meanwhile_is_no_file_of_the_template(
    service: Project, evolve: Evolve, tmp_path: Path
) -> None:
    evolve(lambda template: (template / "docs" / "new.md").write_text("# New\n"))
    busy = tmp_path / "copier"
    cache = "src/my_service/__pycache__"
    busy.write_text(
        f'#!/bin/sh\nmkdir -p {cache}\n[ "$1" = copy ] || echo x > {cache}/new.pyc\n'
        f'exec {shlex.quote(COPIER)} "$@"\n'
    )
    busy.chmod(0o755)

    done = _update(service, COPIER=str(busy))

    assert done.returncode == 0, done.stdout
    assert "although .gitignore hides them" not in done.stdout


@pytest.mark.parametrize("hidden_by", ["an outer .gitignore", "a setting of git"])
def test_a_service_that_git_keeps_no_copy_of_is_refused_and_left_as_it_is(
    template: Path, evolve: Evolve, tmp_path: Path, hidden_by: str
) -> None:
    outer = tmp_path / "outer"
    path = outer / "service"
    run_copy(str(template), path, data=SMALL, defaults=True, quiet=True, vcs_ref=THIS_TREE)
    git("init", "--quiet", folder=outer)
    identify(outer)
    (outer / "README.md").write_text("Ours\n")
    if hidden_by == "an outer .gitignore":
        (outer / ".gitignore").write_text("service/\n")
        _commit(outer, "Begin")
    else:
        git("config", "status.showUntrackedFiles", "no", folder=outer)
        git("add", "README.md", folder=outer)
        git("commit", "--quiet", "--message", "Begin", folder=outer)
    evolve(lambda parts: (parts / "docs" / "new.md").write_text("# New\n"))
    before = sorted(path.rglob("*"))

    done = _update(Project(path))

    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    assert sorted(path.rglob("*")) == before


def test_a_rejected_part_of_an_earlier_update_is_named_before_anything_is_done(
    service: Project,
) -> None:
    with (service.path / ".git" / "info" / "exclude").open("a") as exclude:
        exclude.write("*.rej\n")
    (service.path / "old.rej").write_text("left\n")

    done = _update(service)

    assert done.returncode != 0
    assert "take them away first:\nold.rej" in done.stdout


def test_a_pretended_update_says_nothing_of_a_result(service: Project, evolve: Evolve) -> None:
    evolve(lambda template: (template / "docs" / "new.md").write_text("# New\n"))

    done = _update(service, "--pretend")

    assert done.returncode == 0
    assert "There is nothing to update." not in done.stdout
    assert git("status", "--porcelain", folder=service.path) == ""


def test_a_service_in_a_folder_of_a_repository_is_updated_like_any_other(
    template: Path, tmp_path: Path, evolve: Evolve
) -> None:
    repository = tmp_path / "repository"
    path = repository / "services" / "api"
    run_copy(str(template), path, data=SMALL, defaults=True, quiet=True, vcs_ref=THIS_TREE)
    git("init", "--quiet", folder=repository)
    identify(repository)
    _commit(repository, "Render the service")
    service = Project(path)
    _replace(path / "src" / "my_service" / "app.py", "    return app\n", "    return app  # ours\n")
    with (path / PAGE).open("a") as page:
        page.write("\nOur own note.\n")
    _commit(repository, "Make it ours")

    def change(parts: Path) -> None:
        (parts / f"{PAGE}.jinja").unlink()
        app = parts / "{{ on_fastapi }}" / "src" / "{{ package_name }}" / "app.py.jinja"
        _replace(app, "    return app\n", "    return app  # theirs\n")

    evolve(change)

    done = _update(service)

    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    assert f"{PAGE}: git show HEAD:./{PAGE}" in done.stdout
    assert "the choice is yours:\n  src/my_service/app.py\n" in done.stdout
    assert "Our own note." in git("show", f"HEAD:./{PAGE}", folder=path)


def test_new_files_that_gitignore_hides_are_named_and_committed_all_the_same(
    service: Project, evolve: Evolve
) -> None:
    with (service.path / ".gitignore").open("a") as ignored:
        ignored.write("docs/n*\n")
    _commit(service.path, "Make it ours")
    (service.path / "docs" / "notes").write_text("ours\n")
    evolve(lambda template: (template / "docs" / "new.md").write_text("# New\n"))

    done = _update(service)

    assert done.returncode == 0, done.stdout
    assert "although .gitignore hides them:\n  docs/new.md\n" in done.stdout
    git("add", "--all", folder=service.path)
    git("commit", "--quiet", "--message", "Update", folder=service.path)
    assert git("show", "HEAD:docs/new.md", folder=service.path) == "# New"
    assert "docs/notes" not in git("ls-files", folder=service.path)


def test_an_update_to_a_commit_between_releases_says_that_edits_are_not_carried_over(
    service: Project, template: Path
) -> None:
    with (service.path / PAGE).open("a") as page:
        page.write("\nOur own note.\n")
    _commit(service.path, "Make it ours")
    git("mv", f"template/{PAGE}.jinja", "template/docs/limits.md.jinja", folder=template)
    _commit(template, "Go on")

    done = _update(service, "--vcs-ref", "HEAD")

    assert done.returncode == 0, done.stdout
    assert "is no release, and Copier runs the script of none before it has its tag" in done.stdout
    assert f"your edits were not carried over:\n  {PAGE}: git show HEAD:./{PAGE}\n" in done.stdout


def test_an_update_of_a_template_without_tags_says_so_too(template: Path, tmp_path: Path) -> None:
    git("tag", "--delete", *git("tag", folder=template).split(), folder=template)
    path = tmp_path / "service"
    run_copy(str(template), path, data=SMALL, defaults=True, quiet=True, vcs_ref="HEAD")
    git("init", "--quiet", folder=path)
    identify(path)
    _commit(path, "Render the service")
    with (path / PAGE).open("a") as page:
        page.write("\nOur own note.\n")
    _commit(path, "Make it ours")
    git("mv", f"template/{PAGE}.jinja", "template/docs/limits.md.jinja", folder=template)
    _commit(template, "Go on")

    done = _update(Project(path), "--vcs-ref", "HEAD")

    assert done.returncode == 0, done.stdout
    assert "is no release, and Copier runs the script of none before it has its tag" in done.stdout


def test_new_files_of_an_update_are_shown_and_committed_by_what_it_says(
    service: Project, evolve: Evolve
) -> None:
    evolve(lambda template: (template / "docs" / "new.md").write_text("# New\n"))

    done = _update(service)

    assert done.returncode == 0, done.stdout
    assert "docs/new.md" in done.stdout
    assert "git add --all && git commit" in done.stdout
    git("commit", "--all", "--quiet", "--message", "Update", folder=service.path)
    assert git("status", "--porcelain", folder=service.path) == ""


def test_an_update_asks_nothing_and_names_the_questions_that_are_new(
    service: Project, evolve: Evolve
) -> None:
    def ask(template: Path) -> None:
        features = template.parent / "questions" / "features.yml"
        features.write_text(
            f"{features.read_text()}\ngreeting:\n  type: bool\n  help: Greet?\n  default: true\n"
        )
        # A conflict, so that the update ends before its proof.
        _replace(template / "README.md.jinja", "## Start\n", "## First steps\n")

    _replace(service.path / "README.md", "## Start\n", "## Begin\n")
    _commit(service.path, "Make it ours")
    evolve(ask)

    done = _update(service)

    assert "Greet?" not in done.stdout
    assert 'UPDATE_ARGS="--data NAME=ANSWER"\n  greeting: true\n' in done.stdout, done.stdout


def test_conflicts_in_examples_of_the_environment_are_left_to_make_env(
    service: Project, evolve: Evolve
) -> None:
    custom = service.path / "src" / "my_service" / "custom.py"
    field = 'most_orders: Annotated[int, Field(description="Orders.", ge=1)] = 10'
    _replace(custom, '= 10\n    """\n', f'= 10\n    """\n\n    {field}\n')
    _replace(custom, "TYPE_CHECKING, Any", "TYPE_CHECKING, Annotated, Any")
    _replace(custom, "from starlette", "from pydantic import Field\nfrom starlette")
    service.make("install", "env")
    _commit(service.path, "Make it ours")
    heading = "# --- The service\n"
    evolve(lambda template: _replace(template / ".env.example.jinja", heading, "# --- Theirs\n"))

    done = _update(service)

    assert "$ make env" in done.stdout
    assert "The update is merged and proven" in done.stdout, done.stdout
    text = (service.path / ".env.example").read_text()
    assert "MOST_ORDERS=10\n\n# --- The service\n" in text


ORDERS = '''"""Orders of our own."""

import sqlalchemy as sa
from alembic import op

revision = "ours1"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("orders", sa.Column("id", sa.Integer(), primary_key=True))


def downgrade() -> None:
    op.drop_table("orders")
'''
ORDER_MODEL = '''"""Our tables."""

from sqlalchemy.orm import Mapped, mapped_column

from ..db.models import Base


class Order(Base):
    """An order."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
'''


def _grow_orders(service: Project) -> None:
    """Add a table whose migration stands on the example's."""
    package = service.path / "src" / "my_service"
    (package / "db/migrations/versions/ours1_orders.py").write_text(ORDERS)
    (package / "orders").mkdir()
    (package / "orders/__init__.py").write_text('"""Orders."""\n')
    (package / "orders/models.py").write_text(ORDER_MODEL)
    _replace(
        package / "db/tables.py",
        "from .models import Base\n",
        "from ..orders import models as orders\nfrom .models import Base\n",
    )
    _replace(package / "db/tables.py", '"items", ', '"items", "orders", ')


@pytest.mark.parametrize("release", ["v0.6.0", THIS_TREE])
def test_the_examples_migrations_outlive_the_example_that_databases_were_made_with(
    template: Path, tmp_path: Path, release: str
) -> None:
    service = Project(tmp_path / "service")
    data = {**SMALL, "database": "sqlite", "e2e": False, "docker": False}
    run_copy(str(template), service.path, data=data, defaults=True, quiet=True, vcs_ref=release)
    git("init", "--quiet", folder=service.path)
    identify(service.path)
    _grow_orders(service)
    _commit(service.path, "Make it ours")
    service.make("install", "migrate")
    old, new = f"sqlite:///{service.path}/service.db", f"sqlite:///{tmp_path}/new.db"
    ask = asking_sqlite(service.path / "service.db")
    ask("INSERT INTO orders (id) VALUES (7)")
    if release != THIS_TREE:
        service.run(COPIER, "update", "--quiet", "--defaults", "--trust")
        _commit(service.path, "Update")

    done = _update(service, "--data", "example=false")

    assert not (service.path / "src/my_service/items/models.py").exists()
    assert "0001_items.py" in done.stdout
    # Both sides changed the list of tables there; this is what a user makes of it.
    tables = service.path / "src/my_service/db/tables.py"
    tables.write_text(git("show", "HEAD:src/my_service/db/tables.py", folder=service.path))
    _replace(tables, "from ..items import models as items\n", "")
    _replace(tables, '"items", ', "")
    service.run("uv", "lock", "--quiet")
    service.make("install")
    for url in (old, new):
        service.make("migrate", env={"DATABASE_URL": url})
    # The items are still there: the service's next migration takes them away, where it is wanted.
    assert ask("SELECT count(*) FROM items") == [(0,)]
    service.make("migration", "m=drop the example")
    for url in (old, new):
        service.make("migrate", env={"DATABASE_URL": url})
        checked = service.run("uv", "run", "alembic", "check", env={"DATABASE_URL": url})
        assert "No new upgrade operations" in checked.stdout
    assert ask("SELECT id FROM orders") == [(7,)]
    assert ask("SELECT name FROM sqlite_master WHERE name = 'items'") == []
    service.make("format", "lint")
