"""Resolves conflicts of lines that both sides added side by side, where that is safe."""

import re
import subprocess
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

# A file of another encoding, or one that a side does not have.
_NO_TEXT = (UnicodeDecodeError, subprocess.CalledProcessError)
_CONFLICT = re.compile(
    r"^<{7} .*\n((?:.*\n)*?)\|{7} .*\n((?:.*\n)*?)={7}\n((?:.*\n)*?)>{7} .*\n", re.MULTILINE
)
_IMPORT = re.compile(r"(from \S+ )?import [^()\\]+")
_ENTRY = re.compile(r"""\s*("[^"]*"|'[^']*'),?(\s*#.*)?""")
_TABLE = re.compile(r"^\[(.+)\]\s*$", re.MULTILINE)
_LIST = re.compile(r"^([\w-]+) = \[", re.MULTILINE)


class _ContradictionError(Exception):
    """Both sides changed the same thing."""


def solve_neighbours(files: Sequence[str]) -> tuple[list[str], list[str]]:
    """Keep both sides' lines where they only stand beside each other.

    A requirement that `uv add` has put beside one that the template adds or raises is no
    contradiction, nor is an import that you have added beside one of the template's. It is one
    where both have changed the same requirement, or where you have taken an import away.

    Returns:
        The files that are solved, and those that are not.
    """
    solved = [
        file
        for file in files
        if (file == "pyproject.toml" and _solve(Path(file), _merge_requirements, _are_sound))
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
        merged = _CONFLICT.sub(merge, merging.stdout.decode())
    except (*_NO_TEXT, _ContradictionError):
        return False
    finally:
        for side in sides:
            side.unlink(missing_ok=True)
    # Marks within a text are sound Python, and sound TOML.
    if "\r" in merged or f"<<<<<<< {sides[0]}\n" in merged or not is_sound(merged):
        return False
    file.write_text(merged)
    # It is not "both modified" any more.
    subprocess.run(["git", "reset", "--quiet", "--", str(file)], check=True, capture_output=True)
    return True


def _merge_requirements(conflict: re.Match[str]) -> str:
    """Return the requirements of both sides.

    Raises:
        _ContradictionError: The lines are no requirements, or both sides changed the same one.
    """
    if not _is_among_requirements(conflict.string[: conflict.start()]):
        raise _ContradictionError
    mine, before, theirs = (_entries(side) for side in conflict.groups())
    merged: set[str] = set()
    for name in {*mine, *before, *theirs}:
        ours, was, new = mine.get(name), before.get(name), theirs.get(name)
        if ours != new and was not in {ours, new}:
            raise _ContradictionError
        kept = new if ours == was else ours
        merged |= {kept} if kept else set()
    return "".join(f"  {entry}\n" for entry in sorted(merged))


def _is_among_requirements(above: str) -> bool:
    tables, lists = _TABLE.findall(above), _LIST.findall(above)
    if not tables or not lists:
        return False
    return (tables[-1], lists[-1]) == ("project", "dependencies") or tables[-1] in {
        "dependency-groups",
        "project.optional-dependencies",
    }


def _entries(side: str) -> dict[str, str]:
    """Return the entries of a list of requirements, as they stand in one, by name."""
    found = [_ENTRY.fullmatch(line) for line in side.splitlines()]
    entries = {_name(each[1][1:-1]): f"{each[1]},{each[2] or ''}" for each in found if each}
    if len(entries) != len(found):
        raise _ContradictionError
    return entries


def _merge_imports(conflict: re.Match[str]) -> str:
    """Return the imports of both sides.

    Raises:
        _ContradictionError: The lines are no imports, or you have taken one away.
    """
    mine, before, theirs = (side.splitlines() for side in conflict.groups())
    if not all(_IMPORT.fullmatch(line) for line in (*mine, *before, *theirs) if line):
        raise _ContradictionError
    added = [line for line in mine if line not in before]
    if len(mine) - len(added) < len(before):
        raise _ContradictionError
    if "" in theirs:  # sections, in which `make format` sorts what is added
        return "".join(f"{line}\n" for line in [*theirs, *added])
    return "".join(f"{line}\n" for line in sorted({*theirs, *added}))


def _is_python(text: str) -> bool:
    try:
        compile(text, "merged", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


def _are_sound(text: str) -> bool:
    try:
        required = _requirements(text)
    except tomllib.TOMLDecodeError:
        return False
    return len(set(required)) == len(required)


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
