"""The drain before a stop."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator

import pytest
from slipway_kit import lifecycle
from slipway_kit.health import Health, Phase
from slipway_kit.lifecycle import drain_on_sigterm

PATIENCE = 30.0
NEVER = 1e6


@pytest.fixture(autouse=True)
def _handler_as_it_was() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def _server() -> asyncio.Event:
    """Install a server's handler; the event says that a signal has reached it."""
    reached = asyncio.Event()
    signal.signal(signal.SIGTERM, lambda *_: reached.set())
    return reached


def test_sigterm_turns_readiness_off_before_it_reaches_the_server() -> None:
    async def scenario() -> tuple[Phase, bool]:
        reached, health = _server(), Health([])
        drain_on_sigterm(health, 0.05, NEVER)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0)
        seen = (health.phase, reached.is_set())
        await asyncio.wait_for(reached.wait(), PATIENCE)
        return seen

    assert asyncio.run(scenario()) == (Phase.DRAINING, False)


def test_a_second_sigterm_reaches_the_server_at_once() -> None:
    async def scenario() -> bool:
        reached = _server()
        drain_on_sigterm(Health([]), 10 * PATIENCE, NEVER)
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        return await asyncio.wait_for(reached.wait(), PATIENCE)

    assert asyncio.run(scenario())


def test_a_thread_that_outlasts_the_stop_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    done = threading.Event()
    monkeypatch.setattr(lifecycle, "CLOSING_SECONDS", 0.05)

    def end(status: int) -> None:
        ended.append(status)
        done.set()

    monkeypatch.setattr(os, "_exit", end)

    async def scenario() -> None:
        reached = _server()
        drain_on_sigterm(Health([]), 0, 0)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(reached.wait(), PATIENCE)

    asyncio.run(scenario())

    assert done.wait(PATIENCE)
    assert ended == [0]


def test_without_a_servers_handler_nothing_is_changed() -> None:
    async def scenario() -> None:
        drain_on_sigterm(Health([]), 1, NEVER)

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    asyncio.run(scenario())

    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_outside_of_the_main_thread_nothing_is_changed() -> None:
    before = signal.getsignal(signal.SIGTERM)

    thread = threading.Thread(target=drain_on_sigterm, args=(Health([]), 1.0, NEVER))
    thread.start()
    thread.join()

    assert signal.getsignal(signal.SIGTERM) is before
