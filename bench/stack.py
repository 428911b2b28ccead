"""Measure what a rendered service's stack costs: processor time per request, beside the framework.

    python -m bench.stack [--framework django] [--quick] [--layers] [--write docs/performance.md]

All subjects run at once, one process each, in the rendered service's own environment, under the
same options of the same server. They are loaded in turn, in rounds of changing order, so that what
else the machine does falls on all alike; figures are compared within one run only.
"""

import argparse
import contextlib
import http.client
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.load import MISSING, LoadError, Report, cpu_seconds, wrk, wrk_is_here
from tests.support.project import Project, free_port
from tests.support.rendering import render
from tests.support.repository import clone_with_releases
from tests.support.servers import valkey
from tools.environment import settings_of, without_settings
from tools.questions import ROOT

PATH = "/api/v1/readings/7"
BARE, FULL, REDIS, REFERENCE = "bare FastAPI", "full stack", "full stack, Redis", "five classes"
LARGER = "FastAPI, router and dependency"
BARE_DRF, DJANGOS_OWN = "bare DRF", "bare DRF, Django's handler"
MEANING = {
    BARE: "FastAPI with the endpoint and nothing else",
    LARGER: "FastAPI with a router and a dependency of all endpoints, as a larger application has",
    BARE_DRF: "Django REST framework with the endpoint and nothing else, in the service's threads",
    DJANGOS_OWN: "the same in Django's own ASGI handler, which starts a thread for each request",
    FULL: "the default service with everything on; limits in process",
    REDIS: "the same, with limits in Redis (a Valkey on the same machine)",
    REFERENCE: "FastAPI with five classes of `BaseHTTPMiddleware`, as tutorials write them",
}


@dataclass(frozen=True)
class Framework:
    """What a service is built on, and its yardstick.

    Args:
        name: The answer.
        bare: What the tables call the framework with the endpoint and nothing else.
        app: That, as uvicorn takes it.
        others: Further applications to compare with, by what the tables call them.
        packages: Whose versions a run is described by, by what people call them.
        lifespan: Whether the framework knows when its server starts and stops.
    """

    name: str
    bare: str
    app: str
    others: Mapping[str, str]
    packages: Mapping[str, str]
    lifespan: str

    @property
    def begin(self) -> str:
        """What stands before its figures in the document."""
        return (
            BEGIN
            if self.name == "fastapi"
            else BEGIN.replace(" -->", f" --framework {self.name} -->")
        )


FRAMEWORKS = {
    framework.name: framework
    for framework in (
        Framework(
            "fastapi", BARE, "bench.bare_app:app",
            {LARGER: "bench.router_app:app", REFERENCE: "bench.reference_app:app"},
            {"FastAPI": "fastapi", "uvicorn": "uvicorn"}, "on",
        ),
        Framework(
            "django", BARE_DRF, "bench.bare_django:in_threads",
            {DJANGOS_OWN: "bench.bare_django:application"},
            {"Django": "django", "DRF": "djangorestframework", "uvicorn": "uvicorn"}, "off",
        ),
    )
}  # fmt: skip
GOALS = {
    BARE: {FULL: (2.0, 2.5), REDIS: (2.5, 2.8)},
    BARE_DRF: {FULL: (1.5, 1.8), REDIS: (2.5, 2.8)},
}
"""Times the processor time of the bare framework: what is aimed at, and what must not be passed."""
START_GOAL_SECONDS = 1.5
LONGEST_START_SECONDS = 30
CONNECTIONS = 16

# Sentry stays without its DSN. Staging is production without the demand for a PostgreSQL server,
# which the endpoint would not use. Settings that a service does not know change nothing.
SETTINGS = {
    "ENVIRONMENT": "staging",
    "LOG_FORMAT": "json",
    "DRAIN_SECONDS": "0",
    "RATE_LIMIT_DEFAULT": "1000000/minute",
}
# What each layer costs is seen without it. Only layers that the service has are measured.
LAYERS = {
    "the request's log line": {"REQUEST_LOG_ENABLED": "false"},
    "metrics": {"METRICS_ENABLED": "false"},
    "rate limits": {"RATE_LIMIT_ENABLED": "false"},
    "security headers": {
        "SECURITY_HEADERS_ENABLED": "false", "CSP_ENABLED": "false", "HSTS_ENABLED": "false",
    },
    "timing": {"TIMING_ENABLED": "false"},
    "compression": {"GZIP_MINIMUM_BYTES": "0"},
}  # fmt: skip
BEGIN = "<!-- measured: written by python -m bench.stack -->"
END = "<!-- measured: end -->"
_MARK = re.compile(r"<!-- measured: written by [^>]*-->")


@dataclass
class Subject:
    """A server that is measured.

    Args:
        name: What the tables call it.
        command: What starts it, with `{port}` for its port.
        environment: What it finds in its environment.
        path: What is requested.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    path: str = PATH
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    rounds: list["Round"] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)

    def start(self, folder: Path, log: Path) -> float:
        """Start it and wait for its first good answer; return the seconds until then."""
        self.port = free_port()
        with log.open("wb") as output:
            started = time.perf_counter()
            self.process = subprocess.Popen(
                [part.format(port=self.port) for part in self.command],
                cwd=folder,
                env=dict(self.environment) | {"PORT": str(self.port)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        while not self._answers():
            if (
                self.process.poll() is not None
                or time.perf_counter() - started > LONGEST_START_SECONDS
            ):
                raise LoadError(f"{self.name} does not start:\n{log.read_text()}")
            time.sleep(0.001)
        return time.perf_counter() - started

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", self.path)
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """End it."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def load(self, seconds: int) -> "Round":
        """Load it for some seconds; return what that cost."""
        if self.process is None:
            raise LoadError(f"{self.name} is not started")
        before = cpu_seconds(self.process.pid)
        report = wrk(
            f"http://127.0.0.1:{self.port}{self.path}", seconds=seconds, connections=CONNECTIONS
        )
        return Round(report, cpu_seconds(self.process.pid) - before)


@dataclass(frozen=True)
class Round:
    """What wrk saw, and the processor time that it took the server, in seconds."""

    report: Report
    cpu: float

    @property
    def microseconds(self) -> float:
        """Processor time per request."""
        return self.cpu / self.report.requests * 1e6


@dataclass(frozen=True)
class Spread:
    """The middle of some figures, and the quartiles beside it."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> "Spread":
        """Return the spread of at least two figures."""
        low, median, high = statistics.quantiles(figures, n=4, method="inclusive")
        return cls(low, median, high)

    def text(self, digits: int) -> str:
        """Return it as `median (low to high)`."""
        low, median, high = (f"{each:.{digits}f}" for each in (self.low, self.median, self.high))
        return f"{median} ({low} to {high})"


def ratios(rounds: Sequence[Round], bare: Sequence[Round]) -> Spread:
    """Return how many times bare's processor time per request it took, round by round."""
    pairs = zip(rounds, bare, strict=True)
    return Spread.of([mine.microseconds / its.microseconds for mine, its in pairs])


def prepare(folder: Path, framework: Framework) -> Project:
    """Render the default service, give it the endpoint as a slice of its own, install it."""
    template = clone_with_releases(folder / "template")
    project = render(template, folder / "service", {"framework": framework.name})
    package = project.path / "src" / str(project.answers["package_name"])
    if framework.name == "django":
        _add_django_slice(package)
    else:
        _add_slice(package)
    project.run("uv", "sync", "--quiet", "--frozen", "--no-dev", "--compile-bytecode")
    return project


def _add_slice(package: Path) -> None:
    (package / "readings.py").write_text((ROOT / "bench" / "endpoint.py").read_text())
    with (package / "custom.py").open("a") as custom:
        custom.write("    from fastapi import Depends\n\n")
        custom.write("    from .public import PUBLIC\n    from .readings import router\n\n")
        public = "dependencies=[Depends(PUBLIC)]"
        custom.write(f'    app.include_router(router, prefix="/api/v1", {public})\n')


def _add_django_slice(package: Path) -> None:
    endpoint = (ROOT / "bench" / "django_endpoint.py").read_text()
    (package / "readings.py").write_text(endpoint)
    custom = package / "custom.py"
    declared = "URLS: dict[str, tuple[str, ...]] = "
    if f"{declared}{{}}" not in (text := custom.read_text()):
        raise LoadError(f"custom.py has no line `{declared}{{}}` to list the endpoint in")
    listed = f'{{"v1": ("{package.name}.readings",)}}'
    custom.write_text(text.replace(f"{declared}{{}}", f"{declared}{listed}"))


def subjects(
    project: Project, framework: Framework, redis_url: str | None, *, layers: bool
) -> list[Subject]:
    """Return what is measured, the bare framework first."""
    python = str(project.path / ".venv" / "bin" / "python")
    known = settings_of(project.path)
    clean = without_settings(os.environ, project.path)
    apart = clean | {"PYTHONPATH": str(ROOT)}
    serve = [python, "-m", str(project.answers["package_name"]), "serve"]

    def server(app: str) -> list[str]:
        # The options under which the service serves itself (its __main__.py).
        return [
            python, "-m", "uvicorn", app, "--host", "127.0.0.1", "--port", "{port}",
            "--loop", "uvloop", "--http", "httptools", "--lifespan", framework.lifespan,
            "--no-access-log", "--no-proxy-headers", "--no-server-header",
        ]  # fmt: skip

    found = [
        Subject(framework.bare, server(framework.app), apart),
        Subject(FULL, serve, clean | SETTINGS),
        *(Subject(name, server(app), apart) for name, app in framework.others.items()),
    ]
    if redis_url:
        found.append(Subject(REDIS, serve, clean | SETTINGS | {"REDIS_URL": redis_url}))
    if layers:
        there = {name: off for name, off in LAYERS.items() if known.intersection(off)}
        found += [Subject(name, serve, clean | SETTINGS | off) for name, off in there.items()]
        every = {setting: value for off in there.values() for setting, value in off.items()}
        found.append(Subject("all of these", serve, clean | SETTINGS | every))
    return found


@contextlib.contextmanager
def running(found: Sequence[Subject], folder: Path) -> Iterator[None]:
    """Run all subjects at once."""
    try:
        for number, subject in enumerate(found):
            subject.start(folder, folder / f"subject-{number}.log")
        yield
    finally:
        for subject in found:
            subject.stop()


def measure(found: Sequence[Subject], *, rounds: int, seconds: int) -> None:
    """Load each in turn, round by round, beginning with another one each time."""
    for subject in found:
        subject.load(1)  # so that nothing is measured that happens only once
    for number in range(rounds):
        turn = number % len(found)
        for subject in [*found[turn:], *found[:turn]]:
            subject.rounds.append(subject.load(seconds))


def measure_starts(found: Sequence[Subject], folder: Path, *, starts: int) -> None:
    """Start each several times while nothing else runs."""
    for _ in range(starts):
        for subject in found:
            subject.starts.append(subject.start(folder, folder / "start.log"))
            subject.stop()


def table(found: Sequence[Subject]) -> str:
    """Return the figures of the subjects that are whole stacks, as Markdown."""
    bare = found[0].rounds
    lines = [
        "| subject | CPU per request, µs | times bare | requests per second | p99, ms | start, s |",
        "|---|---|---|---|---|---|",
    ]
    for subject in found:
        if subject.name not in MEANING:
            continue
        cells = [
            subject.name,
            Spread.of([each.microseconds for each in subject.rounds]).text(0),
            ratios(subject.rounds, bare).text(2),
            f"{statistics.median(each.report.per_second for each in subject.rounds):.0f}",
            f"{statistics.median(each.report.p99_ms for each in subject.rounds):.1f}",
            f"{statistics.median(subject.starts):.2f}" if subject.starts else "",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def table_of_layers(found: Sequence[Subject]) -> str:
    """Return what is saved without a layer, as Markdown; empty if no layer was measured."""
    layers = [subject for subject in found if subject.name not in MEANING]
    if not layers:
        return ""
    bare = found[0].rounds
    full = next(subject.rounds for subject in found if subject.name == FULL)
    base = statistics.median(each.microseconds for each in bare)
    lines = ["| switched off | saves, µs | saves, times bare |", "|---|---|---|"]
    for subject in layers:
        saved = Spread.of(
            [
                (whole.microseconds - less.microseconds) / its.microseconds
                for whole, less, its in zip(full, subject.rounds, bare, strict=True)
            ]
        )
        lines.append(f"| {subject.name} | {saved.median * base:.0f} | {saved.text(2)} |")
    return "\n".join(lines)


def verdicts(found: Sequence[Subject]) -> tuple[list[str], bool]:
    """Return a line for each goal, and whether a limit is passed."""
    lines, passed = [], False
    goals = GOALS[found[0].name]
    for subject in found:
        if subject.name in goals:
            goal, limit = goals[subject.name]
            ratio = ratios(subject.rounds, found[0].rounds).median
            word = "met" if ratio <= goal else "missed" if ratio <= limit else "OVER THE LIMIT"
            passed = passed or ratio > limit
            lines.append(
                f"{subject.name}: {ratio:.2f} times bare; goal {goal}, limit {limit}: {word}"
            )
        if subject.name == FULL and subject.starts:
            start = statistics.median(subject.starts)
            word = "met" if start <= START_GOAL_SECONDS else "missed"
            lines.append(
                f"{subject.name}: first response after {start:.2f} s; "
                f"goal {START_GOAL_SECONDS}: {word}"
            )
    return lines, passed


def describe_run(project: Project, framework: Framework, *, rounds: int, seconds: int) -> str:
    """Return a sentence on where and how it was measured."""
    return (
        f"{describe_place(project, framework)}; {rounds} rounds of {seconds} s for each "
        f"subject, {CONNECTIONS} connections; median (lower to upper quartile)."
    )


def describe_place(project: Project, framework: Framework) -> str:
    """Return on what it was measured: the versions, and the machine."""
    code = (
        "import platform, sys; from importlib.metadata import version;"
        "print(platform.python_version(), *map(version, sys.argv[1:]))"
    )
    python = str(project.path / ".venv/bin/python")
    done = project.run(python, "-c", code, *framework.packages.values()).stdout.split()
    found = ", ".join(
        f"{name} {version}"
        for name, version in zip(("Python", *framework.packages), done, strict=True)
    )
    return f"{found}, {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"


def written(text: str, block: str, begin: str = BEGIN) -> str:
    """Return a document with what stands between its marks replaced.

    Raises:
        ValueError: The marks are not there, once each.
    """
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(END)
    paired = len(_MARK.findall(text)) == text.count(END)
    if text.count(begin) != 1 or END not in rest or not paired:
        raise ValueError(f"the document needs the lines `{begin}` and `{END}`, once each")
    return f"{before}{begin}\n\n{block}\n\n{END}{after}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 1 if one is over its limit, 2 if there is nothing to load with."""
    parser = argparse.ArgumentParser(prog="python -m bench.stack", description=__doc__)
    parser.add_argument("--framework", choices=FRAMEWORKS, default="fastapi")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--layers", action="store_true", help="each layer's share, too")
    parser.add_argument("--write", type=Path, help="write the figures into this document")
    given = parser.parse_args(arguments)
    framework = FRAMEWORKS[given.framework]
    rounds, seconds, starts = (3, 1, 2) if given.quick else (9, 2, 5)
    if not wrk_is_here():
        print(MISSING, file=sys.stderr)
        return 2
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slipway-bench-")))
        project = prepare(folder, framework)
        redis_url = None
        if project.answers.get("redis"):
            redis_url = str(stack.enter_context(valkey()).connection_url)
        found = subjects(project, framework, redis_url, layers=given.layers)
        with running(found, project.path):
            measure(found, rounds=rounds, seconds=seconds)
        measure_starts(
            [each for each in found if each.name in MEANING], project.path, starts=starts
        )
        where = describe_run(project, framework, rounds=rounds, seconds=seconds)
    lines, passed = verdicts(found)
    parts = [where, table(found), table_of_layers(found), "\n".join(f"- {line}" for line in lines)]
    block = "\n\n".join(part for part in parts if part)
    print(block)
    if given.write:
        given.write.write_text(written(given.write.read_text(), block, framework.begin))
    return int(passed)


if __name__ == "__main__":
    sys.exit(main())
