"""Carry a service's edits over to files that the template has renamed.

Copier does not know of renames: it removes the old file, with all that was edited in it, and
renders the new one. This takes the old file as it was committed, the same file as the service's
release rendered it, and the new one, and merges the three as git merges a renamed file.

Copier calls it after an update, in the service's folder, with VERSION_FROM in the environment
(copier.yml, _migrations). It reads git and Copier's answers, renders the old files into a temporary
folder, and writes no other file than the new ones. By hand, in the service's folder and before the
commit, from a clone of the template and with the Python that has Copier:

    export VERSION_FROM=v0.3.0
    uvx --from copier python CLONE/hooks/renamed_files.py .copier-answers.yml OLD=NEW ...

It runs on whatever Python Copier runs on, 3.10 and later.
"""

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml

LABELS = ("before updating", "last update", "after updating")  # as Copier names the sides
_TEMPLATE = Path(__file__).resolve().parents[1]
_RENDERED = "template/"
_USAGE = "usage: VERSION_FROM=RELEASE renamed_files.py ANSWERS_FILE OLD=NEW ..."
_CONFLICTS_AT_MOST = 127
_STAGES = (2, 1, 3)


class HookError(Exception):
    """The edits cannot be carried over; the message says what to do."""


@dataclass(frozen=True)
class Rename:
    """A file of the template that has another name now; both are relative to the service."""

    old: str
    new: str


def main(arguments: Sequence[str]) -> int:
    """Carry the edits over, and say on standard error what became of each file."""
    version = os.environ.get("VERSION_FROM")
    answers_file, *pairs = arguments or [""]
    if version is None or not pairs or not all("=" in pair for pair in pairs):
        print(_USAGE, file=sys.stderr)
        return 2
    renames = [Rename(*pair.split("=", 1)) for pair in pairs]
    try:
        with tempfile.TemporaryDirectory(prefix="renamed-files-") as folder:
            answers = _answers(answers_file)
            concerned = [rename for rename in renames if _is_concerned(rename)]
            if concerned:
                rendered = _render_release(version, answers, concerned, Path(folder))
                for rename in concerned:
                    _say(_settle(rename, rendered))
    except HookError as error:
        print(f"renamed files: {error}", file=sys.stderr)
        return 1
    return 0


def _is_concerned(rename: Rename) -> bool:
    return _committed(rename.old) is not None or Path(rename.new).exists()


def _answers(file: str) -> dict[str, object]:
    """Return the answers that the service had before the update.

    Raises:
        HookError: There are none.
    """
    committed = _committed(file)
    if committed is None:
        raise HookError(f"git has no {file} here: run this in the service's own folder")
    answers: dict[str, object] = yaml.safe_load(committed) or {}
    return {name: value for name, value in answers.items() if not name.startswith("_")}


def _render_release(
    version: str, answers: dict[str, object], renames: Iterable[Rename], folder: Path
) -> Path:
    """Render files of the release that the service came from, with the answers that it had.

    Only those: to render all of a release takes as long as half of an update.
    """
    data, source, rendered = (folder / name for name in ("answers.yml", "source", "rendered"))
    data.write_text(yaml.safe_dump(answers))
    _take_out(version, tuple({PurePosixPath(rename.old).name for rename in renames}), source)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "copier", "copy", "--quiet", "--defaults"),
            *("--data-file", str(data), str(source), str(rendered)),
        ],
        check=False,
        capture_output=True,
        text=True,
        env=_without_git(),
    )
    if done.returncode:
        raise _cannot_render(version, done.stderr)
    return rendered


def _take_out(version: str, names: tuple[str, ...], folder: Path) -> None:
    """Write what the template was at a release, without files that cannot get one of the names."""
    index = Path(f"{folder}.index")
    try:
        _git_of_template("read-tree", "--", version, index=index)
        paths = [
            path
            for path in _git_of_template("ls-files", "-z", index=index).decode().split("\0")
            if not path.startswith(_RENDERED)
            or PurePosixPath(path).name.startswith(names)
            or "{" in PurePosixPath(path).name
        ]
        _git_of_template(
            *("checkout-index", f"--prefix={folder}/", "-z", "--stdin"),
            index=index,
            given="\0".join(filter(None, paths)).encode(),
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace")
        raise _cannot_render(version, f"{_TEMPLATE}: {said}") from error


def _cannot_render(version: str, why: str) -> HookError:
    return HookError(
        f"{version} cannot be rendered, so that edits cannot be told from its own lines; "
        f"git reset --hard && git clean --force -d takes the update back:\n{why}"
    )


def _without_git() -> dict[str, str]:
    """Return the environment without what would lead git to another repository."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}


def _git_of_template(*arguments: str, index: Path, given: bytes = b"") -> bytes:
    return subprocess.run(
        ["git", "-C", str(_TEMPLATE), *arguments],
        check=True,
        capture_output=True,
        input=given,
        env=_without_git() | {"GIT_INDEX_FILE": str(index)},
    ).stdout


def _settle(rename: Rename, rendered: Path) -> str:
    """Do what has to be done for a renamed file, and say it."""
    mine = _committed(rename.old)
    return _leave_deleted(rename, rendered) if mine is None else _carry_over(rename, mine, rendered)


def _leave_deleted(rename: Rename, rendered: Path) -> str:
    """Remove the new file where the old one had been deleted on purpose, but not a library's."""
    new = Path(rename.new)
    if not (rendered / rename.old).exists():
        return ""  # the release had none
    if _committed(rename.new) is not None:
        return ""  # it is there already, after an earlier update that skipped this
    if new.parts[0] == "packages":
        return f"{rename.old}: was deleted or moved; {new} stays, since its library needs it"
    new.unlink()
    return (
        f"{rename.old}: was deleted or moved, so {rename.new} is left out; "
        "what imports it has to import what you have in its place"
    )


def _carry_over(rename: Rename, mine: bytes, rendered: Path) -> str:
    if os.path.lexists(rename.old):
        return _say_what_stays(rename) or _move_part(rename, mine, rendered)
    before, new = rendered / rename.old, Path(rename.new)
    base = before.read_bytes() if before.exists() else b""
    is_executable = _committed_mode(rename.old) & stat.S_IXUSR
    if mine == base and not is_executable:
        return f"{rename.old}: is {rename.new} now"
    if reason := _reason_against(rename):
        return reason
    if is_executable:
        new.chmod(new.stat().st_mode | 0o111)
    return _merge(rename, mine, base)


def _say_what_stays(rename: Rename) -> str:
    if Path(rename.old).is_symlink():
        return f"{rename.old}: is a link of yours and stays; {rename.new} is the template's"
    return ""  # it is not the template's any more, and Copier has left it alone


def _move_part(rename: Rename, mine: bytes, rendered: Path) -> str:
    """Carry edits over where a part of a file has moved, and the update has conflicts about it."""
    before, new = rendered / rename.old, Path(rename.new)
    if not (before.exists() and new.exists() and _is_unmerged(rename.old)):
        return ""
    merged = _merged(mine, before.read_bytes(), new.read_bytes())
    if merged.returncode:
        return f"{rename.old}: has conflicts; a part of it is {rename.new} now"
    new.write_bytes(merged.stdout)
    _git("checkout", "--theirs", "--", rename.old)
    _git("add", "--", rename.old)
    return f"{rename.old}: the lines that you had changed are in {rename.new} now"


def _reason_against(rename: Rename) -> str:
    """Say why the edits cannot go into the new file; nothing where they can."""
    is_unmerged = _is_unmerged(rename.new)
    if not Path(rename.new).exists():
        return _left_in_git(rename, f"{rename.new} is not in this service")
    if _committed(rename.new) is not None:
        marked = ", and has the template's lines between conflict markers" if is_unmerged else ""
        return _left_in_git(rename, f"{rename.new} was yours already{marked}")
    return f"{rename.new}: has conflicts already; solve them" if is_unmerged else ""


def _left_in_git(rename: Rename, why: str) -> str:
    return f"{rename.old}: is gone, and {why}; your version: git show HEAD:{rename.old}"


def _merge(rename: Rename, mine: bytes, base: bytes) -> str:
    new = Path(rename.new)
    sides = (mine, base, new.read_bytes())
    merged = _merged(*sides)
    if merged.returncode > _CONFLICTS_AT_MOST:
        raise HookError(f"{rename.new}: {merged.stderr.decode(errors='replace').strip()}")
    new.write_bytes(merged.stdout)
    if merged.returncode == 0:
        return f"{rename.old}: is {rename.new} now, with your edits"
    _mark_unmerged(rename, sides)
    return f"{rename.old}: is {rename.new} now, and both sides changed the same lines there"


def _merged(*sides: bytes) -> "subprocess.CompletedProcess[bytes]":
    """Merge three versions of a file, as git does: mine, the one before, the new one."""
    with tempfile.TemporaryDirectory(prefix="renamed-files-") as folder:
        paths = [Path(folder) / label for label in LABELS]
        for path, content in zip(paths, sides, strict=True):
            path.write_bytes(content)
        labels = [word for label in LABELS for word in ("-L", label)]
        return subprocess.run(
            ["git", "merge-file", "-p", *labels, *map(str, paths)],
            check=False,
            capture_output=True,
        )


def _is_unmerged(path: str) -> bool:
    return bool(_git("ls-files", "--unmerged", "--", path))


def _mark_unmerged(rename: Rename, sides: Sequence[bytes]) -> None:
    """Tell git that the file has conflicts, as a merge does it and as Copier does it."""
    path = _git("rev-parse", "--show-prefix").decode().strip() + rename.new
    mode = _committed_mode(rename.old)
    lines = [f"0 {'0' * 40}\t{path}"]
    for stage, content in zip(_STAGES, sides, strict=True):
        known = _git("hash-object", "-w", "--stdin", given=content).decode().strip()
        lines.append(f"{mode:o} {known} {stage}\t{path}")
    _git("update-index", "--index-info", given="\n".join(lines).encode())


def _committed(path: str) -> bytes | None:
    """Return a file as it was committed before the update; None where there was none."""
    done = subprocess.run(["git", "show", f"HEAD:./{path}"], check=False, capture_output=True)
    return done.stdout if done.returncode == 0 else None


def _committed_mode(path: str) -> int:
    """Return what kind of file was committed, and whether it may be run."""
    return int(_git("ls-tree", "HEAD", "--", f"./{path}").partition(b" ")[0], 8)


def _git(*arguments: str, given: bytes = b"") -> bytes:
    # What is asked for are names as they stand, and not every command knows others.
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_PATHSPECS")}
    return subprocess.run(
        ["git", *arguments], check=True, capture_output=True, input=given, env=environment
    ).stdout


def _say(what: str) -> None:
    if what:
        print(what, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
