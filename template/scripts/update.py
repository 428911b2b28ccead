"""Update from the template, test the result, and list what to review.

Copier merges, and ends with 0 even where it could not. So this looks for what it leaves behind:
conflicts, edited files that the template has removed, and new ones that .gitignore hides.

Usage: make update [UPDATE_ARGS="--data python_version=3.14"]
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Self

from neighbours import solve_neighbours

_COPIER = "uvx --from copier>=9.19,<10 copier"
_INSTALL = (("uv", "lock"), ("make", "install"))
_WRITE_ENV = ("make", "env")
_CHECK = ("make", "lint", "typecheck", "test")
# make env writes them from the settings, so that a merge has nothing to decide.
_ENV_EXAMPLE = re.compile(r"\.env(\.\w+)?\.example")
_ASKING_LESS = frozenset({"-l", "--defaults", "-A", "--skip-answered"})
_ANSWERS = ".copier-answers.yml"
# A database whose last migration has no file is migrated no further.
_MIGRATIONS = "db/migrations/versions/*.py"
_UNTRUSTED = 4
_BETWEEN_RELEASES = re.compile(r"(^|-\d+-g)[0-9a-f]{7,}$")
_MARKERS = "^(<<<<<<< before updating|>>>>>>> after updating)$"
# What tools keep for themselves, and no template writes.
_CACHES = frozenset({".venv", "node_modules", "__pycache__"})
_LARGEST = 2**20


class UpdateError(Exception):
    """The update stops; the message has the reason, and what to do."""


def main(arguments: Sequence[str]) -> int:
    """Update the service in the working directory."""
    try:
        return _update(arguments)
    except UpdateError as error:
        print(f"update: {error}", file=sys.stderr)
    except subprocess.CalledProcessError as error:
        said = str(error.stderr).strip()
        print(f"update: {shlex.join(error.cmd)} fails: {said}", file=sys.stderr)
    return 1


def _update(arguments: Sequence[str]) -> int:
    _require_clean_tree()
    before = _Before.taken()
    try:
        _run_copier(arguments)
    except UpdateError as error:
        raise UpdateError(f"{error}{before.saved()}") from None
    if not {"-n", "--pretend"}.isdisjoint(arguments):
        return 0
    changes = _find_changes(before)
    solved, left = solve_neighbours(_unmerged())
    conflicts = sorted({*left, *_marked(), *_rejected()})
    examples = [file for file in conflicts if _ENV_EXAMPLE.fullmatch(file)]
    if examples:
        _git("reset", "--quiet", "--", *examples)  # they are not "both modified" any more
        conflicts = [file for file in conflicts if file not in examples]
    proof = (*_INSTALL, *([_WRITE_ENV] if examples else []), _CHECK)
    _say(
        "New questions took their defaults. This changes one: "
        'make update UPDATE_ARGS="--data NAME=ANSWER"',
        _new_answers(before.answers),
    )
    removed = [f"{file}: git show HEAD:./{shlex.quote(file)}" for file in changes.removed]
    _say(f"The template no longer has these files, which you had edited. {_names()}", removed)
    if changes.new:
        _git("add", "--force", "--intent-to-add", "--", *changes.new)
    _say(
        "These migrations stay: databases have them, and your own may stand on them. The tables "
        'stay, too, until a migration of yours drops them: make migration m="drop ..."',
        changes.migrations,
    )
    _say("These files are new, and a commit has them although .gitignore hides them:", changes.new)
    _say(
        "The template has these files, too, but .gitignore hides yours: git could not merge them, "
        "and they are as they were:",
        changes.kept,
    )
    _say("Both sides added lines side by side, and both are kept:", solved)
    if conflicts:
        _say("Both sides changed the same lines; the choice is yours:", conflicts)
        _say("Then prove and commit the result:", [shlex.join(each) for each in proof])
        return 1
    if not _changed():
        print("There is nothing to update.")
        return 0
    _prove(proof)
    _git("add", "--intent-to-add", ".")  # else a diff is silent on new files, and a commit, too
    print(_git("diff", "--stat", "HEAD"))
    print("The update is merged and proven. Look at it with git diff HEAD, then:")
    print('  git add --all && git commit --message "Update from the template"')
    return 0


def _require_clean_tree() -> None:
    if not Path(_ANSWERS).is_file():
        raise UpdateError(f"there is no {_ANSWERS} here: run this in the service's own folder")
    try:
        changed = _changed()
    except subprocess.CalledProcessError as error:
        raise UpdateError(f"git does not know this folder: {error.stderr.strip()}") from None
    if changed:
        raise UpdateError(f"commit or stash your changes first, to keep them separate:\n{changed}")
    if not _lines("ls-files", "--", _ANSWERS):
        raise UpdateError(
            f"git keeps no copy of {_ANSWERS}, for a .gitignore hides it. What git has no copy of, "
            "an update would overwrite. Give the service a repository of its own, or take it out "
            "of that .gitignore, and commit it"
        )
    if rejected := _rejected():
        raise UpdateError(
            "an earlier update left these, and Copier stops at them: look at them, and take them "
            "away first:\n" + "\n".join(rejected)
        )


@dataclass(frozen=True)
class _Before:
    """What an update might change that git cannot give back.

    Attributes:
        answers: The answers of the last update.
        hidden: All files that .gitignore hides.
        texts: What the small ones among them hold.
    """

    answers: str
    hidden: set[str]
    texts: dict[str, bytes]

    @classmethod
    def taken(cls) -> Self:
        hidden = _hidden()
        own = [Path(file) for file in hidden if _CACHES.isdisjoint(Path(file).parts)]
        texts = {str(path): text for path in own if (text := _read(path)) is not None}
        return cls(_git("show", f"HEAD:./{_ANSWERS}"), hidden, texts)

    def changed(self) -> set[str]:
        """Return the files whose content has changed."""
        return {file for file, text in self.texts.items() if _read(Path(file)) != text}

    def saved(self) -> str:
        """Keep what changed where an update stopped half way, and return what to say of it."""
        if not (changed := sorted(self.changed())):
            return ""
        # Not in their places: others than Copier may have written them meanwhile.
        folder = Path(tempfile.mkdtemp(prefix="before-update-"))
        for file in changed:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(self.texts[file])
        named = "\n".join(f"  {folder / file}" for file in changed)
        return f"\nGit has no copy of these, which changed meanwhile; so they were before:\n{named}"


@dataclass(frozen=True)
class _Changes:
    """What an update did that git does not show.

    Attributes:
        removed: Files that went although you had edited them.
        new: Files of the template that .gitignore hides.
        kept: Files of yours that .gitignore hides, where the template has a file, too.
        migrations: Those that the template no longer has, and that stay.
    """

    removed: Sequence[str] = ()
    new: Sequence[str] = ()
    kept: Sequence[str] = ()
    migrations: Sequence[str] = ()


def _find_changes(before: _Before) -> _Changes:
    """Find what changed, and put back what git has no copy of."""
    options = "--relative", "--name-only", "--no-renames", "--diff-filter=D", "HEAD"
    removed = _lines("diff", *options)
    if migrations := [file for file in removed if PurePath(file).match(_MIGRATIONS)]:
        _git("checkout", "HEAD", "--", *migrations)
        removed = [file for file in removed if file not in migrations]
    new = _hidden() - before.hidden
    changed = before.changed()
    if not removed and not new and not changed:
        return _Changes(migrations=migrations)
    with _rendered(before.answers) as old, _rendered(Path(_ANSWERS).read_text()) as now:
        kept = sorted(changed & (old.keys() | now.keys()))
        for file in kept:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            Path(file).write_bytes(before.texts[file])
        return _Changes(
            [file for file in removed if old.get(file) != _committed(file)],
            sorted(new & now.keys()),
            kept,
            migrations,
        )


@contextmanager
def _rendered(answers: str) -> Iterator[dict[str, bytes | None]]:
    """Provide what the template makes of answers, by file; nothing where it cannot be had."""
    source, commit = _answer(answers, "_src_path"), _answer(answers, "_commit")
    with tempfile.TemporaryDirectory() as folder:
        data, target = Path(folder) / "answers.yml", Path(folder) / "service"
        data.write_text(answers)
        options = "--quiet", "--defaults", f"--data-file={data}", f"--vcs-ref={commit}"
        command = [*_copier(), "copy", *options, source, str(target)]
        subprocess.run(command, check=False, capture_output=True)
        files = (path for path in target.rglob("*") if path.is_file())
        yield {str(path.relative_to(target)): _read(path) for path in files}


def _answer(answers: str, name: str) -> str:
    found = re.search(rf"^{name}: (.*)$", answers, re.MULTILINE)
    text = found[1].strip() if found else ""
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    return text.strip('"')


def _read(path: Path) -> bytes | None:
    """Return the content of a file; None if there is none, or it is too large for a template's."""
    with suppress(OSError):
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= _LARGEST:
            return path.read_bytes()
    return None


def _committed(file: str) -> bytes:
    command = ["git", "show", f"HEAD:./{file}"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def _run_copier(arguments: Sequence[str]) -> None:
    defaults = ["--defaults"] if _ASKING_LESS.isdisjoint(arguments) else []
    # What it prints is for those who run it by themselves; the report below has all of it.
    command = [*_copier(), "update", "--quiet", *defaults, *arguments]
    try:
        status = subprocess.run(command, check=False).returncode
    except OSError as error:
        raise UpdateError(f"{command[0]} does not run: {error}") from None
    except KeyboardInterrupt:
        status = 130
    if status == 0:
        return
    if status == _UNTRUSTED:
        trusting = shlex.quote(shlex.join([*arguments, "--trust"]))
        raise UpdateError(
            "Copier changed nothing. On the way to the newest release the template has a script "
            "to run, which does what a merge cannot, such as carrying your edits over into a file "
            "that has a new name. Copier runs it only when it is told to. The template's "
            "CHANGELOG.md says what it does, and its copier.yml names it. Then:\n"
            f"  make update UPDATE_ARGS={trusting}"
        )
    if _changed():
        raise UpdateError(
            "Copier stopped half way. Nothing of yours is lost; this takes back what it did:\n"
            "  git reset --hard && git clean --force -d"
        )
    raise UpdateError("Copier changed nothing; its message above gives the reason")


def _copier() -> list[str]:
    return shlex.split(os.environ.get("COPIER", _COPIER))


def _names() -> str:
    version = _answer(Path(_ANSWERS).read_text(), "_commit")
    if _BETWEEN_RELEASES.search(version):
        return (
            f"{version} is no release, and Copier runs the script of none before it has its "
            "tag: where one has another name now, your edits were not carried over:"
        )
    return "Where one has another name now, it is said above what became of your edits:"


def _changed() -> str:
    return _git("status", "--porcelain", "--untracked-files=all")


def _hidden() -> set[str]:
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


def _new_answers(before: str) -> list[str]:
    named = re.compile(r"^([a-z]\w*):.*$", re.MULTILINE)
    known = set(named.findall(before))
    found = named.finditer(Path(_ANSWERS).read_text())
    return [answer[0] for answer in found if answer[1] not in known]


def _prove(proof: Sequence[Sequence[str]]) -> None:
    for command in proof:
        print(f"$ {shlex.join(command)}", flush=True)
        try:
            status = subprocess.run(command, check=False).returncode
        except KeyboardInterrupt:
            status = 130
        if status:
            raise UpdateError(
                f"the update is merged, but {shlex.join(command)} fails or was stopped: fix it, "
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
