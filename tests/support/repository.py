"""Clones of the template's repository with its releases as tags, and this tree as the newest."""

import shutil
import tempfile
from functools import cache
from pathlib import Path

from tools.questions import ROOT, Questions
from tools.releases import git, releases, unpack

TEMPLATE_PARTS = ["copier.yml", "manifest.yml", "hooks", "questions", "template", "licenses"]
THIS_TREE = "v99.99.99"


def clone_with_releases(destination: Path) -> Path:
    """Clone the repository, tag its releases, and commit this working tree on top of them.

    Raises:
        AssertionError: A release's commit is not here, as in a shallow clone.
    """
    git("clone", "--quiet", "--no-hardlinks", str(ROOT), str(destination), folder=ROOT)
    identify(destination)
    for tag in git("tag", "--list", folder=destination).split():
        git("tag", "--delete", tag, folder=destination)
    for release in releases():
        kind = git("cat-file", "-t", release.commit, folder=destination)
        assert kind == "commit", (
            f"release {release.version} needs the full history: git fetch --unshallow"
        )
        git("tag", release.tag, release.commit, folder=destination)
    for part in TEMPLATE_PARTS:
        remove(destination / part)
        source = ROOT / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, destination / part)
    git("add", "--all", folder=destination)
    git("commit", "--quiet", "--allow-empty", "--message", "This tree", folder=destination)
    git("tag", THIS_TREE, folder=destination)
    # As one gets it from a server. Copier clones it up to five times in an update, and copies loose
    # objects one by one.
    git("gc", "--quiet", folder=destination)
    return destination


@cache
def asked(template: Path, ref: str) -> frozenset[str]:
    """Return the names of the questions that a version of the template asks."""
    with tempfile.TemporaryDirectory(prefix="questions-") as folder:
        unpack(ref, Path(folder), "copier.yml", "questions", repository=template)
        return frozenset(question.name for question in Questions(Path(folder)).asked)


def identify(repository: Path) -> None:
    """Give a repository someone who commits."""
    git("config", "user.name", "A Developer", folder=repository)
    git("config", "user.email", "developer@example.com", folder=repository)


def remove(path: Path) -> None:
    """Remove a file or a folder."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
