"""Bring in what the template has improved since, prove the result, and say what to look at.

Copier merges, and ends with 0 even where it could not. So this looks for what it leaves behind:
conflicts, edited files that the template has removed, and new ones that .gitignore hides.

Usage: make update [UPDATE_ARGS="--data python_version=3.14"]
"""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

_COPIER = "uvx --from copier>=9.19,<10 copier"
_PROOF = (("uv", "lock"), ("make", "install"), ("make", "lint", "typecheck", "test"))
_ANSWERS = ".copier-answers.yml"
_UNTRUSTED = 4
_BETWEEN_RELEASES = re.compile(r"(^|-\d+-g)[0-9a-f]{7,}$")
# A file of another encoding, or one that a side does not have.
_NO_TEXT = (UnicodeDecodeError, subprocess.CalledProcessError)
_CONFLICT = re.compile(
    r"^<{7} .*\n((?:.*\n)*?)\|{7} .*\n((?:.*\n)*?)={7}\n((?:.*\n)*?)>{7} .*\n", re.MULTILINE
)
_IMPORT = re.compile(r"(from \S+ )?import [^()\\]+")
_ENTRY = re.compile(r"""\s*("[^"]*"|'[^']*'),?(\s*#.*)?""")
_MARKERS = "^(<<<<<<< before updating|>>>>>>> after updating)$"


class UpdateError(Exception):
    """The update stops; the message says why, and what to do."""


def main(arguments: Sequence[str]) -> int:
    """Update the service in the working directory."""
    try:
        _require_clean_tree()
        ignored = _ignored()
        _run_copier(arguments)
        removed, hidden = _edited_and_removed(), sorted(_ignored() - ignored)
        solved, left = _solve_neighbours(_unmerged())
        conflicts = sorted({*left, *_marked(), *_rejected()})
        _say(f"The template no longer has these files, which you had edited. {_names()}", removed)
        if hidden:
            _git("add", "--force", "--intent-to-add", "--", *hidden)
        _say("These files are new, and a commit has them although .gitignore hides them:", hidden)
        _say("Both sides added lines side by side, and both are kept:", solved)
        if conflicts:
            _say("Both sides changed the same lines; the choice is yours:", conflicts)
            _say("Then prove and commit the result:", [shlex.join(each) for each in _PROOF])
            return 1
        if not _git("status", "--porcelain"):
            print("There is nothing to update.")
            return 0
        _prove()
    except UpdateError as error:
        print(f"update: {error}", file=sys.stderr)
        return 1
    _git("add", "--intent-to-add", ".")  # else a diff is silent on new files, and a commit, too
    print(_git("diff", "--stat", "HEAD"))
    print("The update is merged and proven. Look at it with git diff HEAD, then:")
    print('  git add --all && git commit --message "Update from the template"')
    return 0


def _require_clean_tree() -> None:
    if not Path(_ANSWERS).is_file():
        raise UpdateError(f"there is no {_ANSWERS} here: run this in the service's own folder")
    try:
        changed = _git("status", "--porcelain")
    except subprocess.CalledProcessError as error:
        raise UpdateError(f"git does not know this folder: {error.stderr.strip()}") from None
    if changed:
        raise UpdateError(
            f"commit or stash your changes first, so that they can be told apart:\n{changed}"
        )


def _run_copier(arguments: Sequence[str]) -> None:
    command = [*shlex.split(os.environ.get("COPIER", _COPIER)), "update", *arguments]
    try:
        status = subprocess.run(command, check=False).returncode
    except OSError as error:
        raise UpdateError(f"{command[0]} does not run: {error}") from None
    except KeyboardInterrupt:
        status = 130
    if status == 0:
        return
    if status == _UNTRUSTED:
        raise UpdateError(
            "Copier changed nothing. On the way to the newest release the template has a script "
            "to run, which does what a merge cannot, such as carrying your edits over into a file "
            "that has a new name. Copier runs it only when it is told to. The template's "
            "CHANGELOG.md says what it does, and its copier.yml names it. Then:\n"
            '  make update UPDATE_ARGS="--trust"'
        )
    if _git("status", "--porcelain"):
        raise UpdateError(
            "Copier stopped half way. Nothing of yours is lost; this takes back what it did:\n"
            "  git reset --hard && git clean --force -d"
        )
    raise UpdateError("Copier changed nothing; its own words above say why")


def _edited_and_removed() -> list[str]:
    """Return the files that went with the update although someone had worked on them.

    An update is a commit that changes the answers, too; any other is somebody's own work.
    """
    updates = set(_lines("log", "--format=%H", "--", _ANSWERS))
    return [
        f"{file}: git show HEAD:./{shlex.quote(file)}"
        for file in _lines(
            *("diff", "--relative", "--name-only", "--no-renames", "--diff-filter=D", "HEAD")
        )
        if not updates.issuperset(_lines("log", "--format=%H", "--", file))
    ]


def _names() -> str:
    version = re.search(r"^_commit: '?([^\s']+)", Path(_ANSWERS).read_text(), re.MULTILINE)
    if version and _BETWEEN_RELEASES.search(version[1]):
        return (
            f"{version[1]} is no release, and Copier runs the script of none before it has its "
            "tag: where one has another name now, your edits were not carried over:"
        )
    return "Where one has another name now, it is said above what became of your edits:"


def _ignored() -> set[str]:
    return set(_lines("ls-files", "--others", "--ignored", "--exclude-standard"))


def _unmerged() -> list[str]:
    return sorted({line.partition("\t")[2] for line in _lines("ls-files", "--unmerged")})


def _marked() -> list[str]:
    found = subprocess.run(
        ["git", "grep", "--untracked", "--extended-regexp", "--files-with-matches", _MARKERS],
        check=False,
        capture_output=True,
        text=True,
    )
    return found.stdout.splitlines()


def _rejected() -> list[str]:
    options = "--others", "--ignored", "--exclude=*.rej"
    return _lines("ls-files", *options, "--", "*.rej")


def _solve_neighbours(files: Sequence[str]) -> tuple[list[str], list[str]]:
    """Keep both sides' lines where they only stand beside each other.

    A requirement that `uv add` has put beside one that the template adds or raises is no
    contradiction, nor is an import that you have added beside one of the template's. It is one
    where both have set the same requirement anew, or where you have taken an import away.

    Returns:
        The files that are solved, and those that are not.
    """
    solved = [
        file
        for file in files
        if (file == "pyproject.toml" and _solve(Path(file), _merge_entries, _are_sound))
        or (file.endswith(".py") and _solve(Path(file), _merge_imports, _is_python))
    ]
    return solved, [file for file in files if file not in solved]


def _solve(
    file: Path, merge: Callable[[re.Match[str]], str], is_sound: Callable[[str], bool]
) -> bool:
    sides = [file.with_name(f".{file.name}.{side}") for side in ("mine", "before", "theirs")]
    try:
        for side, stage in zip(sides, (2, 1, 3), strict=True):
            shown = subprocess.run(
                ["git", "show", f":{stage}:./{file}"], check=True, capture_output=True
            )
            side.write_bytes(shown.stdout)
        command = ["git", "merge-file", "--diff3", "-p", *map(str, sides)]
        merging = subprocess.run(command, check=False, capture_output=True)
        marked = merging.stdout.decode()
    except _NO_TEXT:
        return False
    finally:
        for side in sides:
            side.unlink(missing_ok=True)
    merged = _CONFLICT.sub(merge, marked)
    if "\r" in merged or not is_sound(merged):
        return False
    file.write_text(merged)
    _git("reset", "--quiet", "--", str(file))  # it is not "both modified" any more
    return True


def _merge_entries(conflict: re.Match[str]) -> str:
    mine, before, theirs = (
        [_entry(line) for line in side.splitlines()] for side in conflict.groups()
    )
    if None in (*mine, *before, *theirs):
        return conflict[0]
    kept = [entry for entry in mine if entry in theirs or entry not in before]
    added = [entry for entry in theirs if entry not in before and entry not in mine]
    return "".join(f"  {entry}\n" for entry in sorted({*kept, *added}, key=str))


def _merge_imports(conflict: re.Match[str]) -> str:
    mine, before, theirs = (side.splitlines() for side in conflict.groups())
    if not all(_IMPORT.fullmatch(line) for line in (*mine, *before, *theirs)):
        return conflict[0]
    added = [line for line in mine if line not in before]
    if len(mine) - len(added) < len(before):
        return conflict[0]
    return "".join(f"{line}\n" for line in sorted({*theirs, *added}))


def _is_python(text: str) -> bool:
    try:
        compile(text, "merged", "exec", dont_inherit=True)
    except SyntaxError:  # as a conflict's marks are
        return False
    return True


def _are_sound(text: str) -> bool:
    try:
        required = _requirements(text)
    except tomllib.TOMLDecodeError:  # as a conflict's marks are none
        return False
    return len(set(required)) == len(required)


def _entry(line: str) -> str | None:
    """Return a line of a list of texts, as it stands in one; None for any other line."""
    found = _ENTRY.fullmatch(line)
    return f"{found[1]},{found[2] or ''}" if found else None


def _requirements(text: str) -> list[str]:
    """Return what is required, as `group name`, each as often as it is.

    Raises:
        tomllib.TOMLDecodeError: The text is no TOML, as when a key is there twice.
    """
    document = tomllib.loads(text)
    groups = {"": document.get("project", {}).get("dependencies", [])}
    groups |= document.get("dependency-groups", {})
    return [
        f"{group} {_name(requirement)}"
        for group, requirements in groups.items()
        for requirement in requirements
        if isinstance(requirement, str)
    ]


def _name(requirement: str) -> str:
    end = next((at for at, char in enumerate(requirement) if char in "[<>=!~;@ ("), None)
    return requirement[:end].strip().lower().replace("_", "-")


def _prove() -> None:
    for command in _PROOF:
        print(f"$ {shlex.join(command)}", flush=True)
        try:
            status = subprocess.run(command, check=False).returncode
        except KeyboardInterrupt:
            status = 130
        if status:
            raise UpdateError(
                f"the update is merged, but {shlex.join(command)} fails or was stopped: mend it, "
                "run the rest, then git add --all && git commit"
            )


def _say(what: str, lines: Sequence[str]) -> None:
    if lines:
        print("\n".join([what, *(f"  {line}" for line in lines)]), flush=True)


def _lines(*arguments: str) -> list[str]:
    return _git("-c", "core.quotePath=false", *arguments).splitlines()


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
