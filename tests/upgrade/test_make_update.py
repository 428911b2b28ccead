"""`make update` in a service whose template has gone on."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from copier import run_copy

from tests.support.project import Project
from tests.support.repository import THIS_TREE, clone_with_releases, identify
from tools.releases import git

COPIER = str(Path(sys.executable).parent / "copier")
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
    command = "--silent", "update", f"UPDATE_ARGS={shlex.join(['--defaults', *arguments])}"
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
    assert "The update is merged and proven" in done.stdout
    assert "$ make lint typecheck test" in done.stdout
    assert f"what became of your edits:\n  {PAGE}: git show HEAD:./{PAGE}\n" in done.stdout
    assert "both are kept:\n  pyproject.toml\n" in done.stdout
    requirements = (service.path / "pyproject.toml").read_text()
    assert '"annotated-doc' in requirements
    assert '"annotated-types>=0.7",' in requirements
    assert '"annotated-types"' in (service.path / "uv.lock").read_text()
    assert (service.path / "docs" / "new.md").exists()
    assert git("ls-files", "--unmerged", folder=service.path) == ""


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
        questions = parts.parent / "questions"
        _replace(questions / "delivery.yml", "    GitLab CI: gitlab\n", "")
        _replace(questions / "rules.jinja", '"gitlab", ', "")

    evolve(drop_gitlab)

    done = service.run(COPIER, "update", "--defaults", check=False)

    assert template
    assert "Traceback" not in done.stdout
    assert done.returncode == 0, done.stdout
    assert service.answers["ci"] == "github"


def test_an_update_across_a_migration_says_what_trust_is_for(
    template: Path, service: Project, evolve: Evolve
) -> None:
    evolve(lambda _: _replace(template / "copier.yml", "- version: v0.4.0", f"- version: {NEXT}"))

    done = _update(service)

    assert done.returncode != 0
    assert "a script to run, which does what a merge cannot" in " ".join(done.stdout.split())
    assert 'make update UPDATE_ARGS="--trust"' in done.stdout
    assert git("status", "--porcelain", folder=service.path) == ""


@pytest.mark.parametrize(
    ("mine", "solved"),
    [
        ("from .openapi import DocumentedFastAPI, servers\nfrom .ours import OURS\n", True),
        ("from .openapi import DocumentedFastAPI\nfrom .ours import OURS\n", False),
    ],
    ids=["an import more", "an import less"],
)
def test_imports_side_by_side_are_kept_and_contradictions_are_not_guessed_away(
    service: Project, evolve: Evolve, mine: str, *, solved: bool
) -> None:
    before = "from .openapi import DocumentedFastAPI, servers\n"
    app = service.path / "src" / "my_service" / "app.py"
    _replace(app, before, mine)
    (app.parent / "ours.py").write_text('"""Ours."""\n\nOURS = 1\n')
    _commit(service.path, "Make it ours")

    def change(template: Path) -> None:
        path = template / "{{ on_fastapi }}" / "{{ package_path }}" / "app.py.jinja"
        _replace(path, before, "from .openapi import DocumentedFastAPI, servers, servers as them\n")

    evolve(change)

    done = _update(service)

    text = app.read_text()
    assert ("<<<<<<<" not in text) is solved, done.stdout
    assert "from .ours import OURS" in text
    assert "servers as them" in text


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
        app = parts / "{{ on_fastapi }}" / "{{ package_path }}" / "app.py.jinja"
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
