"""What a service's import contracts refuse."""

import shutil
from pathlib import Path

import pytest

from tests.support.edits import package_of
from tests.support.project import Project
from tests.support.rendering import Render


@pytest.fixture
def own(rendered: Render, tmp_path: Path) -> Project:
    """A service with a part of its team's own, which the template cannot know."""
    project = rendered({"auth": "none"})
    copy = Project(tmp_path / "service")
    shutil.copytree(project.path, copy.path, ignore=shutil.ignore_patterns(".venv"))
    copy.install()
    (package_of(copy) / "orders.py").write_text('"""Orders."""\n')
    return copy


@pytest.mark.parametrize("part", ["settings", "orders"], ids=["the template's", "the team's own"])
def test_core_may_import_no_other_part(own: Project, part: str) -> None:
    package = package_of(own)
    (package / "core" / "planted.py").write_text(f"from .. import {part}\n")

    done = own.run("uv", "run", "--frozen", "lint-imports", check=False)

    assert done.returncode == 1
    assert f"{package.name}.core is not allowed to import {package.name}.{part}:" in done.stdout
