"""The tools behind the commands, and the servers behind the tests."""

import difflib
import json
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from packaging.requirements import Requirement

from tests.support.processes import has_ended, send
from tests.support.project import Project
from tests.support.rendering import Render
from tests.support.repository import TEMPLATE_PARTS
from tests.support.servers import postgresql, valkey
from tests.support.variants import variants
from tools import compare, interpreters, lock
from tools.compare import differences
from tools.matrix import matrix
from tools.questions import ROOT


def test_the_lock_and_the_reserved_names_are_what_make_lock_writes() -> None:
    written = lock.build(upgrade=False)

    assert lock.LOCK.read_text() == written.lock
    assert lock.RESERVED.read_text() == written.reserved


def test_what_stands_under_no_condition_has_no_tag() -> None:
    assert list(lock.guarded({lock.ALWAYS, frozenset({"on_a"})}, "x\n")) == ["x\n"]


def test_alternatives_that_another_covers_are_left_out() -> None:
    alternatives = {frozenset({"on_a"}), frozenset({"on_a", "on_b"}), frozenset({"on_c"})}

    assert "".join(lock.guarded(alternatives, "x\n")) == "{% if on_a or on_c %}\nx\n{% endif %}\n"


def test_what_nothing_reaches_is_left_out() -> None:
    assert list(lock.guarded(set(), "x\n")) == []


def _interpreter(folder: Path, name: str, version: str) -> None:
    """Make something that answers as an interpreter of a version, and notes that it was asked."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f'#!/bin/sh\necho "{name}" >> "{folder}/asked"\necho {version}\n')
    (folder / name).chmod(0o755)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file that lists who was asked, on a machine whose PATH is one folder."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "empty"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    interpreters.interpreters.cache_clear()
    yield tmp_path / "bin" / "asked"
    interpreters.interpreters.cache_clear()


def test_interpreters_that_a_service_can_run_on_are_found_and_others_not_asked(
    asked: Path, tmp_path: Path
) -> None:
    for name, version in (("python3.9", "3.9"), ("python3.12", "3.12"), ("python3.14", "nothing")):
        _interpreter(tmp_path / "bin", name, version)
    _interpreter(tmp_path / "pyenv" / "versions" / "3.13.0" / "bin", "python3", "3.13")
    _interpreter(tmp_path / "pyenv" / "versions" / "3.8.0" / "bin", "python3", "3.8")

    assert interpreters.interpreters() == {
        "3.12": tmp_path / "bin",
        "3.13": tmp_path / "pyenv" / "versions" / "3.13.0" / "bin",
    }
    assert asked.read_text().split() == ["python3.12", "python3.14"]


def test_each_interpreter_is_asked_once(asked: Path, tmp_path: Path) -> None:
    _interpreter(tmp_path / "bin", "python3.12", "3.12")
    (tmp_path / "bin" / "python3.13").symlink_to("python3.12")

    assert set(interpreters.interpreters()) == {"3.12"}
    assert asked.read_text().split() == ["python3.12"]


@pytest.mark.parametrize(
    ("found", "wanted", "chosen"),
    [
        (["3.12", "3.13"], "3.12", "3.12"),
        (["3.12", "3.13"], "3.14", "3.13"),
        ([], "3.13", "3.13"),
    ],
)
def test_the_wanted_python_is_taken_else_the_newest_else_uv_fetches_it(
    monkeypatch: pytest.MonkeyPatch, found: list[str], wanted: str, chosen: str
) -> None:
    monkeypatch.setattr(interpreters, "interpreters", lambda: dict.fromkeys(found, Path("bin")))
    monkeypatch.delenv("UV_PYTHON_DOWNLOADS", raising=False)

    assert interpreters.runnable_version(wanted) == chosen


def test_without_any_python_the_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreters, "interpreters", dict)
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")

    with pytest.raises(interpreters.NoInterpreterError, match="uv python install"):
        interpreters.runnable_version("3.13")


def test_a_shells_variables_do_not_set_up_the_services_that_tests_run(
    rendered: Render, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = {"WORKERS": "3", "SENTRY_DSN": "nowhere", "MAKEFLAGS": " -- WORKERS=3", "OURS": "1"}
    for name, value in shell.items():
        monkeypatch.setenv(name, value)

    found = rendered({}).environment({"PORT": "1"})

    assert {name: found[name] for name in {*shell, "PORT"} & set(found)} == {
        "OURS": "1",
        "PORT": "1",
    }


def test_the_matrix_has_a_job_for_each_variant() -> None:
    jobs = json.loads(json.dumps(matrix()))["include"]

    assert [job["variant"] for job in jobs] == list(variants())


def test_postgresql_responds_and_is_gone_afterwards() -> None:
    with postgresql() as server:
        pid = server.get_pid()
        with psycopg.connect(server.get_uri()) as connection:
            row = connection.execute("SELECT 1").fetchone()

    assert row == (1,)
    assert pid
    # Where nobody waits for orphans, an ended process stays in the table as a zombie.
    with suppress(psutil.NoSuchProcess):
        assert has_ended(psutil.Process(pid))


def test_a_signal_to_a_process_that_ends_meanwhile_is_no_error() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    process = psutil.Process(child.pid)
    child.wait()

    send([process], signal.SIGCONT)

    assert has_ended(process)


def test_valkey_responds_and_is_gone_afterwards() -> None:
    with valkey() as server:
        url = server.connection_url
        with redis.Redis.from_url(url) as client:
            assert client.ping()

    with redis.Redis.from_url(url) as client, pytest.raises(redis.ConnectionError):
        client.ping()


def test_a_commit_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        compare.main(["HEAD", "nosuch"])

    assert "argument other: 'nosuch' is no commit of this repository" in capsys.readouterr().err


def test_two_templates_are_compared_by_all_that_they_render(tmp_path: Path) -> None:
    base, other = tmp_path / "base", tmp_path / "other"
    for folder in (base, other):
        for part in TEMPLATE_PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            folder.mkdir(exist_ok=True)
            copy(ROOT / part, folder / part)
    (other / "template" / "Makefile.jinja").write_text("changed: {{ project_slug }}\n")
    (other / "template" / "empty").mkdir()
    (other / "template" / "renovate.json.jinja").unlink()
    (other / "template" / ".pre-commit-config.yaml").chmod(0o755)

    found = differences(base, other, {"ci": "gitlab"})

    assert differences(base, base, {"ci": "gitlab"}) == []
    assert found == [
        ".pre-commit-config.yaml: was -rw-r--r--, is -rwxr-xr-x",
        "Makefile: differs from line 1 on",
        "empty: is new",
        "renovate.json: is gone",
    ]


def test_the_lock_has_the_size_of_each_file_so_that_uv_has_nothing_to_add() -> None:
    files = [line for line in lock.LOCK.read_text().splitlines() if "url = " in line]

    assert files
    assert [line for line in files if ", size = " not in line] == []


def test_the_lock_names_no_other_hosts_than_pypis() -> None:
    hosts = set(re.findall(r"https?://([^/\"]+)", lock.LOCK.read_text()))

    assert hosts == {"files.pythonhosted.org", "pypi.org"}


@pytest.mark.parametrize("framework", ["fastapi", "django"])
def test_a_requirement_that_uv_adds_is_sorted_in_and_leaves_the_lock_as_it_is(
    rendered: Render, tmp_path: Path, framework: str
) -> None:
    source = rendered({"framework": framework})
    service = Project(shutil.copytree(source.path, tmp_path / "service"))
    before = {name: (service.path / name).read_text() for name in ("pyproject.toml", "uv.lock")}

    service.run("uv", "add", "--no-sync", "--quiet", "anyio")

    dependencies = tomllib.loads((service.path / "pyproject.toml").read_text())["project"][
        "dependencies"
    ]
    names = [Requirement(text).name for text in dependencies]
    assert "anyio" in names
    assert names == sorted(names)
    gone = [
        line
        for name, text in before.items()
        for line in difflib.unified_diff(
            text.splitlines(), (service.path / name).read_text().splitlines(), lineterm="", n=0
        )
        if line.startswith("-") and not line.startswith("---")
    ]
    assert gone == []
