"""What delivers a service, in every variant that has it, before the judges of its own field."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.project import Project
from tests.support.rendering import Render
from tests.support.variants import parameters, variants

TOOLS = Path(sys.executable).parent
PINNED = re.compile(r"(- )?uses: [\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v\d+(\.\d+)*")


def _project(name: str, rendered: Render) -> Project:
    return rendered(variants()[name])


@pytest.fixture(params=parameters())
def variant(request: pytest.FixtureRequest, rendered: Render) -> Project:
    return _project(request.param, rendered)


@pytest.fixture(params=parameters(docker=True))
def with_image(request: pytest.FixtureRequest, rendered: Render) -> Project:
    return _project(request.param, rendered)


@pytest.fixture(params=parameters(ci="github"))
def on_github(request: pytest.FixtureRequest, rendered: Render) -> Project:
    return _project(request.param, rendered)


@pytest.fixture(params=parameters(ci="gitlab"))
def on_gitlab(request: pytest.FixtureRequest, rendered: Render) -> Project:
    return _project(request.param, rendered)


def _judge(project: Project, tool: str, *arguments: str | Path) -> None:
    """Run one of the judges in the project; what it finds is shown."""
    done = subprocess.run(
        [TOOLS / tool, *arguments],
        cwd=project.path,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"DOMAIN": "localhost", "NO_COLOR": "1"},
    )
    assert done.returncode == 0, f"{tool}:\n{done.stdout}"


def _is_schema(project: Project, schema: str, *files: Path) -> None:
    assert files
    _judge(project, "check-jsonschema", "--builtin-schema", f"vendor.{schema}", *files)


def test_the_dockerfile_is_clean(with_image: Project) -> None:
    _judge(with_image, "hadolint", "Dockerfile")


def test_the_image_runs_the_python_that_was_chosen(with_image: Project) -> None:
    text = (with_image.path / "Dockerfile").read_text()

    assert f"=python:{with_image.answers['python_version']}-slim" in text


def test_the_proxy_takes_its_configuration(with_image: Project) -> None:
    caddyfile = with_image.path / "deploy" / "proxy" / "Caddyfile"

    _judge(with_image, "caddy", "validate", "--config", caddyfile)
    _judge(with_image, "caddy", "fmt", "--diff", caddyfile)


def test_the_compose_files_are_what_compose_reads(with_image: Project) -> None:
    _is_schema(with_image, "compose-spec", *sorted(with_image.path.glob("compose*.yaml")))


def test_a_deployment_has_the_secrets_that_its_files_name(
    with_image: Project, tmp_path: Path
) -> None:
    for name in ("compose.production.yaml", "compose.staging.yaml"):
        composed = yaml.safe_load((with_image.path / name).read_text())
        named = set(composed.get("secrets", {}))
        if not named:
            assert not (with_image.path / "deploy" / "make-secrets.sh").exists()
            continue
        with_image.make("secrets", env={"SECRETS_DIR": str(tmp_path)})
        assert {path.name for path in tmp_path.iterdir()} == named


def test_making_secrets_again_keeps_them(with_image: Project, tmp_path: Path) -> None:
    if not (with_image.path / "deploy" / "make-secrets.sh").exists():
        return
    where = {"SECRETS_DIR": str(tmp_path / "secrets")}
    with_image.make("secrets", env=where)
    before = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}

    with_image.make("secrets", env=where)

    after = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert before == after
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert all(len(value) > 64 for value in before.values())


@pytest.fixture
def deployed(rendered: Render, tmp_path: Path) -> Project:
    """A copy of the default service, whose secrets a test makes."""
    folder = tmp_path / "deployed"
    ignored = shutil.ignore_patterns("secrets", ".venv", ".git")
    shutil.copytree(rendered({}).path, folder, ignore=ignored)
    return Project(folder)


def test_an_empty_secret_is_written_anew(deployed: Project) -> None:
    folder = deployed.path / "secrets"
    folder.mkdir()
    (folder / "secret_key").touch()

    deployed.make("secrets")

    assert len((folder / "secret_key").read_text()) > 64
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_a_folder_in_the_place_of_a_secret_is_refused(deployed: Project) -> None:
    (deployed.path / "secrets" / "secret_key").mkdir(parents=True)

    refused = deployed.make("secrets", check=False)

    assert refused.returncode != 0
    assert "secrets/secret_key: is no file" in refused.stdout


@pytest.mark.parametrize(
    ("lost", "kept"), [("postgres_password", "database_url"), ("redis_config", "redis_url")]
)
def test_a_lost_secret_that_another_one_holds_is_not_made_up(
    deployed: Project, lost: str, kept: str
) -> None:
    deployed.make("secrets")
    (deployed.path / "secrets" / lost).unlink()

    refused = deployed.make("secrets", check=False)

    assert refused.returncode != 0
    assert f"secrets/{lost}: is missing or empty, and {kept} holds it" in refused.stdout
    assert not (deployed.path / "secrets" / lost).exists()


@pytest.mark.parametrize(
    ("line", "env", "folder"),
    [
        ("SECRETS_DIR=of-env", {}, "of-env"),
        ('SECRETS_DIR="of-env" # ours', {}, "of-env"),
        ("SECRETS_DIR=of-env", {"SECRETS_DIR": "of-shell"}, "of-shell"),
        ("# SECRETS_DIR=of-env", {}, "secrets"),
    ],
)
def test_secrets_are_where_compose_looks_for_them(
    deployed: Project, line: str, env: dict[str, str], folder: str
) -> None:
    (deployed.path / ".env").write_text(f"DOMAIN=localhost\n{line}\n")

    deployed.run("sh", "deploy/make-secrets.sh", env=env)

    assert (deployed.path / folder / "secret_key").is_file()


def test_only_the_proxy_is_published(with_image: Project) -> None:
    for name in ("compose.production.yaml", "compose.staging.yaml"):
        services = yaml.safe_load((with_image.path / name).read_text())["services"]
        assert {key for key, value in services.items() if "ports" in value} <= {"proxy"}


def test_backups_are_a_service_that_up_does_not_start(with_image: Project) -> None:
    composed = yaml.safe_load((with_image.path / "compose.production.yaml").read_text())
    backup = composed["services"].get("backup")

    if with_image.answers["database"] == "none":
        assert backup is None
        assert "backups" not in composed["volumes"]
        return
    assert backup["profiles"] == ["backup"]
    assert backup["environment"]["BACKUP_DIR"] == "${BACKUP_REPOSITORY:-/var/lib/backups}"
    assert "backups" in composed["volumes"]
    assert backup["build"]["target"] == "backup"


def test_the_workflows_are_clean(on_github: Project) -> None:
    workflows = sorted((on_github.path / ".github" / "workflows").glob("*.yml"))

    _judge(on_github, "actionlint", "-no-color", *workflows)
    _judge(on_github, "zizmor", "--offline", "--quiet", "--persona=auditor", *workflows)
    _is_schema(on_github, "github-workflows", *workflows)


@pytest.fixture(
    params=[
        *("release.yml", "release-image.yml", "release-chart.yml"),
        *("package", "release-image", "release-chart"),
    ]
)
def before_the_build(request: pytest.FixtureRequest, rendered: Render) -> tuple[Project, str]:
    """What each job of a release does before it builds, and the service that it belongs to."""
    if request.param.endswith(".yml"):
        project = rendered({"kubernetes": True})
        workflow = yaml.safe_load((project.path / ".github/workflows" / request.param).read_text())
        (job,) = workflow["jobs"].values()
        return project, next(step["run"] for step in job["steps"] if "run" in step)
    project = rendered({"ci": "gitlab", "kubernetes": True})
    pipeline = yaml.safe_load((project.path / ".gitlab-ci.yml").read_text())
    return project, pipeline[request.param]["script"][0]


@pytest.mark.parametrize(("version", "status"), [("0.1.0", 0), ("0.2.0", 1)])
def test_only_the_tag_that_is_the_version_is_released(
    before_the_build: tuple[Project, str], version: str, status: int
) -> None:
    project, script = before_the_build
    tag = f"v{version}"

    done = project.run(
        *("sh", "-ec", script), env={"GITHUB_REF_NAME": tag, "CI_COMMIT_TAG": tag}, check=False
    )

    assert done.returncode == status
    assert (f"uv version {version}, commit" in done.stdout) is bool(status)


def test_the_image_is_built_by_what_can_write_its_provenance(rendered: Render) -> None:
    pipeline = yaml.safe_load((rendered({"ci": "gitlab"}).path / ".gitlab-ci.yml").read_text())
    script = pipeline["release-image"]["script"]

    (build,) = (number for number, line in enumerate(script) if "--provenance" in line)
    assert script[build - 2 : build] == [
        "docker context create engine",
        "docker buildx create --use engine",
    ]


def test_the_pipeline_scans_the_image_that_it_has_booted(rendered: Render) -> None:
    job = yaml.safe_load((rendered({"ci": "gitlab"}).path / ".gitlab-ci.yml").read_text())["boot"]

    assert '"aquasec/trivy:$TRIVY_VERSION"' in job["script"][-1]
    assert job["script"][-1].endswith('--exit-code 1 "$IMAGE"')


def test_actions_are_pinned_to_commits(on_github: Project) -> None:
    lines = [
        line.strip()
        for workflow in (on_github.path / ".github" / "workflows").glob("*.yml")
        for line in workflow.read_text().splitlines()
        if re.match(r"\s*(- )?uses:", line)
    ]

    assert lines
    assert [line for line in lines if not PINNED.match(line)] == []


def test_dependabot_takes_its_configuration(on_github: Project) -> None:
    dependabot = on_github.path / ".github" / "dependabot.yml"

    _is_schema(on_github, "dependabot", dependabot)
    _judge(on_github, "zizmor", "--offline", "--quiet", "--persona=auditor", dependabot)


def test_the_pipeline_is_what_gitlab_reads(on_gitlab: Project) -> None:
    _is_schema(on_gitlab, "gitlab-ci", on_gitlab.path / ".gitlab-ci.yml")
    _is_schema(on_gitlab, "renovate", on_gitlab.path / "renovate.json")


def test_the_databases_of_tests_and_production_are_one_release(variant: Project) -> None:
    texts = [
        (variant.path / name).read_text()
        for name in ("compose.yaml", "compose.production.yaml", ".gitlab-ci.yml", "Dockerfile")
        if (variant.path / name).exists()
    ]
    texts += [path.read_text() for path in variant.path.glob(".github/workflows/*.yml")]

    found = {
        release
        for text in texts
        for release in re.findall(r"\bpostgres(?:ql-client-|:)(\d+)", text)
    }
    assert len(found) <= 1


def test_prometheus_is_one_release_wherever_it_is_named(variant: Project) -> None:
    names = ("compose.monitoring.yaml", ".gitlab-ci.yml")
    texts = [(variant.path / name).read_text() for name in names if (variant.path / name).exists()]

    found = {release for text in texts for release in re.findall(r"prom/prometheus:(\S+)", text)}
    assert len(found) <= 1


def test_no_secret_is_in_a_file(variant: Project, tmp_path: Path) -> None:
    # The lock is left out: it holds a hash for each file of each package.
    copy = Project(tmp_path / "copy")
    ignored = shutil.ignore_patterns("uv.lock", ".venv", ".git", "secrets")
    shutil.copytree(variant.path, copy.path, ignore=ignored)

    _judge(copy, "gitleaks", "dir", ".", "--no-banner", "--redact", "--verbose")


def test_the_hooks_before_a_commit_find_what_a_merge_has_left(
    rendered: Render, tmp_path: Path
) -> None:
    copy = Project(tmp_path)
    for name in (".pre-commit-config.yaml", ".copier-answers.yml"):
        shutil.copy(rendered({}).path / name, copy.path)
    (copy.path / "left.py").write_text("<<<<<<< before updating\na = 1\n=======\na = 2\n")
    copy.run("git", "init", "--quiet")
    copy.run("git", "add", "--all")

    _judge(copy, "pre-commit", "validate-config")
    hooks = copy.run(
        *(str(TOOLS / "pre-commit"), "run", "--all-files", "conflict-markers"), check=False
    )

    assert hooks.returncode == 1
    assert "left.py:1:" in hooks.stdout
