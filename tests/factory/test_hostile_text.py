"""Free text is the user's: whatever it says, the service renders, parses and serves it."""

import sys
import tomllib
from html import unescape
from pathlib import Path

import httpx2
import pytest
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.support.hostile import NASTY, hostile_answers
from tests.support.project import Project
from tests.support.rendering import Render

README = MarkdownIt("commonmark").enable("strikethrough").enable("table")


def _text(token: Token) -> str:
    return "".join(child.content for child in token.children or [])


def _assert_parses(project: Project) -> None:
    answers = project.answers
    metadata = tomllib.loads((project.path / "pyproject.toml").read_text())["project"]
    assert metadata["description"] == answers["description"]
    assert metadata["authors"] == [
        {"name": answers["author_name"], "email": answers["author_email"]}
    ]
    tomllib.loads((project.path / "uv.lock").read_text())
    _, heading, _, _, paragraph, *_ = README.parse((project.path / "README.md").read_text())
    assert _text(heading) == answers["project_name"]
    assert _text(paragraph) == answers["description"]
    if answers["license"] == "MIT":
        assert f"Copyright (c) {answers['author_name']}\n" in (project.path / "LICENSE").read_text()


@pytest.mark.thorough("a service is rendered for each text")
@pytest.mark.parametrize("text", NASTY)
def test_each_nasty_text_survives_in_every_file(rendered: Render, text: str) -> None:
    project = rendered(
        {"project_name": text, "description": text, "author_name": text, "license": "MIT"}
    )

    assert project.answers["project_name"] == text
    _assert_parses(project)
    ruff = str(Path(sys.executable).parent / "ruff")
    project.run(ruff, "check", "--no-cache")
    project.run(ruff, "format", "--check", "--no-cache")


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of environments, which many services use one after the other.

    uv puts in and takes out what the next does not have in common with the last, and what Python
    has compiled of the rest stays.
    """
    return tmp_path_factory.mktemp("environments")


@pytest.mark.thorough("a service is installed and served for each mix")
@pytest.mark.parametrize("seed", range(12))
def test_a_random_mix_with_hostile_texts_renders_parses_and_serves(
    rendered: Render, environments: Path, seed: int
) -> None:
    answers = hostile_answers(seed)
    project = rendered(answers)
    _assert_parses(project)
    # These are not always asked.
    bound = {"auth", "example", "jobs", "kubernetes"}
    assert yaml.safe_load((project.path / ".copier-answers.yml").read_text()).items() >= {
        (key, value) for key, value in answers.items() if key not in bound
    }
    env = {"UV_PROJECT_ENVIRONMENT": str(environments / project.python_version)}
    project.run("uv", "sync", "--frozen", "--no-dev", "--quiet", env=env)
    project.run(
        "uv", "run", "--no-sync", "python", "-m", "compileall", "-q", "src", "tests", env=env
    )
    if answers["database"] != "none":
        project.make("migrate", "RUN=uv run --frozen --no-dev", env=env)

    with project.serving(env, arguments=["RUN=uv run --frozen --no-dev"]) as running:
        root = httpx2.get(running.url).json()
        info = httpx2.get(f"{running.url}/openapi.json").json()["info"]

        assert root["name"] == info["title"] == answers["project_name"]
        assert info["description"] == answers["description"]
        assert info["contact"]["name"] == answers["author_name"]
        if answers["docs_ui"] != "none":
            page = httpx2.get(f"{running.url}/docs").text
            assert unescape(page.partition("<title>")[2].partition("<")[0]) == root["name"]
        assert running.stop() == 0
