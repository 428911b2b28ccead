"""Find the Pythons of this machine: those that uv knows, those on PATH, and those of pyenv."""

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

_MINOR = re.compile(r"3\.(\d+)")
_OLDEST = 12  # what a rendered service needs


@cache
def interpreters() -> dict[str, Path]:
    """Return the folder of an interpreter for each minor version found, like {"3.13": .../bin}.

    Those that are too old for a rendered service are left out. Asking costs up to 0.3 s, so only
    those are asked that may have something new to say.
    """
    found: dict[str, Path] = {}
    asked: set[Path] = set()
    for candidate in _candidates():
        actual = candidate.resolve()
        named = _MINOR.search(actual.name)
        if actual in asked or (named and (named[0] in found or int(named[1]) < _OLDEST)):
            continue
        asked.add(actual)
        version = _version(actual)
        if version and int(version.split(".")[1]) >= _OLDEST:
            found.setdefault(version, actual.parent)
    return found


def _candidates() -> list[Path]:
    candidates = [Path(line) for line in _uv_list()]
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        candidates += sorted(Path(folder).glob("python3.[0-9]*")) if folder else []
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates += sorted(pyenv.glob("versions/3.*/bin/python3"))
    return [path for path in candidates if "-config" not in path.name]


def _uv_list() -> list[str]:
    """Return the interpreters that uv itself has installed; it need not look along PATH, too."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        return []
    listing = subprocess.run(
        [uv, "python", "list", "--only-installed", "--managed-python", "--no-config"],
        env=os.environ | {"PATH": ""},
        check=False,
        text=True,
        capture_output=True,
    ).stdout
    return [line.split()[1] for line in listing.splitlines() if len(line.split()) > 1]


def _version(interpreter: Path) -> str | None:
    # pyenv's shims answer for versions that they then refuse to run; asking tells.
    try:
        answer = subprocess.run(
            [interpreter, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            check=False,
            text=True,
            capture_output=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = answer.stdout.strip()
    return version if answer.returncode == 0 and _MINOR.fullmatch(version) else None


class NoInterpreterError(Exception):
    """This machine has no Python that a rendered service could run on."""


def runnable_version(wanted: str) -> str:
    """Return the minor version to run a service on: the wanted one, else the newest that is here.

    Where there is none, it is the wanted one all the same: uv downloads it.

    Raises:
        NoInterpreterError: There is none from 3.12 on, and uv may not download one.
    """
    found = interpreters()
    if wanted in found:
        return wanted
    if found:
        return max(found, key=lambda version: int(version.split(".")[1]))
    if os.environ.get("UV_PYTHON_DOWNLOADS") == "never":
        raise NoInterpreterError(
            "No Python 3.12 or later was found, in uv's list, on PATH or under pyenv, and uv may "
            "not download one (UV_PYTHON_DOWNLOADS=never). Install one: `uv python install 3.13`."
        )
    return wanted


def uv_environment(version: str | None = None) -> dict[str, str]:
    """Return an environment in which uv finds the machine's Pythons, a given version first.

    Our own virtual environment stays out of it: uv must make one for the service.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON"}
    }
    found = interpreters()
    order = sorted(found, key=lambda minor: (minor != version, [-int(n) for n in minor.split(".")]))
    folders = [str(found[minor]) for minor in order]
    own = str(Path(sys.executable).parent)
    environment["PATH"] = os.pathsep.join([*folders, own, environment.get("PATH", "")])
    return environment
