"""Every variant of the pairwise set, as files."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.project import Project
from tests.support.rendering import Render
from tests.support.variants import parameters, variants
from tools.questions import Questions
from tools.releases import git

TOOLS = Path(sys.executable).parent
# A placeholder or a tag of Jinja, but none of Prometheus', Python's, Make's, the shell's or a
# workflow's.
TEMPLATE_MARK = re.compile(r"(?<!\$){{(?! \$)|{%|{#|\.jinja\b")
GENERATED = {"uv.lock"}
OF_THE_TEAM = {"__init__.py", "about.py", "custom.py", "items/*"}
"""What the coverage of a service counts, of the files that it is rendered with."""
SECRETS_AND_DATA = [
    ".env",
    ".env.production",
    "backups/20260101T000000Z",
    "deploy/service.env",
    "secrets/database_password",
    "service.db",
    "service.db-wal",
]
QUESTIONS = Questions()
# By which words a feature is known, where its name is not enough.
WORDS = {
    "on_database": re.compile(rb"sql|alembic|database|migrat|\.db\b|backup|restic", re.IGNORECASE),
    "on_postgresql": re.compile(rb"postgres|psycopg", re.IGNORECASE),
    # Django itself wants a key, which is then one that nobody keeps. Every service redacts a JWT.
    "on_auth": re.compile(
        rb"\bjwt\b(?! is redacted|\"?, \"?secret)|secret_key(?! = token_urlsafe)|argon2|pwdlib"
        rb"|smtp|refresh_token|[\"'/.]auth\b|[/.]users\b|audit trail",
        re.IGNORECASE,
    ),
    # FastAPI itself needs OpenTelemetry's interface, and is told to leave it alone.
    "tracing": re.compile(
        rb"otel_|otlp|tracing(?!\": False)|traceparent|opentelemetry[-._](?!api)", re.IGNORECASE
    ),
    # Pages and JSON Schema have a key "items", and each mapping a method.
    "example": re.compile(rb"\bitem\b|\bItem[A-Z]|/items\b|[.]items\b(?!\()|\bitems_"),
    # Workflows have jobs, and so has Prometheus.
    "jobs": re.compile(rb"procrastinate|jobs_|make jobs|jobs\.|job_duration", re.IGNORECASE),
    "redis": re.compile(rb"redis|valkey", re.IGNORECASE),
    # Django's admin site has a nonce of its own.
    "on_docs_ui": re.compile(rb"docs_ui|[\"'`]/docs\b|(?<!CSP\.)\bnonce\b", re.IGNORECASE),
    "on_scalar": re.compile(rb"(?<![.])\bscalar\b", re.IGNORECASE),
    "on_swagger": re.compile(rb"swagger", re.IGNORECASE),
    # The framework's own page is switched off in every service.
    "on_redoc": re.compile(rb"redoc(?!_url=None)", re.IGNORECASE),
    "e2e": re.compile(rb"E2E_|\be2e[/:]|make e2e|end-to-end|playwright", re.IGNORECASE),
    # An autoscaler names what it watches.
    "metrics": re.compile(rb"metric(?!s\": False|s:\n)|prometheus", re.IGNORECASE),
    "docker": re.compile(rb"docker|\bcompose\b|caddy", re.IGNORECASE),
    # Pages name Kubernetes to teams that deploy in a way of their own.
    "kubernetes": re.compile(rb"deploy/helm|\bhelm\b|kubectl|kubernetes\.md", re.IGNORECASE),
    "on_github": re.compile(rb"\.github/|github actions|dependabot|GITHUB_", re.IGNORECASE),
    "on_gitlab": re.compile(rb"gitlab|renovate", re.IGNORECASE),
}
WORDS_OF_FEATURES = {
    question.name: re.compile(question.name.encode(), re.IGNORECASE)
    for question in QUESTIONS.asked
    if question.is_switch
} | WORDS


@pytest.fixture(params=parameters())
def variant(
    request: pytest.FixtureRequest,
    rendered: Render,
    record_property: Callable[[str, object], None],
) -> Project:
    record_property("rendered", request.param)
    return rendered(variants()[request.param])


def _is_of_helm(path: Path) -> bool:
    """Return whether Helm renders a file, which has marks like Jinja's."""
    return path.parent.match("deploy/helm/templates")


def _files(project: Project) -> Iterator[Path]:
    for path in sorted(project.path.rglob("*")):
        parts = path.relative_to(project.path).parts
        if path.is_file() and not {".venv", ".git"} & set(parts):
            yield path


def test_no_file_or_folder_is_empty(variant: Project) -> None:
    empty = [
        path
        for path in variant.path.rglob("*")
        if (path.is_dir() and not any(path.iterdir()))
        or (path.is_file() and not path.stat().st_size and path.name != "py.typed")
    ]

    assert empty == []


def test_files_end_in_one_line_break_and_no_line_in_a_space(variant: Project) -> None:
    faulty = []
    for path in _files(variant):
        text = path.read_bytes()
        if text and (not text.endswith(b"\n") or text.endswith(b"\n\n")):
            faulty.append(f"{path}: its end")
        if re.search(rb"[ \t]$", text, re.MULTILINE):
            faulty.append(f"{path}: a space at the end of a line")
        # Python stands in pages, too.
        spaced = path.suffix in {".py", ".mako", ".md"}
        if b"\n\n\n\n" in text or (not spaced and b"\n\n\n" in text):
            faulty.append(f"{path}: empty lines in a row")

    assert faulty == []


def test_no_mark_of_the_template_is_left(variant: Project) -> None:
    marked = [
        f"{path.name}: {match[0]}"
        for path in _files(variant)
        if path.suffix != ".mako"
        and not _is_of_helm(path)
        and (match := TEMPLATE_MARK.search(path.read_text()))
    ]
    named = [path for path in _files(variant) if TEMPLATE_MARK.search(str(path))]

    assert marked == []
    assert named == []


def test_data_files_parse(variant: Project) -> None:
    parsers: dict[str, Callable[[str], object]] = {
        ".toml": tomllib.loads,
        ".lock": tomllib.loads,
        ".yml": yaml.safe_load,
        ".yaml": yaml.safe_load,
        ".json": json.loads,
    }
    parsed = [
        parsers[path.suffix](path.read_text())
        for path in _files(variant)
        if path.suffix in parsers and not _is_of_helm(path)
    ]

    assert len(parsed) >= 3
    assert all(parsed)


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=["check", "format"])
def test_ruff_finds_nothing(variant: Project, command: list[str]) -> None:
    done = subprocess.run(
        [TOOLS / "ruff", *command, "--no-cache", "."],
        cwd=variant.path,
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout


def test_the_lock_passes_uvs_own_check(variant: Project) -> None:
    variant.run("uv", "lock", "--check", "--offline")


@pytest.mark.thorough("uv resolves every variant anew")
def test_the_lock_is_to_the_letter_what_uv_itself_would_write(
    variant: Project, tmp_path: Path
) -> None:
    copy = Project(shutil.copytree(variant.path, tmp_path / "copy"))
    lock = copy.path / "uv.lock"
    before = lock.read_text()
    # uv writes a lock only when it has something to mend, so a requirement is made to be missing.
    lock.write_text(re.sub(r'\n    { name = "structlog", specifier.*', "", before))

    copy.run("uv", "lock")

    assert lock.read_text() == before


def test_the_lock_holds_no_package_that_nothing_needs(variant: Project) -> None:
    exported = variant.run(
        "uv", "export", "--frozen", "--all-groups", "--no-hashes", "--quiet"
    ).stdout
    needed = set(re.findall(r"^([a-z0-9-]+)==", exported, re.MULTILINE))
    lock = tomllib.loads((variant.path / "uv.lock").read_text())

    assert {package["name"] for package in lock["package"]} == needed | {
        variant.answers["project_slug"],
        "slipway-kit",
    }


def _without_kit(path: Path) -> bytes:
    """Return the content of a file; that of the lock without the kit, which every service has."""
    content = path.read_bytes()
    if path.name != "uv.lock":
        return content
    blocks = content.split(b"[[package]]\n")
    return b"".join(block for block in blocks if not block.startswith(b'name = "slipway-kit"'))


@pytest.mark.parametrize("feature", sorted(WORDS_OF_FEATURES))
def test_a_feature_that_was_not_chosen_leaves_no_trace(variant: Project, feature: str) -> None:
    own = {path: _without_kit(path) for path in _files(variant) if "packages" not in path.parts}
    if QUESTIONS.complete(variant.answers)[feature]:
        assert any(WORDS_OF_FEATURES[feature].search(text) for text in own.values())
        return
    traces = [
        f"{path.relative_to(variant.path)}: {match[0].decode()}"
        for path, text in own.items()
        # The answers' file says what was not chosen, in the words of the questions. What .gitignore
        # keeps out of commits is still on people's machines when its feature is switched off, and
        # scripts/update.py keeps what databases have of it.
        if path.name not in {".copier-answers.yml", ".gitignore", "LICENSE", "update.py"}
        and (match := WORDS_OF_FEATURES[feature].search(text))
    ]

    assert traces == []


def test_the_coverage_gate_leaves_out_what_the_template_owns_and_nothing_else(
    variant: Project,
) -> None:
    settings = tomllib.loads((variant.path / "pyproject.toml").read_text())
    left_out = settings["tool"]["coverage"]["run"]["omit"]
    package = variant.path / "src" / str(variant.answers["package_name"])
    # coverage looks below a folder whose pattern ends in an asterisk.
    present = {
        f"src/*/{path.name}/*" if path.is_dir() else f"src/*/{path.name}"
        for path in package.iterdir()
        if path.is_dir() or path.suffix == ".py"
    }
    team = {f"src/*/{name}" for name in OF_THE_TEAM}

    assert sorted(left_out) == sorted(present - team)


def test_no_commit_takes_secrets_or_data_whatever_was_chosen(
    variant: Project, tmp_path: Path
) -> None:
    shutil.copy(variant.path / ".gitignore", tmp_path)
    git("init", "--quiet", folder=tmp_path)

    ignored = git("check-ignore", *SECRETS_AND_DATA, folder=tmp_path)

    assert ignored.splitlines() == SECRETS_AND_DATA


def test_the_answers_file_remembers_the_answers_and_nothing_computed(variant: Project) -> None:
    computed = {question.name for question in QUESTIONS.all if question.is_computed}

    assert not computed & set(variant.answers)
    assert set(variant.answers) >= {"_commit", "_src_path", "project_name", "database"}
