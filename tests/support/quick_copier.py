"""Copier without two costs that no test is about; together they are three fifths of a render.

It asks git for each file whether core.fileMode is off, as on Windows, and it compiles the name of
each folder anew for each file in it, and each file anew for each render. The tests that run
Copier's own command pay for both.
"""

from types import CodeType
from typing import Any

import pytest
from copier._main import Worker
from jinja2 import Environment

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
