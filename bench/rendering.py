"""Measure what a user waits for: rendering a service, and updating one.

    python -m bench.rendering [--quick] [--write docs/performance.md]

Time on the clock of Copier's command line, start of Python included, and the processor time of it
and its children; the median of seven rounds, or one quick one. The largest example is updated from
each of the two newest releases.
"""

import argparse
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import yaml

from bench.stack import written
from tests.support.repository import THIS_TREE, asked, clone_with_releases, identify
from tools.questions import ROOT, Answers
from tools.releases import git, releases

COPIER = str(Path(sys.executable).parent / "copier")
LARGEST = "windflow"
ROUNDS = 7
BEGIN = "<!-- measured: written by python -m bench.rendering -->"


@dataclass
class Work:
    """What Copier has to do.

    Attributes:
        name: What the table calls it.
        limit: The seconds that it may take.
        example: The example whose answers are given; the default ones where there is none.
        release: The release that is updated; None where a service is rendered.
        files: How many files the service has.
        seconds: The time on the clock of each round.
        busy: The processor time of each round, in seconds.
    """

    name: str
    limit: float
    example: str | None = None
    release: str | None = None
    files: int = 0
    seconds: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether it takes longer than it may."""
        return statistics.median(self.seconds) > self.limit

    def answers(self, template: Path) -> Answers:
        """Return the answers that are given: of the example's those that the version asks for."""
        if self.example is None:
            return {}
        answers = yaml.safe_load((ROOT / "examples" / f"{self.example}.yml").read_text())
        known = asked(template, self.release or THIS_TREE)
        return {name: value for name, value in answers.items() if name in known}

    def row(self) -> str:
        """Return its row of the table."""
        cells = (
            *(self.name, str(self.files)),
            *(f"{statistics.median(each):.1f}" for each in (self.seconds, self.busy)),
            *(f"{self.limit:.0f}", "OVER THE LIMIT" if self.is_over else "met"),
        )
        return f"| {' | '.join(cells)} |"


def works(tags: Sequence[str]) -> list[Work]:
    """Return what is measured, given the releases, the oldest first."""
    return [
        Work("`copier copy`, default answers", 2),
        Work(f"`copier update` from {tags[0]}, default answers", 5, release=tags[0]),
        *(Work(f"`copier update` from {tag}, {LARGEST}", 10, LARGEST, tag) for tag in tags[-2:]),
    ]


def measure(work: Work, template: Path, folder: Path) -> None:
    """Do it once, in an empty folder."""
    service = folder / "service"
    data = folder / "answers.yml"
    data.write_text(yaml.safe_dump(dict(work.answers(template))))
    options = ("--data-file", str(data), str(template), str(service))
    if work.release is None:
        _time(work, "copy", *options, folder=folder)
    else:
        _copier("copy", *options, folder=folder, to=work.release)
    git("init", "--quiet", folder=service)
    identify(service)
    git("add", "--all", folder=service)
    git("commit", "--quiet", "--message", "Render", folder=service)
    if work.release is not None:
        _time(work, "update", "--trust", folder=service)
    shutil.rmtree(service / ".git")
    work.files = sum(1 for path in service.rglob("*") if path.is_file())
    shutil.rmtree(service)


def _time(work: Work, *arguments: str, folder: Path) -> None:
    os.sync()  # what was prepared is on the disk before a user's command begins
    started, before = time.perf_counter(), _processor_time()
    _copier(*arguments, folder=folder)
    work.seconds.append(time.perf_counter() - started)
    work.busy.append(_processor_time() - before)


def _copier(command: str, *options: str, folder: Path, to: str = THIS_TREE) -> None:
    subprocess.run(
        [COPIER, command, "--defaults", "--quiet", "--vcs-ref", to, *options],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip


def _processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def table(measured: Sequence[Work]) -> str:
    """Return the figures as a table."""
    return "\n".join(
        [
            "| what | files | time, s | processor time, s | limit, s | |",
            "|---|---|---|---|---|---|",
            *(work.row() for work in measured),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 1 if one is over its limit."""
    parser = argparse.ArgumentParser(prog="python -m bench.rendering", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round")
    parser.add_argument("--write", type=Path, help="write the figures into this document")
    given = parser.parse_args(arguments)
    rounds = 1 if given.quick else ROUNDS
    measured = works([release.tag for release in releases()] or [THIS_TREE])
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as temporary:
        folder = Path(temporary)
        template = clone_with_releases(folder / "template")
        for _ in range(rounds):
            for work in measured:
                measure(work, template, folder)
    where = (
        f"Copier {version('copier')}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs; "
        f"{'the median of ' if rounds > 1 else ''}{rounds} round{'s' if rounds > 1 else ''}."
    )
    block = f"{where}\n\n{table(measured)}"
    print(block)
    if given.write:
        given.write.write_text(written(given.write.read_text(), block, BEGIN))
    return int(any(work.is_over for work in measured))


if __name__ == "__main__":
    sys.exit(main())
