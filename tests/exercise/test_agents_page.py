"""AGENTS.md of a service: its commands run, and the files that it names exist."""

import re
import shutil
from pathlib import Path

import pytest

from tests.support import quick_copier
from tests.support.project import Project
from tests.support.rendering import Render
from tests.support.repository import identify
from tools.releases import git

SERVES = ("make dev", "make serve")
# test_variants.py runs these in this very service.
RUN_ELSEWHERE = {"make lint", "make typecheck", "make test"}
MOST_LINES = 120
on_each_framework = pytest.mark.parametrize("framework", ["fastapi", "django"])


def _page(project: Project) -> str:
    return (project.path / "AGENTS.md").read_text()


def _commands(page: str) -> list[str]:
    block = re.findall(r"^```\n(.*?)^```", page, re.DOTALL | re.MULTILINE)[0]
    return [line.partition("#")[0].strip() for line in block.splitlines()]


@on_each_framework
def test_every_command_runs(rendered: Render, framework: str, tmp_path: Path) -> None:
    source = rendered({"framework": framework})
    project = Project(shutil.copytree(source.path, tmp_path / "service", symlinks=True))
    shutil.rmtree(project.path / ".venv", ignore_errors=True)
    git("init", "--quiet", folder=project.path)
    identify(project.path)
    git("add", "--all", folder=project.path)
    git("commit", "--quiet", "--message", "Render the service", folder=project.path)
    commands = _commands(_page(project))
    # An update wants a tree without changes, and make migration writes a file.
    commands.sort(key=lambda command: (command != "make update", "migration" in command))

    for command in commands:
        if command in SERVES:
            with project.serving(target=command.partition(" ")[2]) as running:
                assert running.stop() == 0
        elif command not in RUN_ELSEWHERE:
            project.run("sh", "-c", command, env={"COPIER": quick_copier.command()})

    assert {"make install", *RUN_ELSEWHERE, *SERVES} <= set(commands)


@on_each_framework
@pytest.mark.parametrize("is_small", [False, True], ids=["default", "small"])
def test_every_file_that_it_names_exists(
    rendered: Render, framework: str, *, is_small: bool
) -> None:
    less = {"auth": "none", "example": False, "redis": False, "metrics": False}
    project = rendered({"framework": framework, **(less if is_small else {})})
    page = _page(project)
    prose = re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.MULTILINE)
    named = set(re.findall(r"`(\.?\w[\w./-]*(?:/|\.(?:py|md|toml|yml|example|lock)))`", prose))
    package = project.path / "src" / project.answers["package_name"]

    missing = {
        name for name in named if not ((project.path / name).exists() or (package / name).exists())
    }

    assert len(named) > 10
    assert missing == set()
    assert len(page.splitlines()) <= MOST_LINES


@on_each_framework
def test_every_make_command_in_its_sentences_is_one_of_the_makefile(
    rendered: Render, framework: str
) -> None:
    project = rendered({"framework": framework})
    listed = set(re.findall(r"^  make ([\w-]+)", project.make().stdout, re.MULTILINE))

    sentences = re.findall(r"`make ([a-z ]+)", _page(project))
    named = {target for each in sentences for target in each.split()} - {"m"}
    assert named
    assert named <= listed
