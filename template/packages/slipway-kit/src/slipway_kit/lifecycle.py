"""Graceful shutdown: first the service is no longer ready, then it stops."""

import asyncio
import logging
import os
import signal
import threading
from types import FrameType

from .health import Health, Phase

CLOSING_SECONDS = 3.0
"""How long the end of a process may take when the time of the last request is over."""

logger = logging.getLogger(__name__)


def drain_on_sigterm(health: Health, seconds: float, stop_seconds: float) -> None:
    """Let SIGTERM turn readiness off at once, and reach the server only after some seconds.

    Until then the process serves on, while load balancers look elsewhere. A second SIGTERM
    reaches the server at once. To be called when the server has installed its own handler, in the
    main thread's event loop; elsewhere, as under a test client, nothing is changed.

    Args:
        health: What readiness is read from.
        seconds: How long the server goes on.
        stop_seconds: How long requests in progress may take then. A thread that goes on after that
            cannot be ended by itself, so the process ends with it.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    server = signal.getsignal(signal.SIGTERM)
    if not callable(server):
        return
    loop = asyncio.get_running_loop()

    def stop() -> None:
        last_resort = threading.Timer(stop_seconds + CLOSING_SECONDS, _end)
        last_resort.daemon = True
        last_resort.start()
        server(signal.SIGTERM, None)

    def drain(_: int, __: FrameType | None) -> None:
        wait = 0.0 if health.phase is Phase.DRAINING else seconds
        health.phase = Phase.DRAINING
        # A signal comes between any two instructions; this wakes the loop and is safe there.
        loop.call_soon_threadsafe(loop.call_later, wait, stop)

    signal.signal(signal.SIGTERM, drain)


def _end() -> None:
    logger.error("Threads still run after the stop; the process ends without them")
    os._exit(0)
