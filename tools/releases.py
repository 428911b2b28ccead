"""The template's releases: which commit each is, without the need for a pushed tag."""

import re
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from tools.questions import ROOT

RELEASES = ROOT / "releases.toml"


@dataclass(frozen=True)
class Release:
    """A version and its commit."""

    version: str
    commit: str

    @property
    def tag(self) -> str:
        """The tag that Copier reads it from."""
        return f"v{self.version}"


def releases(file: Path = RELEASES) -> list[Release]:
    """Return all releases, the oldest first."""
    if not file.exists():
        return []
    entries = tomllib.loads(file.read_text()).get("releases", {})
    return sorted(
        (Release(version, commit) for version, commit in entries.items()),
        key=lambda release: Version(release.version),
    )


def notes(changelog: str, version: str) -> str:
    """Return what a changelog says of a version, without its heading."""
    section = re.search(
        rf"^## {re.escape(version)}(?: .*?)?\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL
    )
    return section[1].strip() if section else ""


def unpack(commit: str, folder: Path, *paths: str, repository: Path = ROOT) -> Path:
    """Write a commit's files into a folder that is no repository; return the folder.

    By tar, which refuses paths outside of it: Debian 12's Python has no filters of tarfile.
    """
    folder.mkdir(exist_ok=True)
    archive = ["git", "archive", "--format=tar", commit, *paths]
    packed = subprocess.run(archive, cwd=repository, check=True, capture_output=True).stdout
    subprocess.run(["tar", "--extract", f"--directory={folder}"], input=packed, check=True)
    return folder


def git(*arguments: str, folder: Path = ROOT) -> str:
    """Run git and return what it prints.

    Raises:
        subprocess.CalledProcessError: git failed; its own words are in stderr.
    """
    return subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()
