"""Tests of what the template owns, rendered into a service beside the tests that it ships."""

import shutil
import tempfile
from pathlib import Path

from copier import run_copy

from tests.support.project import Project
from tools.questions import ROOT

UNITS = ROOT / "tests" / "units"
FOLDER = Path("tests", "units")
"""Where they stand in a service."""
MAILBOX = ROOT / "template" / "{{ on_fastapi }}" / "tests" / "accounts" / "mails.py.jinja"
_ROOTS = {"shared": "", "fastapi": "{{ on_fastapi }}", "django": "{{ on_django }}"}


def add_units(project: Project) -> None:
    """Render the unit tests that fit a service's answers into it.

    They make a template of their own, with the questions of the template and their own manifest.
    """
    if (project.path / FOLDER).exists():
        return
    with tempfile.TemporaryDirectory(prefix="units-") as folder:
        template = Path(folder)
        shutil.copy(ROOT / "copier.yml", template)
        shutil.copytree(ROOT / "questions", template / "questions")
        shutil.copy(UNITS / "manifest.yml", template)
        for source, root in _ROOTS.items():
            shutil.copytree(UNITS / source, template / "template" / root / FOLDER)
        # FastAPI services ship it; the units of Django services read emails by it, too.
        shutil.copy(MAILBOX, template / "template" / FOLDER / "accounts")
        answers = {key: value for key, value in project.answers.items() if not key.startswith("_")}
        run_copy(str(template), project.path, data=answers, defaults=True, quiet=True)
