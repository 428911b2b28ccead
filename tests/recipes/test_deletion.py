"""Deleting the example slice, or a feature's directory by hand."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.edits import package_of
from tests.support.project import Project
from tests.support.rendering import Render

pytestmark = pytest.mark.xdist_group("recipes")
Python = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def copied(rendered: Render, tmp_path: Path) -> tuple[Project, Python]:
    """A default service, and what runs its Python, in the environment of another."""
    original = rendered({"framework": "fastapi"})
    original.install()
    copy = Project(tmp_path / "service")
    shutil.copytree(original.path, copy.path, ignore=shutil.ignore_patterns(".venv"))

    def python(*arguments: str) -> subprocess.CompletedProcess[str]:
        return copy.run(
            str(original.path / ".venv" / "bin" / "python"),
            *arguments,
            env={"PYTHONPATH": str(copy.path / "src")},
            check=False,
        )

    return copy, python


@pytest.mark.parametrize("feature", ["items", "docs_ui", "audit"])
def test_a_directory_that_is_deleted_alone_stops_the_start_with_its_name(
    copied: tuple[Project, Python], feature: str
) -> None:
    service, python = copied
    shutil.rmtree(package_of(service) / feature)

    done = python("-m", "my_service", "openapi", "openapi.json")

    assert done.returncode != 0
    assert f"No module named 'my_service.{feature}" in done.stdout


@pytest.mark.parametrize(
    ("feature", "named_in"),
    [
        (
            "items",
            {
                "app.py": ("items",),
                "db/tables.py": ("items",),
                "db/lifespan.py": ("items", "count_created"),
            },
        ),
        ("docs_ui", {"app.py": ("docs_ui", "serves_docs:")}),
    ],
    ids=["items", "docs_ui"],
)
def test_the_service_works_without_a_directory_and_the_lines_that_name_it(
    copied: tuple[Project, Python], feature: str, named_in: dict[str, tuple[str, ...]]
) -> None:
    service, python = copied
    package = package_of(service)
    shutil.rmtree(package / feature)
    for name, words in named_in.items():
        lines = (package / name).read_text().splitlines(keepends=True)
        kept = [line for line in lines if not any(word in line for word in words)]
        (package / name).write_text("".join(kept))

    done = python("-m", "pytest", "--no-cov", "-q", "tests/test_system.py")

    assert done.returncode == 0, done.stdout
