"""Record a release: check it, write releases.toml, commit that, and tag the released commit."""

import subprocess
import sys
from pathlib import Path

from packaging.version import InvalidVersion, Version

from tools.questions import ROOT
from tools.releases import Release, git, notes, releases


class ReleaseError(Exception):
    """The release cannot be made; the message says what to do."""


def check(root: Path, version: str) -> None:
    """Check that a version can be released from the checkout.

    Raises:
        ReleaseError: It cannot.
    """
    try:
        parsed = Version(version)
    except InvalidVersion:
        raise ReleaseError(
            f"{version or 'nothing'} is not a version: name one like 0.2.0"
        ) from None
    if git("status", "--porcelain", folder=root):
        raise ReleaseError("there are uncommitted changes: commit or stash them first")
    known = releases(root / "releases.toml")
    if known and parsed <= Version(known[-1].version):
        raise ReleaseError(f"{known[-1].version} is released: name a later version")
    if git("tag", "--list", f"v{version}", folder=root):
        raise ReleaseError(f"there is a tag v{version} already: see where it is, and delete it")
    proven = root / "build" / "proven"
    if not (
        proven.exists()
        and proven.read_text().strip() == git("rev-parse", "HEAD^{tree}", folder=root)
    ):
        raise ReleaseError("not all tests have passed on this commit: run `.ci/run all` first")
    if not notes((root / "CHANGELOG.md").read_text(), version):
        raise ReleaseError(f"CHANGELOG.md says nothing of {version}: add a section `## {version}`")


def record(root: Path, version: str) -> Release:
    """Write the release into releases.toml, commit that, and tag the commit that is released.

    Raises:
        ReleaseError: Git does not, as when a hook refuses; all is as it was before.
    """
    release = Release(version, git("rev-parse", "HEAD", folder=root))
    known = [*releases(root / "releases.toml"), release]
    lines = ["# Written by `make release`: the commit of each release.\n\n[releases]\n"]
    lines += [f'"{each.version}" = "{each.commit}"\n' for each in known]
    (root / "releases.toml").write_text("".join(lines))
    try:
        git("tag", "--annotate", release.tag, release.commit, "--message", version, folder=root)
        git("add", "releases.toml", folder=root)
        git("commit", "--quiet", "--message", f"Record release {version}", folder=root)
    except subprocess.CalledProcessError as error:
        git("reset", "--hard", "--quiet", release.commit, folder=root)
        if git("tag", "--list", release.tag, folder=root):
            git("tag", "--delete", release.tag, folder=root)
        raise ReleaseError(f"git says: {error.stderr.strip() or error}") from None
    return release


def main(arguments: list[str], root: Path = ROOT) -> None:
    """Release the version that is named."""
    version = arguments[0] if arguments else ""
    try:
        check(root, version)
        release = record(root, version)
    except ReleaseError as error:
        sys.exit(f"no release: {error}")
    print(f"{release.version} is {release.commit}. Publish it: git push --follow-tags")


if __name__ == "__main__":
    main(sys.argv[1:])
