"""Releases: the map, and the command that writes it."""

import subprocess
from pathlib import Path

import pytest

from tests.support.repository import identify
from tools import release as command
from tools.questions import ROOT
from tools.releases import Release, git, notes, releases

CHANGELOG = """# Changelog

## 0.2.0 - 2026-12-01

Second things.

## 0.1.0 - 2026-11-21

First things.
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository that is ready for its first release."""
    git("init", "--quiet", folder=tmp_path)
    identify(tmp_path)
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / ".gitignore").write_text("/build/\n")
    git("add", "--all", folder=tmp_path)
    git("commit", "--quiet", "--message", "Start", folder=tmp_path)
    _prove(tmp_path)
    return tmp_path


def _prove(repository: Path) -> None:
    """Write what `.ci/run all` writes at its end."""
    (repository / "build").mkdir(exist_ok=True)
    tree = git("rev-parse", "HEAD^{tree}", folder=repository)
    (repository / "build" / "proven").write_text(f"{tree}\n")


def test_a_release_is_recorded_and_the_released_commit_is_tagged(repository: Path) -> None:
    head = git("rev-parse", "HEAD", folder=repository)

    command.main(["0.1.0"], repository)

    (recorded,) = releases(repository / "releases.toml")
    assert (recorded.version, recorded.commit) == ("0.1.0", head)
    assert git("rev-parse", "v0.1.0^{commit}", folder=repository) == head
    assert git("status", "--porcelain", folder=repository) == ""


def test_releases_are_in_the_order_of_versions(repository: Path) -> None:
    command.main(["0.1.0"], repository)
    _prove(repository)
    command.main(["0.2.0"], repository)

    assert [each.version for each in releases(repository / "releases.toml")] == ["0.1.0", "0.2.0"]


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("", "is not a version"),
        ("next", "is not a version"),
        ("0.3.0", "CHANGELOG.md says nothing of 0.3.0"),
    ],
)
def test_a_release_that_is_not_ready_is_refused(repository: Path, version: str, words: str) -> None:
    with pytest.raises(SystemExit, match=words):
        command.main([version], repository)

    assert not (repository / "releases.toml").exists()


def test_a_version_that_is_not_later_is_refused(repository: Path) -> None:
    command.main(["0.2.0"], repository)

    with pytest.raises(SystemExit, match="name a later version"):
        command.main(["0.1.0"], repository)


def test_a_dirty_tree_is_refused(repository: Path) -> None:
    (repository / "new").write_text("x")

    with pytest.raises(SystemExit, match="uncommitted changes"):
        command.main(["0.1.0"], repository)


def test_a_commit_on_which_not_all_tests_have_passed_is_refused(repository: Path) -> None:
    (repository / "new").write_text("x")
    git("add", "--all", folder=repository)
    git("commit", "--quiet", "--message", "Change", folder=repository)

    with pytest.raises(SystemExit, match="not all tests have passed on this commit"):
        command.main(["0.1.0"], repository)

    assert not (repository / "releases.toml").exists()


def test_a_version_whose_tag_is_there_already_is_refused(repository: Path) -> None:
    git("tag", "v0.1.0", folder=repository)

    with pytest.raises(SystemExit, match=r"there is a tag v0\.1\.0 already"):
        command.main(["0.1.0"], repository)

    assert not (repository / "releases.toml").exists()


def test_a_release_that_git_refuses_leaves_nothing_and_says_gits_reason(repository: Path) -> None:
    hook = repository / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    head = git("rev-parse", "HEAD", folder=repository)

    with pytest.raises(SystemExit, match="no release: git says: not today"):
        command.main(["0.1.0"], repository)

    assert git("status", "--porcelain", folder=repository) == ""
    assert git("rev-parse", "HEAD", folder=repository) == head
    assert git("tag", folder=repository) == ""


def test_notes_of_a_version_before_it_are_not_its_own() -> None:
    assert notes("## 0.5.0-rc1\n\nNot yet.\n", "0.5.0") == ""


@pytest.mark.parametrize("release", releases(), ids=lambda each: each.version)
def test_each_release_has_notes_and_its_commit_is_an_ancestor_of_this_tree(
    release: Release,
) -> None:
    assert notes((ROOT / "CHANGELOG.md").read_text(), release.version)
    subprocess.run(
        ["git", "merge-base", "--is-ancestor", release.commit, "HEAD"], cwd=ROOT, check=True
    )


def test_there_is_a_release() -> None:
    assert releases()
