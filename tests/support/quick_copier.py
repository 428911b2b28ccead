"""Copier without two costs that no test is about; together they are three fifths of a render.

It asks git for each file whether core.fileMode is off, as on Windows, and it compiles the name of
each folder anew for each file in it, and each file anew for each render.
"""

import atexit
import shlex
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from copier._main import Worker
from jinja2 import Environment

from tools.questions import ROOT

# Copier's own command, whose first argument is where this module is.
_COMMAND = """
import sys
sys.path[0] = sys.argv.pop(1)
from tests.support import quick_copier
quick_copier.hurry()
from copier._cli import CopierApp
CopierApp.run(["copier", *sys.argv[1:]])
"""

_compile = Environment.compile
_compiled: dict[tuple[str, str | None, bool], CodeType] = {}


def _remembered(
    self: Environment,
    source: Any,
    name: str | None = None,
    filename: str | None = None,
    raw: bool = False,  # noqa: FBT001, FBT002 -- Jinja's own signature
    defer_init: bool = False,  # noqa: FBT001, FBT002 -- likewise
) -> Any:
    # Copier makes an environment for each render, all of them alike: what is compiled is code.
    if raw or not isinstance(source, str):
        return _compile(self, source, name, filename, raw, defer_init)  # type: ignore[call-overload] # a bool is either
    # Each clone of the template is in a folder of its own, which only a traceback would name.
    known = source, name, defer_init
    if known not in _compiled:
        _compiled[known] = _compile(self, source, name, filename, defer_init=defer_init)
    return _compiled[known]


def hurry() -> None:
    """Spare this process's renders both costs from now on."""
    patch = pytest.MonkeyPatch()
    patch.setattr(Environment, "compile", _remembered)
    patch.setattr(Worker, "_sync_git_index_executable_bit", lambda *_: None)


@cache
def command() -> str:
    """Return the path of Copier's command, as it is but for both costs."""
    folder = Path(tempfile.mkdtemp(prefix="copier-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / "copier"
    parts = shlex.join([sys.executable, "-c", _COMMAND, str(ROOT)])
    file.write_text(f'#!/bin/sh\nexec {parts} "$@"\n')
    file.chmod(0o755)
    return str(file)
