"""Whether the service can do its work: checks that are bounded in time and asked for sparingly."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

Probe = Callable[[], Awaitable[object]]


class Status(StrEnum):
    """The state of a check, or of the whole service."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class Phase(StrEnum):
    """Where the process is in its life."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"


@dataclass(frozen=True)
class Check:
    """Something that the service depends on.

    Attributes:
        name: What reports call it.
        probe: Raises when the thing does not work.
        critical: Whether the service is of no use without it; else its loss only degrades.
    """

    name: str
    probe: Probe
    critical: bool = True


@dataclass(frozen=True)
class Result:
    """The result of a check. It has no reason for a failure: reasons may contain secrets."""

    status: Status
    duration_ms: float


class Health:
    """Runs the checks side by side, each within a time limit, and keeps results for a while.

    Args:
        checks: What the service depends on; add() takes more.
        timeout: Seconds that a probe may take.
        keep: Seconds for which a result is given again, so that probes are not a load.
    """

    def __init__(self, checks: Iterable[Check] = (), *, timeout: float = 1.0, keep: float = 2.0):
        self.phase = Phase.STARTING
        self._checks = {check.name: check for check in checks}
        self._timeout = timeout
        self._keep = keep
        self._results: dict[str, tuple[float, Result]] = {}
        self._running: dict[str, asyncio.Task[Result]] = {}
        self._stuck: dict[str, asyncio.Future[object]] = {}

    def add(self, check: Check) -> None:
        """Run one more check."""
        self._checks[check.name] = check

    def drain(self) -> None:
        """Say that the service is about to stop."""
        self.phase = Phase.DRAINING

    @property
    def names(self) -> list[str]:
        """The names of the checks."""
        return list(self._checks)

    async def check(self, name: str) -> Result:
        """Return the result of one check, at most `keep` seconds old."""
        checked_at, result = self._results.get(name, (-self._keep, None))
        if result is not None and time.monotonic() - checked_at < self._keep:
            return result
        # Callers that come while a probe runs wait for it instead of starting another.
        task = self._running.get(name)
        if task is None:
            task = self._running[name] = asyncio.create_task(self._run(self._checks[name]))
            task.add_done_callback(lambda _: self._running.pop(name))
        return await asyncio.shield(task)

    async def report(self) -> dict[str, Result]:
        """Return the results of all checks by name."""
        results = await asyncio.gather(*(self.check(name) for name in self._checks))
        return dict(zip(self._checks, results, strict=True))

    def overall(self, results: dict[str, Result]) -> Status:
        """Return the service's status: a critical failure is fatal, another only degrades."""
        failed = [name for name, result in results.items() if result.status is not Status.HEALTHY]
        if any(self._checks[name].critical for name in failed):
            return Status.UNHEALTHY
        return Status.DEGRADED if failed else Status.HEALTHY

    async def _run(self, check: Check) -> Result:
        started = time.monotonic()
        status = Status.HEALTHY if await self._passes(check) else Status.UNHEALTHY
        finished = time.monotonic()
        result = Result(status, round((finished - started) * 1000, 2))
        self._results[check.name] = (finished, result)
        return result

    async def _passes(self, check: Check) -> bool:
        # A driver may not let itself be cancelled while its peer hangs. The probe is then left
        # behind, and counts as failed until it ends, rather than adding a hanging one each time.
        if check.name in self._stuck:
            return False
        probe = asyncio.ensure_future(check.probe())
        done, _ = await asyncio.wait({probe}, timeout=self._timeout)
        if done:
            return not probe.cancelled() and probe.exception() is None
        self._stuck[check.name] = probe
        probe.add_done_callback(lambda ended: self._leave(check.name, ended))
        probe.cancel()
        return False

    def _leave(self, name: str, probe: asyncio.Future[object]) -> None:
        del self._stuck[name]
        if not probe.cancelled():
            probe.exception()
