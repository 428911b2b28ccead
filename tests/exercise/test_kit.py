"""The kit by itself: its tests, its style, its types and its wheel, without a rendered service."""

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.support.project import Project
from tests.support.rendering import Render
from tools.interpreters import interpreters, uv_environment
from tools.lock import KIT, LOCK, versions_so_far
from tools.questions import ROOT

TESTS = ROOT / "tests" / "kit"
TOOLS = ("pytest", "ruff", "mypy")


def _run(*command: str | Path, folder: Path, python: str = "") -> str:
    done = subprocess.run(
        [*map(str, command)],
        check=False,
        cwd=folder,
        env=uv_environment(python or None) | ({"UV_PYTHON": python} if python else {}),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(params=sorted(interpreters()))
def kit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the kit with all extras, in an environment with the versions of the lock."""
    copy = tmp_path / "kit"
    shutil.copytree(KIT, copy)
    locked = tomllib.loads(versions_so_far(LOCK.read_text()))["package"]
    lines = [
        f"{package['name']}=={package['version']}\n"
        for package in locked
        if "registry" in package["source"]
    ]
    (tmp_path / "constraints.txt").write_text("".join(lines))
    extras = tomllib.loads((copy / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    environment = copy / ".venv"
    _run("uv", "venv", "--quiet", environment, folder=copy, python=request.param)
    _run(
        *("uv", "pip", "install", "--quiet", "--python", environment),
        *("--constraints", tmp_path / "constraints.txt"),
        *("--editable", f"{copy}[{','.join(extras)}]", *TOOLS),
        folder=copy,
    )
    return copy


def test_its_tests_pass_and_ruff_and_mypy_find_nothing(kit: Path) -> None:
    tools = kit / ".venv" / "bin"

    said = _run(tools / "pytest", "-q", "-c", TESTS / "pytest.toml", TESTS, folder=kit)
    _run(tools / "ruff", "check", "--no-cache", folder=kit)
    _run(tools / "ruff", "format", "--check", "--no-cache", folder=kit)
    _run(tools / "mypy", folder=kit)

    assert " passed" in said


def test_a_service_can_have_its_wheel_in_the_place_of_the_folder(
    rendered: Render, tmp_path: Path
) -> None:
    source = rendered({})
    service = Project(
        shutil.copytree(
            source.path, tmp_path / "service", ignore=shutil.ignore_patterns(".venv", ".git")
        )
    )
    service.run("uv", "build", "--quiet", "packages/slipway-kit", "--out-dir", str(tmp_path))
    (wheel,) = tmp_path.glob("*.whl")
    shutil.rmtree(service.path / "packages")
    pyproject = service.path / "pyproject.toml"
    line = 'slipway-kit = { path = "packages/slipway-kit", editable = true }'
    text = pyproject.read_text()
    assert line in text
    pyproject.write_text(text.replace(line, f'slipway-kit = {{ path = "{wheel}" }}'))

    service.run("uv", "lock", "--quiet")
    service.run("uv", "sync", "--quiet")
    said = service.run("uv", "run", "--no-sync", "pytest", "-q", "tests/test_settings.py").stdout

    assert " passed" in said
