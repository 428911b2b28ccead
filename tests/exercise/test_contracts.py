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


def test_the_kit_may_not_import_the_service(own: Project) -> None:
    package = package_of(own)
    kit = own.path / "packages" / "slipway-kit" / "src" / "slipway_kit"
    (kit / "planted.py").write_text(f"from {package.name} import orders\n")

    done = own.run("uv", "run", "--frozen", "lint-imports", check=False)

    assert done.returncode == 1
    assert f"slipway_kit is not allowed to import {package.name}:" in done.stdout


def test_a_module_may_import_none_of_a_floor_above(own: Project) -> None:
    package = package_of(own)
    with (package / "dependencies.py").open("a") as file:
        file.write("from . import rate_limit as rate_limit\n")

    done = own.run("uv", "run", "--frozen", "lint-imports", check=False)

    assert done.returncode == 1
    forbidden = f"{package.name}.dependencies is not allowed to import {package.name}.rate_limit:"
    assert forbidden in done.stdout


def test_what_custom_py_imports_may_import_all(own: Project) -> None:
    package = package_of(own)
    (package / "orders.py").write_text("from . import dependencies as dependencies\n")
    with (package / "custom.py").open("a") as file:
        file.write("    from . import orders as orders\n")

    done = own.run("uv", "run", "--frozen", "lint-imports", check=False)

    assert done.returncode == 0, done.stdout
