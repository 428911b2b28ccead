"""Load on a server and what it costs there: wrk's report, and the process's own accounting."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil

MISSING = (
    "wrk, which makes the load, is missing. Install it: `apt-get install wrk` on Debian and "
    "Ubuntu, `brew install wrk` on macOS; then run this again."
)
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


class LoadError(Exception):
    """What was measured is no measurement: answers were not 2xx, or wrk said nothing of use."""


@dataclass(frozen=True)
class Report:
    """What wrk says of one run.

    Args:
        requests: Answers that it counted.
        per_second: Answers per second.
        p99_ms: Milliseconds within which 99 of 100 answers came.
    """

    requests: int
    per_second: float
    p99_ms: float


def parse(text: str) -> Report:
    """Return what wrk reported.

    Raises:
        LoadError: It reports errors, or its report is not as this reads it.
    """
    if fault := re.search(r"^\s*(Non-2xx.*|Socket errors:.*)$", text, re.MULTILINE):
        raise LoadError(f"not every request was answered with 2xx. {fault[1]}")
    requests = re.search(r"^\s*(\d+) requests in ", text, re.MULTILINE)
    rate = re.search(r"^Requests/sec:\s*([\d.]+)", text, re.MULTILINE)
    p99 = re.search(r"^\s*99%\s+([\d.]+)(us|ms|s|m)\s*$", text, re.MULTILINE)
    if not requests or not rate or not p99 or not int(requests[1]):
        raise LoadError(f"wrk's report is not understood:\n{text}")
    return Report(int(requests[1]), float(rate[1]), float(p99[1]) * _UNITS[p99[2]])


def wrk(
    url: str,
    *,
    seconds: int,
    connections: int,
    token: str | None = None,
    script: tuple[Path, str] | None = None,
) -> Report:
    """Load a URL over connections that stay open, from one thread, for whole seconds.

    A script of wrk, with its argument, says what a request is; else it is a GET.
    """
    command = ["wrk", "--latency", "-t1", f"-c{connections}", f"-d{seconds}s", url]
    if token is not None:
        command += ["-H", f"Authorization: Bearer {token}"]
    if script is not None:
        command += ["-s", str(script[0]), "--", script[1]]
    done = subprocess.run(command, check=False, text=True, capture_output=True)
    if done.returncode:
        raise LoadError(f"{' '.join(command)} exited {done.returncode}: {done.stderr}")
    return parse(done.stdout)


def wrk_is_here() -> bool:
    """Return whether wrk is installed."""
    return shutil.which("wrk") is not None


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process so far: all its threads and children, both modes."""
    process = psutil.Process(pid)
    while True:
        own = process.cpu_times()
        total = own.user + own.system + own.children_user + own.children_system
        try:
            times = [child.cpu_times() for child in process.children(recursive=True)]
        except psutil.NoSuchProcess as gone:
            if gone.pid == pid:
                raise
            continue  # a child has ended, so that its time now counts among its parent's
        return float(total + sum(each.user + each.system for each in times))
