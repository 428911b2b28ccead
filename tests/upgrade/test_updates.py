"""From each release to this tree, with a user's own edits on the way."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from copier import run_copy, run_update

from tests.support.project import Project
from tests.support.repository import THIS_TREE, clone_with_releases, identify
from tools.questions import Answers
from tools.releases import Release, git, releases

OWN_SLICE = '''"""Greetings: a slice of the user's own."""

from fastapi import APIRouter

router = APIRouter(prefix="/greetings", tags=["greetings"])


@router.get("", summary="Greet")
async def greet() -> str:
    """Say hello."""
    return "hello"
'''
OWN_ROUTERS = '''"""Our own slices."""

from .greetings.endpoints import router as greetings

ROUTERS = (greetings,)
'''
OWN_TEST = """from fastapi.testclient import TestClient


def test_the_service_greets(client: TestClient) -> None:
    assert client.get("/api/v1/greetings").json() == "hello"
"""


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, f"{path} has no {old!r}"
    path.write_text(text.replace(old, new, 1))


@dataclass(frozen=True)
class Edits:
    """What a user does to a service, and how to see that it is still there."""

    service: Project
    requirement: str = "anyio"

    @property
    def package(self) -> Path:
        """The folder of the service's code."""
        return self.service.path / "src" / str(self.service.answers["package_name"])

    def make(self) -> None:
        """Add a slice, a setting's default, a command, a dependency, words; delete a file."""
        root = self.service.path
        (self.package / "greetings").mkdir()
        (self.package / "greetings" / "__init__.py").write_text('"""Greetings."""\n')
        (self.package / "greetings" / "endpoints.py").write_text(OWN_SLICE)
        (root / "tests" / "test_greetings.py").write_text(OWN_TEST)
        (self.package / "slices.py").write_text(OWN_ROUTERS)
        _replace(
            self.package / "app.py",
            "    errors.install(app)\n",
            '    errors.install(app)\n    app.summary = "Ours"\n',
        )
        _replace(self.package / "settings.py", '"127.0.0.1"', '"127.0.0.2"')
        _replace(root / ".env.example", "HOST=127.0.0.1", "HOST=127.0.0.2")
        with (root / "README.md").open("a") as readme:
            readme.write("\n## Our own notes\n\nCall us before you deploy on a Friday.\n")
        (root / "local.mk").write_text(".PHONY: hello\nhello: ## say hello\n\t@echo hello\n")
        (root / "tests" / "load" / "locustfile.py").unlink()
        self.service.run("uv", "add", "--quiet", "--no-sync", self.requirement)
        self.service.run(str(Path(sys.executable).parent / "ruff"), "check", "--fix", "--quiet")

    def assert_kept(self) -> None:
        """Look for every edit."""
        root = self.service.path
        assert (self.package / "greetings" / "endpoints.py").read_text() == OWN_SLICE
        assert (self.package / "slices.py").read_text() == OWN_ROUTERS
        assert 'app.summary = "Ours"' in (self.package / "app.py").read_text()
        assert '"127.0.0.2"' in (self.package / "settings.py").read_text()
        assert "Call us before you deploy on a Friday." in (root / "README.md").read_text()
        assert self.service.make("--silent", "hello").stdout == "hello\n"
        assert "make hello" in self.service.make("--silent").stdout
        assert not (root / "tests" / "load" / "locustfile.py").exists()
        assert f'"{self.requirement}' in (root / "pyproject.toml").read_text()
        assert f'name = "{self.requirement}", specifier' in (root / "uv.lock").read_text()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the template with every release."""
    return clone_with_releases(tmp_path_factory.mktemp("template") / "clone")


@pytest.fixture
def committed(template: Path, tmp_path: Path) -> Callable[[str, Answers], Project]:
    """A function that renders a version and commits the service."""

    def render(ref: str, answers: Answers) -> Project:
        path = tmp_path / "service"
        run_copy(str(template), path, data=answers, defaults=True, quiet=True, vcs_ref=ref)
        git("init", "--quiet", folder=path)
        identify(path)
        _commit(path, "Render the service")
        return Project(path)

    return render


def _commit(path: Path, message: str) -> None:
    git("add", "--all", folder=path)
    git("commit", "--quiet", "--message", message, folder=path)


def _update(service: Project, answers: Answers | None = None) -> None:
    """Update as a user does, without trust."""
    run_update(
        service.path,
        data=answers or {},
        defaults=True,
        overwrite=True,
        unsafe=False,
        quiet=True,
        vcs_ref=THIS_TREE,
    )


def _assert_no_conflict(service: Project) -> None:
    # Copier ends with 0 in either case; git knows.
    assert git("ls-files", "--unmerged", folder=service.path) == ""
    assert list(service.path.rglob("*.rej")) == []
    marked = subprocess.run(
        ["git", "grep", "-lE", "^(<<<<<<<|>>>>>>>) "],
        cwd=service.path, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert marked.stdout == ""


@pytest.mark.parametrize("release", releases(), ids=lambda release: release.version)
@pytest.mark.parametrize(
    "answers",
    [{}, {"database": "none"}, {"database": "sqlite", "example": False}],
    ids=["default", "no_database", "sqlite"],
)
def test_an_edited_service_takes_the_update_and_keeps_the_edits(
    committed: Callable[[str, Answers], Project],
    release: Release,
    answers: Answers,
    types_known: Path,
) -> None:
    service = committed(release.tag, answers)
    edits = Edits(service)
    edits.make()
    _commit(service.path, "Make it ours")

    _update(service)

    _assert_no_conflict(service)
    edits.assert_kept()
    assert service.answers["_commit"] == THIS_TREE
    if answers:
        return  # nothing of theirs differs from the matrix's variants but the edits, which are kept
    service.run("uv", "lock", "--quiet")
    service.make("install")
    service.make("lint", "typecheck", "test", env={"MYPY_CACHE_DIR": str(types_known)})


@pytest.mark.parametrize("release", releases(), ids=lambda release: release.version)
def test_an_edited_service_takes_accounts_up_when_it_is_told_to(
    committed: Callable[[str, Answers], Project], release: Release
) -> None:
    service = committed(release.tag, {})
    # One that does not stand where the template adds its own: there a merge has to ask.
    edits = Edits(service, requirement="tzdata")
    edits.make()
    _commit(service.path, "Make it ours")

    _update(service, {"auth": "jwt"})

    _assert_no_conflict(service)
    edits.assert_kept()
    assert (edits.package / "auth" / "endpoints.py").exists()


@pytest.mark.parametrize("release", releases(), ids=lambda release: release.version)
def test_an_update_locks_no_client_out(
    committed: Callable[[str, Answers], Project], release: Release
) -> None:
    service = committed(release.tag, {})

    _update(service)

    assert service.answers["auth"] == "none"
    assert not (service.path / "src" / "my_service" / "auth").exists()


@pytest.mark.parametrize("release", releases(), ids=lambda release: release.version)
@pytest.mark.parametrize("auth", ["none", "jwt"])
def test_an_untouched_service_becomes_what_a_fresh_render_is(
    committed: Callable[[str, Answers], Project],
    template: Path,
    release: Release,
    tmp_path: Path,
    auth: str,
) -> None:
    service, answers = committed(release.tag, {}), {"auth": auth}
    fresh = tmp_path / "fresh"
    run_copy(str(template), fresh, data=answers, defaults=True, quiet=True, vcs_ref=THIS_TREE)

    _update(service, answers)

    for path in sorted(fresh.rglob("*")):
        # These are the service's own after the first render (_skip_if_exists).
        if path.is_file() and path.name not in {"uv.lock", "slices.py"}:
            relative = path.relative_to(fresh)
            assert (service.path / relative).read_bytes() == path.read_bytes(), relative
    tracked = git("ls-files", "--cached", "--others", "--exclude-standard", folder=service.path)
    present = {name for name in tracked.split("\n") if (service.path / name).exists()}
    assert present == {str(p.relative_to(fresh)) for p in fresh.rglob("*") if p.is_file()}


def test_a_feature_can_be_dropped_and_taken_back(
    committed: Callable[[str, Answers], Project],
) -> None:
    service = committed(THIS_TREE, {})
    items = service.path / "src" / "my_service" / "items"

    _update(service, {"example": False})
    assert not items.exists()
    assert "example: false" in (service.path / ".copier-answers.yml").read_text()
    _commit(service.path, "No items")
    _update(service, {"example": True})

    assert (items / "endpoints.py").exists()
    _commit(service.path, "Items again")
    assert git("diff", "HEAD~2", "--stat", folder=service.path) == ""


@pytest.mark.parametrize(("before", "after"), [("fastapi", "django"), ("django", "fastapi")])
def test_an_untouched_service_can_be_moved_to_the_other_framework(
    committed: Callable[[str, Answers], Project],
    template: Path,
    tmp_path: Path,
    before: str,
    after: str,
) -> None:
    service, fresh = committed(THIS_TREE, {"framework": before}), tmp_path / "fresh"
    wanted = {"framework": after}
    run_copy(str(template), fresh, data=wanted, defaults=True, quiet=True, vcs_ref=THIS_TREE)
    # As docs/updating.md says: what is the service's own names things of the old framework.
    for own in (service.path / "uv.lock", service.path / "src" / "my_service" / "slices.py"):
        own.unlink()
    _commit(service.path, "Leave the old framework")

    _update(service, wanted)

    _assert_no_conflict(service)
    shown = git("ls-files", "--cached", "--others", "--exclude-standard", folder=service.path)
    present = {name for name in shown.split("\n") if (service.path / name).exists()}
    assert present == {str(p.relative_to(fresh)) for p in fresh.rglob("*") if p.is_file()}
    for name in present:
        assert (service.path / name).read_bytes() == (fresh / name).read_bytes(), name


def test_the_documented_command_updates_and_says_what_comes_next(
    committed: Callable[[str, Answers], Project], template: Path
) -> None:
    service = committed(releases()[0].tag, {})

    done = subprocess.run(
        [str(Path(sys.executable).parent / "copier"), "update", "--defaults"],
        cwd=service.path, check=False, capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert template
    assert "my-service is updated. Next:" in done.stderr
    assert service.answers["_commit"] == THIS_TREE


def test_a_dirty_tree_is_refused_and_left_as_it_is(
    committed: Callable[[str, Answers], Project],
) -> None:
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
