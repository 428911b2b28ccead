"""Measure the requests that users make: with a token, on PostgreSQL, over a minimal service.

    python -m bench.real_path [--quick] [--write docs/performance.md]

The services run on both frameworks, with and without Redis, with everything on. The minimal service
(minimal_app.py) does the same work by hand. All run at once, a worker each, and are loaded in
rounds of changing order, like those of bench.stack.
"""

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import LiteralString

import httpx2
import psutil
import psycopg

from bench.accounts import ADMIN, SETTINGS, UNLIMITED
from bench.load import MISSING, cpu_seconds, wrk, wrk_is_here
from bench.stack import BEGIN, CONNECTIONS, FRAMEWORKS, Round, Spread, Subject, ratios, written
from bench.stack import describe_place as place_of
from tests.support.accounts import AUTH, Visitor, create_user, make_admin
from tests.support.mail import receiving
from tests.support.processes import family
from tests.support.project import Project
from tests.support.rendering import render
from tests.support.repository import clone_with_releases
from tests.support.servers import postgresql, scratch_database, valkey
from tools.environment import without_settings
from tools.questions import ROOT

ITEMS = "/api/v1/items"
LIVE = "/health/live"
CREATE = "create an item"
REQUESTS = {
    "read an item": f"{ITEMS}/7",
    "list 20 of 1,000 with a count": ITEMS,
    CREATE: ITEMS,
    "`/me`": f"{AUTH}/me",
    "liveness": LIVE,
}
"""The paths of what is measured, by what the tables call it."""
COUNTED = 20
"""Requests whose statements are counted."""
MINIMAL = "minimal"
NAMES = {"fastapi": "FastAPI", "django": "Django"}
_FILL: tuple[LiteralString, ...] = (
    """INSERT INTO users (id, email, name, role, created_at, updated_at)
    SELECT gen_random_uuid(), 'user' || n || '@example.com', 'User', 'user', now(), now()
    FROM generate_series(1, 1000) AS n""",
    """INSERT INTO items (owner_id, name, description, quantity, created_at, updated_at)
    SELECT %(owner)s, 'Item ' || n, 'An item of the bench.', n, now(), now()
    FROM generate_series(1, 1000) AS n""",
    "ANALYZE",
)
_REMOVE_CREATED: LiteralString = "DELETE FROM items WHERE name LIKE 'created %'"


@dataclass
class Measured:
    """A server, its database and the tokens of two users: one has the items, the other creates.

    Attributes:
        rounds: What each request cost, by its name.
        statements: What each request sends to the database, by its name.
        memory: Its resident memory after the load, in MB.
    """

    subject: Subject
    database_url: str
    reader: str = ""
    writer: str = ""
    start: float = 0.0
    memory: float = 0.0
    rounds: dict[str, list[Round]] = field(default_factory=lambda: {name: [] for name in REQUESTS})
    statements: dict[str, float] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.subject.port}"

    @property
    def pid(self) -> int:
        """Its process."""
        if self.subject.process is None:
            raise RuntimeError(f"{self.subject.name} is not started")
        return self.subject.process.pid

    def load(self, request: str, seconds: int) -> Round:
        """Send a request for some seconds; return what that cost."""
        creates = request == CREATE
        before = cpu_seconds(self.pid)
        report = wrk(
            self.url + REQUESTS[request],
            seconds=seconds,
            connections=CONNECTIONS,
            token=self.writer if creates else self.reader,
            script=(ROOT / "bench" / "create_items.lua", f"created {uuid.uuid4().hex} ")
            if creates
            else None,
        )
        cost = cpu_seconds(self.pid) - before
        if creates:  # so that the tables do not grow with the rounds
            with psycopg.connect(self.database_url, autocommit=True) as connection:
                connection.execute(_REMOVE_CREATED)
        return Round(report, cost)

    def send(self, http: httpx2.Client, request: str) -> None:
        """Send a request once."""
        creates = request == CREATE
        http.request(
            "POST" if creates else "GET",
            self.url + REQUESTS[request],
            headers={"Authorization": f"Bearer {self.writer if creates else self.reader}"},
            json={"name": f"created {uuid.uuid4()}"} if creates else None,
        ).raise_for_status()


def row_of(cells: Sequence[str]) -> str:
    """Return a row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def table(found: Sequence[Measured]) -> str:
    """Return the CPU per request over that of the first, and the statements of a request."""
    first = found[0]
    names = [each.subject.name for each in found[1:]]
    lines = [
        row_of(["request", f"{first.subject.name}, µs", *names]),
        "|---" * (len(found) + 1) + "|",
    ]
    for request in REQUESTS:
        base = Spread.of([each.microseconds for each in first.rounds[request]])
        cells = [request, f"{base.text(0)}; {first.statements[request]:.1f}"]
        for each in found[1:]:
            ratio = ratios(each.rounds[request], first.rounds[request])
            cells.append(f"{ratio.text(2)}; {each.statements[request]:.1f}")
        lines.append(row_of(cells))
    lines.append(row_of(["memory, MB", *(f"{each.memory:.0f}" for each in found)]))
    lines.append(row_of(["first response, s", *(f"{each.start:.2f}" for each in found)]))
    return "\n".join(lines)


def statements_in(log: str, database: str) -> int:
    """Return how many statements of a database are in a log whose `log_line_prefix` is `%d `."""
    ours = (f"{database} LOG:  statement: ", f"{database} LOG:  execute ")
    return sum(line.startswith(ours) for line in log.splitlines())


def count_statements(found: Sequence[Measured], server_url: str, log: Path) -> None:
    """Count what each request sends to the database, transactions and pings too."""
    with psycopg.connect(server_url, autocommit=True) as connection, httpx2.Client() as http:
        for setting in ("log_statement = 'all'", "log_line_prefix = '%d '"):
            connection.execute(f"ALTER SYSTEM SET {setting}".encode())
        connection.execute("SELECT pg_reload_conf()")
        for each in found:
            database = psycopg.conninfo.conninfo_to_dict(each.database_url)["dbname"]
            for request in REQUESTS:
                each.send(http, request)  # the next one finds the new settings, and caches filled
                before = statements_in(log.read_text(), str(database))
                for _ in range(COUNTED):
                    each.send(http, request)
                after = statements_in(log.read_text(), str(database))
                each.statements[request] = (after - before) / COUNTED
        connection.execute("ALTER SYSTEM RESET ALL")
        connection.execute("SELECT pg_reload_conf()")


def measure(found: Sequence[Measured], *, rounds: int, seconds: int) -> None:
    """Load each with each request in turn, round by round."""
    for each in found:
        for request in REQUESTS:
            each.load(request, 2)  # so that nothing is measured that happens only once
    for number in range(rounds):
        turn = number % len(found)
        for request in REQUESTS:
            for each in [*found[turn:], *found[:turn]]:
                each.rounds[request].append(each.load(request, seconds))
    for each in found:
        each.memory = sum(map(_resident, family(psutil.Process(each.pid)))) / 1e6


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def prepare(template: Path, folder: Path, framework: str) -> Project:
    """Render the default service of a framework and install it."""
    project = render(template, folder / framework, {"framework": framework})
    project.run("uv", "sync", "--quiet", "--frozen", "--no-dev", "--compile-bytecode")
    return project


@contextlib.contextmanager
def started(subject: Subject, project: Project, database_url: str) -> Iterator[Measured]:
    """Start a subject in the folder of a service."""
    found = Measured(subject, database_url)
    try:
        found.start = subject.start(project.path, project.path / f".bench-{uuid.uuid4().hex}.log")
        yield found
    finally:
        subject.stop()


def add_rows(served: Measured) -> None:
    """Create two users, 1,000 more and 1,000 items, and log the two in."""
    with httpx2.Client(base_url=served.url, timeout=60) as http:
        admin = Visitor(http, ADMIN).log_in()
        reader, writer = (create_user(admin).log_in() for _ in range(2))
        served.reader, served.writer = reader.access, writer.access
        owner = reader.id
    fields = {"owner": owner}
    with psycopg.connect(served.database_url, autocommit=True) as connection:
        for statement in _FILL:
            connection.execute(statement, fields if "%(" in statement else None)


def _serve(project: Project, environment: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    python = str(project.path / ".venv" / "bin" / "python")
    clean = without_settings(os.environ, project.path)
    return [python, "-m", str(project.answers["package_name"]), "serve"], {**clean, **environment}


def start_all(
    stack: contextlib.ExitStack, projects: Mapping[str, Project], server_url: str
) -> list[Measured]:
    """Start the minimal service and, on each framework, one without and one with Redis."""
    found: list[Measured] = []
    mails = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slipway-bench-")))
    settings = SETTINGS | UNLIMITED | stack.enter_context(receiving(mails))
    settings |= {"DRAIN_SECONDS": "0", "SECRET_KEY": uuid.uuid4().hex * 2}
    for framework, project in projects.items():
        url = stack.enter_context(scratch_database(server_url))
        own = settings | {"DATABASE_URL": url}
        project.make("migrate", env=own)
        make_admin(project, ADMIN, own)
        # Of its own: both services have the same name, and so the same keys.
        redis = {"REDIS_URL": str(stack.enter_context(valkey()).connection_url)}
        for name, more in ((NAMES[framework], {}), (f"{NAMES[framework]}, Redis", redis)):
            command, environment = _serve(project, own | more)
            subject = Subject(name, command, environment, path=LIVE)
            served = stack.enter_context(started(subject, project, url))
            if more:
                served.reader, served.writer = found[-1].reader, found[-1].writer
            else:
                add_rows(served)
            found.append(served)
        if framework == "fastapi":
            project.run("uv", "pip", "install", "--quiet", "psycopg-pool")
            environment["PYTHONPATH"] = str(ROOT)
            command = [
                command[0], "-m", "uvicorn", "bench.minimal_app:app", "--host", "127.0.0.1",
                "--port", "{port}", "--loop", "uvloop", "--http", "httptools", "--no-access-log",
            ]  # fmt: skip
            subject = Subject(MINIMAL, command, environment, path=LIVE)
            minimal = stack.enter_context(started(subject, project, url))
            minimal.reader, minimal.writer = served.reader, served.writer
            found.insert(0, minimal)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 2 if there is nothing to load with."""
    parser = argparse.ArgumentParser(prog="python -m bench.real_path", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--layers", action="store_true", help="for bench.stack; means nothing here")
    parser.add_argument("--write", type=Path, help="write the figures into this document")
    given = parser.parse_args(arguments)
    rounds, seconds = (3, 2) if given.quick else (7, 2)
    if not wrk_is_here():
        print(MISSING, file=sys.stderr)
        return 2
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slipway-bench-")))
        template = clone_with_releases(folder / "template")
        projects = {name: prepare(template, folder, name) for name in FRAMEWORKS}
        server = stack.enter_context(postgresql())
        found = start_all(stack, projects, server.get_uri())
        measure(found, rounds=rounds, seconds=seconds)
        count_statements(found, server.get_uri(), Path(server.log))
        places = [place_of(projects[name], FRAMEWORKS[name]) for name in FRAMEWORKS]
    rate = statistics.median(each.report.per_second for each in found[0].rounds["`/me`"])
    where = (
        f"{'; '.join(places)}. {rounds} rounds of {seconds} s for each request and subject, "
        f"{CONNECTIONS} connections; median (lower to upper quartile) of the CPU per request "
        "over that of the minimal service; then the statements of a request. The minimal "
        f"service responds to {rate:.0f} `/me` per second."
    )
    block = f"{where}\n\n{table(found)}"
    print(block)
    if given.write:
        begin = BEGIN.replace("bench.stack", "bench.real_path")
        given.write.write_text(written(given.write.read_text(), block, begin))
    return 0


if __name__ == "__main__":
    sys.exit(main())
