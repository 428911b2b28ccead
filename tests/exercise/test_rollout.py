"""A new version in the place of an old one, and back, under load: processes in the place of pods.

A balancer asks for readiness as Kubernetes does, and sends requests to those that are ready.
"""

import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from tests.support.project import Project, Running
from tests.support.rendering import Render
from tests.support.servers import asking_postgresql, scratch_database
from tests.support.variants import on_each_framework

pytestmark = on_each_framework

CLIENTS = 4
PERIOD_SECONDS = 0.3
PATIENCE_SECONDS = 120
# A pod serves on until each balancer knows that it is not ready.
SETTINGS = {"DRAIN_SECONDS": "2", "RATE_LIMIT_ENABLED": "false", "WORKERS": "1"}
ALEMBIC = '''
"""Add a column."""

import sqlalchemy as sa
from alembic import op

revision = "added"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it."""
    op.add_column("items", sa.Column("colour", sa.String(20)))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("items", "colour")
'''
DJANGO = '''
"""Add a column."""

from django.db import migrations


class Migration(migrations.Migration):
    """What the next version needs."""

    dependencies = (("items", "0001_items"),)
    operations = (migrations.RunSQL("ALTER TABLE items ADD COLUMN colour varchar(20)"),)
'''
MIGRATIONS = {
    "fastapi": ("db/migrations/versions/added.py", ALEMBIC),
    "django": ("items/migrations/0002_added.py", DJANGO),
}
COLUMN = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'colour'"


@dataclass
class Balancer:
    """Sends requests to those pods that are ready, as a Service does.

    Attributes:
        pods: The addresses of all pods.
        statuses: How often each status came; 0 counts requests without a response.
        versions: How often each version responded.
    """

    pods: list[str] = field(default_factory=list)
    ready: frozenset[str] = frozenset()
    statuses: Counter[int] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    _ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def under_load(self) -> Iterator[None]:
        """Send requests meanwhile."""
        work = [self._probe, *[self._send] * CLIENTS]
        threads = [threading.Thread(target=each) for each in work]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()

    def is_ready(self, pod: Running) -> bool:
        """Return whether a pod gets requests."""
        return pod.url in self.ready

    def _probe(self) -> None:
        with httpx2.Client(timeout=3) as client:
            while not self._ended.wait(PERIOD_SECONDS):
                self.ready = frozenset(pod for pod in list(self.pods) if _passes(client, pod))

    def _send(self) -> None:
        number = 0
        with httpx2.Client(timeout=30) as client:
            while not self._ended.is_set():
                ready = sorted(self.ready)
                if not ready:
                    time.sleep(0.01)
                    continue
                url = random.choice(ready)  # noqa: S311 -- it spreads requests
                number += 1
                try:
                    if number % 3 == 0:
                        body = {"name": f"item {random.random()}"}  # noqa: S311
                        response = client.post(f"{url}/api/v1/items", json=body)
                    else:
                        path = "/api/v1/items" if number % 3 == 1 else "/"
                        response = client.get(f"{url}{path}")
                except httpx2.TransportError:
                    self._count(0, "")
                else:
                    version = response.json().get("version", "") if number % 3 == 2 else ""
                    self._count(response.status_code, version)

    def _count(self, status: int, version: str) -> None:
        with self._lock:
            self.statuses[status] += 1
            self.versions[version] += 1


def _passes(client: httpx2.Client, pod: str) -> bool:
    try:
        return client.get(f"{pod}/health/ready").status_code == httpx2.codes.OK
    except httpx2.TransportError:
        return False


def _eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)


@pytest.fixture
def old(service: Project) -> Project:
    return service


@pytest.fixture
def new(rendered: Render, framework: str, tmp_path: Path) -> Project:
    """The next version, with a migration more."""
    folder = tmp_path / "next"
    ignored = shutil.ignore_patterns(".venv", ".git", "*.db*", "build")
    shutil.copytree(rendered({"framework": framework, "auth": "none"}).path, folder, ignore=ignored)
    project = Project(folder)
    path, text = MIGRATIONS[framework]
    (next(folder.glob("src/*")) / path).write_text(text.lstrip())
    project.install()
    return project


def test_a_rollout_and_a_rollback_under_load_fail_no_request(
    old: Project,
    new: Project,
    postgresql_url: str,
    framework: str,
    record_property: Callable[[str, object], None],
) -> None:
    balancer = Balancer()
    with scratch_database(postgresql_url) as url, ExitStack() as stack:
        settings = SETTINGS | {"DATABASE_URL": url}
        ask = asking_postgresql(url)

        def start(project: Project, version: str) -> Running:
            env = settings | {"APP_VERSION": version}
            pod = stack.enter_context(project.serving(env))
            balancer.pods.append(pod.url)
            return pod

        def replace(pod: Running, project: Project, version: str) -> Running:
            other = start(project, version)
            _eventually(lambda: balancer.is_ready(other))
            assert pod.stop() == 0
            balancer.pods.remove(pod.url)
            return other

        old.make("migrate", env=settings)
        with balancer.under_load():
            pods = [start(old, "old"), start(old, "old")]
            _eventually(lambda: balancer.versions["old"] > 20)

            # The new version before its migration: it waits.
            early = start(new, "new")
            time.sleep(3 * PERIOD_SECONDS)
            assert not balancer.is_ready(early)
            assert not balancer.versions["new"]
            new.make("migrate", env=settings)
            assert ask(COLUMN) == [(1,)]
            _eventually(lambda: balancer.is_ready(early))
            assert pods.pop().stop() == 0
            pods = [early, replace(pods.pop(), new, "new")]
            _eventually(lambda: balancer.versions["new"] > 20)

            # The way back: the schema stays as it is.
            before = balancer.versions["old"]
            old.make("migrate", env=settings)
            pods = [replace(pod, old, "old") for pod in pods]
            _eventually(lambda: balancer.versions["old"] > before + 20)
            assert ask(COLUMN) == [(1,)]

    answered = balancer.statuses.total()
    record_property("note", f"{framework}: {answered} requests in a rollout and a rollback")
    assert set(balancer.statuses) == {200, 201}
