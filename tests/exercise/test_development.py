"""A developer's first hour with the default service."""

import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.support.project import Project, free_port
from tests.support.rendering import Render
from tools.questions import Answers

PATIENCE = 90


def test_make_dev_migrates_serves_and_reloads_what_is_changed(rendered: Render) -> None:
    # A mix that no other test uses: this one changes its files.
    project = rendered({"project_name": "Reloaded", "license": "MIT", "auth": "none"})
    project.make("install")
    about = project.path / "src" / "reloaded" / "about.py"

    with project.serving(target="dev") as running:
        assert httpx2.get(f"{running.url}/api/v1/items").json()["total"] == 0

        about.write_text(about.read_text().replace('"Reloaded"', '"Changed"'))

        deadline = time.monotonic() + PATIENCE
        while _name(running.url) != "Changed":
            assert time.monotonic() < deadline, running.output()
            time.sleep(0.1)
        assert running.stop() == 0


def _name(url: str) -> str | None:
    try:
        name: str = httpx2.get(url).json()["name"]
    except httpx2.HTTPError:
        return None  # between the old process and the new one
    return name


OWN_TABLE = '''

class Thing(Timestamps, Base):
    """A table of the developer's own."""

    __tablename__ = "things"

    id: Mapped[int] = mapped_column(primary_key=True)
'''


@pytest.mark.parametrize(
    "answers",
    [{}, {"example": False, "auth": "none"}],
    ids=["all", "nothing"],
)
def test_a_model_of_ones_own_becomes_a_migration_that_runs_and_lints(
    rendered: Render, types_known: Path, answers: Answers
) -> None:
    project = rendered({"project_name": "Things", "database": "sqlite", **answers})
    project.make("install")
    tables = project.path / "src" / "things" / "db" / "tables.py"
    tables.write_text(
        tables.read_text().replace(
            "from .models import Base\n",
            "from sqlalchemy.orm import Mapped, mapped_column\n"
            "from .models import Base, Timestamps\n",
        )
        + OWN_TABLE
    )
    project.make("migrate")

    project.make("migration", 'm=a "quoted" `id` $$(id) name')
    project.make("migrate")

    project.make("format")
    project.make("lint")
    project.make("typecheck", env={"MYPY_CACHE_DIR": str(types_known)})
    (written,) = (project.path / "src/things/db/migrations/versions").glob("*quoted*.py")
    assert '"""a "quoted" `id`' in written.read_text()
    assert project.run("uv", "run", "--frozen", "alembic", "check").returncode == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_stop_that_comes_before_the_start_is_done_is_not_lost(
    service: Project, workers: str
) -> None:
    environment = service.environment({"PORT": str(free_port()), "WORKERS": workers})
    for delay in (0, 0.002, 0.01, 0.05):
        server = subprocess.Popen(
            [service.path / ".venv" / "bin" / "python", "-m", "my_service", "serve"],
            cwd=service.path,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while not _catches_sigterm(server.pid):
                assert server.poll() is None
            time.sleep(delay)  # what is tested is each moment of the start

            server.terminate()

            assert server.wait(PATIENCE) == 0
        finally:
            for process in psutil.Process().children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    if process.ppid() == server.pid:
                        process.kill()
            server.kill()
            server.wait()


DROPPED_ONCE = """
import signal, time, uvicorn
from my_service.__main__ import serve

class Finalized:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)

def run(*_, **__):
    Finalized()
    time.sleep(30)
    raise SystemExit("nothing stopped the start")

uvicorn.run = run
serve(reload=False)
"""


def test_a_stop_that_python_drops_in_a_finalizer_is_heard_once_more(service: Project) -> None:
    command = subprocess.run(
        [service.path / ".venv" / "bin" / "python", "-c", DROPPED_ONCE],
        cwd=service.path,
        env=service.environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert "Exception ignored in" in command.stderr, "what this test is about did not happen"
    assert command.returncode == 0, command.stderr


def _catches_sigterm(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    caught = int(status.partition("SigCgt:")[2].split()[0], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)
