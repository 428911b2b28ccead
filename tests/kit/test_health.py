"""Health checks."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from slipway_kit.health import Check, Health, Result, Status


class Probe:
    """A probe that counts how often it runs."""

    def __init__(self, run: Callable[[], Awaitable[object]]):
        self.runs = 0
        self._run = run

    async def __call__(self) -> None:
        self.runs += 1
        await self._run()


async def _pass() -> None:
    pass


def test_checks_run_side_by_side() -> None:
    async def scenario() -> dict[str, Result]:
        met = asyncio.Barrier(2)  # passes only when both probes wait at it together
        return await Health([Check("a", met.wait), Check("b", met.wait)]).report()

    results = asyncio.run(scenario())

    assert {result.status for result in results.values()} == {Status.HEALTHY}


def test_a_slow_check_fails_when_its_time_is_over() -> None:
    started = time.monotonic()

    result = asyncio.run(
        Health([Check("slow", lambda: asyncio.sleep(60))], timeout=0.05).check("slow")
    )

    assert result.status is Status.UNHEALTHY
    assert time.monotonic() - started < 5


def test_a_probe_that_cannot_be_cancelled_is_left_behind_and_not_joined_by_others() -> None:
    async def scenario() -> tuple[list[Status], int]:
        release = asyncio.Event()

        async def hang() -> None:
            while not release.is_set():
                try:
                    await release.wait()
                except asyncio.CancelledError:
                    continue

        probe = Probe(hang)
        health = Health([Check("stuck", probe)], timeout=0.05, keep=0)
        seen = [(await health.check("stuck")).status for _ in range(3)]
        runs_while_stuck = probe.runs
        release.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        seen.append((await health.check("stuck")).status)
        return seen, runs_while_stuck

    seen, runs_while_stuck = asyncio.run(scenario())

    assert seen == [Status.UNHEALTHY] * 3 + [Status.HEALTHY]
    assert runs_while_stuck == 1


@pytest.mark.parametrize(("keep", "runs"), [(60.0, 1), (0.0, 3)])
def test_a_result_is_given_again_for_a_while(keep: float, runs: int) -> None:
    async def scenario() -> int:
        probe = Probe(_pass)
        health = Health([Check("a", probe)], keep=keep)
        for _ in range(3):
            await health.check("a")
        return probe.runs

    assert asyncio.run(scenario()) == runs


def test_callers_at_the_same_time_share_one_probe() -> None:
    async def scenario() -> int:
        probe = Probe(lambda: asyncio.sleep(0.01))
        health = Health([Check("a", probe)])
        await asyncio.gather(*(health.check("a") for _ in range(50)))
        return probe.runs

    assert asyncio.run(scenario()) == 1


def test_names_are_those_of_the_checks() -> None:
    assert Health([Check("a", _pass), Check("b", _pass)]).names == ["a", "b"]
