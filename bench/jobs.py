"""Measure what workers do: jobs per second, and the processor time of a job.

    python -m bench.jobs [--quick] [--write docs/performance.md]

The jobs are the example's, which write one line of the log, so that nearly all that is measured is
the queue itself: a job is fetched, run, logged, counted and deleted. They are stored at once while
the workers wait. PostgreSQL stands on the same machine and shares its processors with the workers.
"""

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from bench.load import LoadError, cpu_seconds
from bench.stack import BEGIN, FRAMEWORKS, SETTINGS, Subject, written
from bench.stack import describe_place as place_of
from tests.support.project import Project
from tests.support.rendering import render
from tests.support.repository import clone_with_releases
from tests.support.servers import Ask, asking_postgresql, postgresql, scratch_database
from tools.environment import without_settings

WORKERS = (1, 2, 4)
LONGEST_ROUND_SECONDS = 300
_ENQUEUE = """
INSERT INTO procrastinate_jobs (queue_name, task_name, args)
SELECT 'default', 'items.announce', jsonb_build_object('item_id', n)
FROM generate_series(1, {jobs}) AS n
"""
_LEFT = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'items.announce'"


@dataclass
class Worked:
    """What so many worker processes of a framework did, round by round.

    Attributes:
        rates: Jobs per second.
        costs: Milliseconds of processor time for a job: of the workers, and of PostgreSQL.
    """

    framework: str
    workers: int
    rates: list[float] = field(default_factory=list)
    costs: list[tuple[float, float]] = field(default_factory=list)

    def row(self) -> str:
        """Return it as a row of the table, of medians."""
        own, database = (statistics.median(each) for each in zip(*self.costs, strict=True))
        rate = statistics.median(self.rates)
        spread = f"{min(self.rates):.0f} to {max(self.rates):.0f}"
        return (
            f"| {self.framework} | {self.workers} | {rate:.0f} ({spread}) "
            f"| {own:.2f} | {database:.2f} |"
        )


def table(found: Sequence[Worked]) -> str:
    """Return the figures as Markdown."""
    head = "| framework | workers | jobs per second | CPU per job, ms | of PostgreSQL, ms |"
    return "\n".join([head, "|---|---|---|---|---|", *(each.row() for each in found)])


def work(worked: Worked, subject: Subject, ask: Ask, database: int, *, jobs: int) -> None:
    """Store jobs, and measure until the last is done.

    Raises:
        LoadError: They are not done.
    """
    if subject.process is None:
        raise LoadError(f"{subject.name} is not started")
    before = cpu_seconds(subject.process.pid), cpu_seconds(database)
    began = time.perf_counter()
    ask(_ENQUEUE.format(jobs=jobs))
    while ask(_LEFT)[0][0]:
        if time.perf_counter() - began > LONGEST_ROUND_SECONDS:
            raise LoadError(f"{subject.name}: jobs are left after {LONGEST_ROUND_SECONDS} s")
        time.sleep(0.02)
    worked.rates.append(jobs / (time.perf_counter() - began))
    own = (cpu_seconds(subject.process.pid) - before[0]) / jobs * 1000
    worked.costs.append((own, (cpu_seconds(database) - before[1]) / jobs * 1000))


def measure(project: Project, framework: str, *, rounds: int, jobs: int) -> list[Worked]:
    """Measure each number of workers."""
    python = str(project.path / ".venv" / "bin" / "python")
    command = [python, "-m", str(project.answers["package_name"]), "worker"]
    found = []
    with postgresql() as server, scratch_database(server.get_uri()) as url:
        settings = SETTINGS | {"DATABASE_URL": url}
        environment = without_settings(os.environ, project.path) | settings
        project.make("migrate", env=settings)
        ask, database = asking_postgresql(url), psutil.Process(server.get_pid()).pid
        for workers in WORKERS:
            worked = Worked(framework, workers)
            own = environment | {"WORKERS": str(workers)}
            subject = Subject(f"{workers} workers", command, own, path="/health/ready")
            subject.start(project.path, project.path / f".bench-{workers}.log")
            try:
                # Once before, so that nothing is measured that happens only once.
                work(Worked(framework, workers), subject, ask, database, jobs=jobs)
                for _ in range(rounds):
                    work(worked, subject, ask, database, jobs=jobs)
            finally:
                subject.stop()
            found.append(worked)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.jobs", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds of fewer jobs")
    parser.add_argument("--layers", action="store_true", help="for bench.stack; means nothing here")
    parser.add_argument("--write", type=Path, help="write the figures into this document")
    given = parser.parse_args(arguments)
    rounds, jobs = (3, 500) if given.quick else (7, 2000)
    found, places = [], []
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slipway-bench-")))
        template = clone_with_releases(folder / "template")
        for name, framework in FRAMEWORKS.items():
            answers = {"framework": name, "jobs": True}
            project = render(template, folder / name, answers)
            project.run("uv", "sync", "--quiet", "--frozen", "--no-dev", "--compile-bytecode")
            found += measure(project, name, rounds=rounds, jobs=jobs)
            places.append(place_of(project, framework))
    block = (
        f"{'; '.join(places)}, PostgreSQL on the same machine. {rounds} rounds of {jobs} jobs "
        "that do nothing but log a line, 10 at a time in each worker process; medians (lowest to "
        f"highest).\n\n{table(found)}"
    )
    print(block)
    if given.write:
        begin = BEGIN.replace("bench.stack", "bench.jobs")
        given.write.write_text(written(given.write.read_text(), block, begin))
    return 0


if __name__ == "__main__":
    sys.exit(main())
