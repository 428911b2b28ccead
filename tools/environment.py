"""Tell a service's settings from the rest of a shell's environment."""

import re
from collections.abc import Mapping
from pathlib import Path

OF_MAKE = frozenset({"MAKEFLAGS", "MAKELEVEL", "MFLAGS"})
"""By which make hands its own variables on to every make below it."""
_SETTING = re.compile(r"^(?:# )?([A-Z][A-Z0-9_]*)=", re.MULTILINE)


def settings_of(service: Path) -> set[str]:
    """Return the names of the settings that a rendered service knows."""
    example = service / ".env.example"
    return set(_SETTING.findall(example.read_text())) if example.exists() else set()


def without_settings(environment: Mapping[str, str], service: Path) -> dict[str, str]:
    """Return an environment without what would set the service up: a shell's `WORKERS`, say."""
    known = settings_of(service) | OF_MAKE
    return {name: value for name, value in environment.items() if name not in known}
