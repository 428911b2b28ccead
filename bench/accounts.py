"""Measure what accounts tell by time, and what they cost.

    python -m bench.accounts [--framework django] [--quick] [--write docs/performance.md]

A known and an unknown address must take as long: both are tried in turn, in pairs of changing
order, and the means are compared. The cost of an authenticated read is measured beside that of the
same service without accounts, round by round.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from bench.load import MISSING, Report, cpu_seconds, wrk, wrk_is_here
from bench.stack import BEGIN, FRAMEWORKS, describe_place, written
from tests.support.accounts import AUTH, PASSWORD, USERS, Visitor, make_admin, new_email
from tests.support.mail import receiving
from tests.support.project import Project, Running
from tests.support.rendering import render
from tests.support.repository import clone_with_releases

ADMIN = "root@example.com"
ITEMS = "/api/v1/items"
LIMIT = 0.10
"""How far the means of known and unknown addresses may be apart, as a share of the smaller one."""
REST_SECONDS = 0.08
"""Between two tries: what one leaves to be done afterwards, like a mail, is not the next one's."""
CONNECTIONS = 16
SETTINGS = {
    "ENVIRONMENT": "staging",
    "LOG_FORMAT": "json",
    "RATE_LIMIT_DEFAULT": "1000000/minute",
}
UNLIMITED = {
    f"RATE_LIMIT_{name}": "1000000/minute"
    for name in ("LOGIN", "REGISTER", "REFRESH", "LOGOUT", "ME", "RESET")
}


@dataclass
class Comparison:
    """How long an operation took for addresses that are known, and for those that are not."""

    name: str
    known: list[float] = field(default_factory=list)
    unknown: list[float] = field(default_factory=list)

    @property
    def means(self) -> tuple[float, float]:
        """The mean times in seconds, of the known addresses and of the unknown ones."""
        return statistics.fmean(self.known), statistics.fmean(self.unknown)

    @property
    def apart(self) -> float:
        """How far the means are apart, as a share of the smaller one."""
        low, high = sorted(self.means)
        return high / low - 1

    @property
    def tells(self) -> bool:
        """Whether the means are over the limit apart, by more than chance makes of equal ones."""
        known, unknown = self.means
        return self.apart > LIMIT and abs(known - unknown) > 2 * _error(self.known, self.unknown)

    def row(self) -> str:
        """Return the figures as a row of a Markdown table."""
        known, unknown = (1000 * mean for mean in self.means)
        error = 1000 * _error(self.known, self.unknown)
        word = "OVER THE LIMIT" if self.tells else "met" if self.apart <= LIMIT else "by chance"
        return (
            f"| {self.name} | {known:.2f} | {unknown:.2f} | {known - unknown:+.2f} ± {error:.2f} "
            f"| {100 * self.apart:.1f} % | {word} |"
        )


def _error(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the standard error of the difference of two means."""
    parts = [statistics.variance(each) / len(each) for each in (one, other)]
    return float(sum(parts) ** 0.5)


def compare(
    name: str, tries: int, known: Callable[[], str], ask: Callable[[str], int]
) -> Comparison:
    """Time an operation for known and unknown addresses in turn.

    Args:
        name: What the table calls it.
        tries: How many of each.
        known: Gives an address that has an account.
        ask: Does it with an address, and returns the status.

    Raises:
        RuntimeError: The statuses tell the addresses apart.
    """
    found = Comparison(name)
    statuses = set()
    for number in range(tries + 3):
        pair = [(known(), found.known), (new_email(), found.unknown)]
        for email, times in pair if number % 2 else reversed(pair):
            time.sleep(REST_SECONDS)
            started = time.perf_counter()
            statuses.add(ask(email))
            times.append(time.perf_counter() - started)
    del found.known[:3], found.unknown[:3]  # what happens only once
    if len(statuses) != 1:
        raise RuntimeError(
            f"{name}: known and unknown addresses get different statuses: {statuses}"
        )
    return found


def compare_all(http: httpx2.Client, admin: Visitor, tries: int) -> list[Comparison]:
    """Compare what takes an address and must not tell of it."""
    visitor = Visitor(http)
    emails = [new_email() for _ in range(10)]
    for email in emails:
        body = {"email": email, "password": PASSWORD}
        admin.post(USERS, body).raise_for_status()
    turn = iter(range(1_000_000))

    def known() -> str:
        return emails[next(turn) % len(emails)]

    def post(path: str, **more: str) -> Callable[[str], int]:
        return lambda email: visitor.post(f"{AUTH}/{path}", {"email": email} | more).status_code

    return [
        compare("login", tries, known, post("login", password="wrong password")),  # noqa: S106 -- it is
        compare("register", tries, known, post("register", password=PASSWORD)),
        compare("reset-password/request", tries, known, post("reset-password/request")),
        compare("verify-email/request", tries, known, post("verify-email/request")),
    ]


def table_of(compared: Iterable[Comparison]) -> str:
    """Return the comparisons as Markdown."""
    lines = [
        "| operation | known, ms | unknown, ms | difference, ms | apart | limit 10 % |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(each.row() for each in compared)])


@dataclass
class Read:
    """A read that is measured."""

    name: str
    running: Running
    path: str
    token: str | None = None
    rounds: list[float] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)

    def load(self, seconds: int) -> None:
        """Load it for some seconds, and note the processor time per request in microseconds."""
        server = self.running.server().pid
        before = cpu_seconds(server)
        url = self.running.url + self.path
        report = wrk(url, seconds=seconds, connections=CONNECTIONS, token=self.token)
        self.rounds.append((cpu_seconds(server) - before) / report.requests * 1e6)
        self.reports.append(report)


def table_of_reads(reads: Sequence[Read]) -> str:
    """Return the figures of the reads as Markdown; the first is what the others are beside."""
    lines = [
        "| read | CPU per request, µs | times the first | requests per second |",
        "|---|---|---|---|",
    ]
    for read in reads:
        ratio = statistics.median(
            mine / first for mine, first in zip(read.rounds, reads[0].rounds, strict=True)
        )
        rate = statistics.median(report.per_second for report in read.reports)
        lines.append(
            f"| {read.name} | {statistics.median(read.rounds):.0f} | {ratio:.2f} | {rate:.0f} |"
        )
    return "\n".join(lines)


def begin(framework: str) -> str:
    """Return the mark in a document behind which a framework's figures stand."""
    option = "" if framework == "fastapi" else f" --framework {framework}"
    return BEGIN.replace("bench.stack", f"bench.accounts{option}")


@contextlib.contextmanager
def serving(template: Path, folder: Path, **answers: str) -> Iterator[Running]:
    """Render a service, install and serve it, with a database and mails of its own."""
    project = render(template, folder / "service", answers)
    project.run("uv", "sync", "--quiet", "--frozen", "--no-dev", "--compile-bytecode")
    mails = folder / "mails"
    mails.mkdir()
    with receiving(mails) as smtp:
        settings = SETTINGS | {"DATABASE_URL": f"sqlite:///{folder / 'service.db'}"}
        if answers.get("auth") != "none":
            settings |= UNLIMITED | smtp
        project.make("migrate", env=settings)
        if answers.get("auth") != "none":
            make_admin(project, ADMIN, settings)
        with project.serving(settings) as running:
            yield running


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 1 if one is over its limit, 2 if there is nothing to load with."""
    parser = argparse.ArgumentParser(prog="python -m bench.accounts", description=__doc__)
    parser.add_argument("--framework", choices=FRAMEWORKS, default="fastapi")
    parser.add_argument("--quick", action="store_true", help="fewer tries and rounds")
    parser.add_argument("--layers", action="store_true", help="for bench.stack; means nothing here")
    parser.add_argument("--write", type=Path, help="write the figures into this document")
    given = parser.parse_args(arguments)
    framework = FRAMEWORKS[given.framework]
    tries, rounds, seconds = (40, 3, 1) if given.quick else (200, 7, 2)
    if not wrk_is_here():
        print(MISSING, file=sys.stderr)
        return 2
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slipway-bench-")))
        template = clone_with_releases(folder / "template")
        for name in ("open", "accounts"):
            (folder / name).mkdir()
        answers = {"framework": framework.name}
        without = stack.enter_context(serving(template, folder / "open", auth="none", **answers))
        running = stack.enter_context(serving(template, folder / "accounts", **answers))
        place = describe_place(Project(folder / "accounts" / "service"), framework)
        http = stack.enter_context(httpx2.Client(base_url=running.url, timeout=60))
        admin = Visitor(http, ADMIN).log_in()
        compared = compare_all(http, admin, tries)
        items = []
        for url, headers in (
            (without.url, {}),
            (running.url, {"Authorization": f"Bearer {admin.access}"}),
        ):
            made = httpx2.post(f"{url}{ITEMS}", json={"name": "Measured"}, headers=headers)
            items.append(made.raise_for_status().headers["Location"])
        reads = [
            Read("an item, without accounts", without, items[0]),
            Read("an item, authenticated", running, items[1], admin.access),
            Read("a user, authenticated", running, f"{USERS}/{admin.id}", admin.access),
            Read("the token's report, authenticated", running, f"{AUTH}/verify", admin.access),
        ]
        for read in reads:
            read.load(1)
            read.rounds.clear()
            read.reports.clear()
        for number in range(rounds):
            turn = number % len(reads)
            for read in [*reads[turn:], *reads[:turn]]:
                read.load(seconds)
    block = "\n\n".join(
        (
            f"{place}; {tries} tries each, in turn; the difference with its standard error.",
            table_of(compared),
            f"{rounds} rounds of {seconds} s for each read, {CONNECTIONS} connections; medians.",
            table_of_reads(reads),
        )
    )
    print(block)
    if given.write:
        given.write.write_text(written(given.write.read_text(), block, begin(framework.name)))
    return int(any(each.tells for each in compared))


if __name__ == "__main__":
    sys.exit(main())
