"""Renders of the template, as a user gets them: without trust, and never over a file twice."""

from collections.abc import Callable
from pathlib import Path

from copier import run_copy

from tests.support.project import Project
from tools.questions import Answers

Render = Callable[[Answers], Project]


def render(template: Path, destination: Path, answers: Answers) -> Project:
    """Render the template trust-free; a destination written twice would stop it with a question."""
    run_copy(
        str(template),
        destination,
        data=answers,
        defaults=True,
        quiet=True,
        unsafe=False,
        overwrite=False,
        vcs_ref="HEAD",
    )
    return Project(destination)
