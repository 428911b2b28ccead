"""A server that takes what Sentry's SDK sends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from tests.support.project import free_port

PATIENCE = 60.0


class Sink:
    """Kent, which takes what a Sentry SDK sends and shows it."""

    def __init__(self, url: str, process: subprocess.Popen[bytes]) -> None:
        self.url = url
        self.process = process
        self.dsn = url.replace("http://", "http://public@") + "/1"

    def received(self) -> list[dict[str, Any]]:
        """Return all that has come: events, transactions, and what else there is."""
        listed = httpx2.get(f"{self.url}/api/eventlist/").json()["events"]
        return [
            httpx2.get(f"{self.url}/api/event/{each['event_id']}").json()["payload"]
            for each in listed
        ]

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        """Return the events, or the transactions."""
        return [each["body"] for each in self.received() if each["header"]["type"] == kind]


@contextmanager
def sentry_sink() -> Iterator[Sink]:
    """Run the server."""
    port = free_port()
    process = subprocess.Popen(
        [Path(sys.executable).parent / "kent-server", "run", f"--port={port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"FLASK_DEBUG": "0"},
    )
    try:
        sink = Sink(f"http://127.0.0.1:{port}", process)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                sink.received()
                break
            except httpx2.HTTPError:
                assert time.monotonic() < deadline, "the sink does not respond"
                time.sleep(0.05)
        yield sink
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
