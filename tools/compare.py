"""Compare what two commits of the template render, byte for byte.

    python -m tools.compare BASE [OTHER]

Renders every variant of the pairwise set and every example from both commits (OTHER is HEAD unless
it is named), and compares names, contents, modes and links. The exit status is 1 where anything
differs. The variants are those of this checkout, and both commits must ask the same questions.
"""

import argparse
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from copier import run_copy

from tests.support import quick_copier
from tests.support.variants import variants
from tools.questions import Answers, Questions
from tools.releases import git, unpack

_SOURCE = b"_src_path: "
"""Begins the one line that names the folder of the template."""


def differences(base: Path, other: Path, answers: Answers) -> list[str]:
    """Return how the renders of two copies of the template differ, a line for each path."""
    with tempfile.TemporaryDirectory(prefix="compare-") as folder:
        renders = []
        for number, template in enumerate((base, other)):
            destination = Path(folder) / str(number)
            run_copy(str(template), destination, data=answers, defaults=True, quiet=True)
            renders.append(dict(_entries(destination)))
    before, after = renders
    return [
        f"{path}: {_described(before.get(path), after.get(path))}"
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    ]


def _entries(folder: Path) -> Iterator[tuple[str, tuple[str, bytes]]]:
    """Yield each path with its mode and its content; a folder's is empty, a link's its target."""
    for path in folder.rglob("*"):
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            content = str(path.readlink()).encode()
        elif stat.S_ISDIR(status.st_mode):
            content = b""
        else:
            content = path.read_bytes()
        if path.name == ".copier-answers.yml":
            lines = content.splitlines(keepends=True)
            content = b"".join(line for line in lines if not line.startswith(_SOURCE))
        yield str(path.relative_to(folder)), (stat.filemode(status.st_mode), content)


def _described(before: tuple[str, bytes] | None, after: tuple[str, bytes] | None) -> str:
    if before is None:
        return "is new"
    if after is None:
        return "is gone"
    if before[0] != after[0]:
        return f"was {before[0]}, is {after[0]}"
    pairs = zip(before[1].splitlines(), after[1].splitlines(), strict=False)
    line = next((number for number, (old, new) in enumerate(pairs, 1) if old != new), None)
    return "ends differently" if line is None else f"differs from line {line} on"


def _commit(name: str) -> str:
    try:
        return git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    except subprocess.CalledProcessError:
        raise argparse.ArgumentTypeError(f"{name!r} is no commit of this repository") from None


def main(arguments: list[str]) -> int:
    """Compare, and print what differs."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("base", type=_commit, help="the commit to compare with")
    parser.add_argument("other", type=_commit, nargs="?", default="HEAD", help="HEAD if left out")
    named = parser.parse_args(arguments)
    commits = named.base, named.other
    quick_copier.hurry()
    examples = {f"example {each['project_name']}": each for each in Questions().examples()}
    mixes = variants() | examples
    differing = 0
    with tempfile.TemporaryDirectory(prefix="templates-") as folder:
        base, other = (unpack(commit, Path(folder) / commit) for commit in commits)
        for name, answers in mixes.items():
            found = differences(base, other, answers)
            differing += bool(found)
            print(f"{name}: {len(found)} differences", *found, sep="\n    ")
    print(f"{len(mixes)} mixes rendered from {named.base} and {named.other}; {differing} differ")
    return min(differing, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
