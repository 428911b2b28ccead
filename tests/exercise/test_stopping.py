"""SIGTERM while clients are at it."""

import asyncio
import itertools
import os
import signal
import threading
import time

import httpx2
import pytest

from tests.support.load import Answers, send
from tests.support.project import Project
from tests.support.variants import on_each_framework

pytestmark = on_each_framework


@pytest.mark.parametrize("workers", ["1", "2"])
def test_every_request_sent_before_readiness_turned_is_answered(
    service: Project, workers: str
) -> None:
    settings = {
        "DRAIN_SECONDS": "2",
        "WORKERS": workers,
        "RATE_LIMIT_ENABLED": "false",
    }
    turned = threading.Event()

    async def under_load(url: str, pid: int) -> tuple[Answers, float]:
        load = asyncio.create_task(
            send(itertools.repeat(f"{url}/api/v1/items"), until=turned.is_set)
        )
        async with httpx2.AsyncClient(timeout=10) as http:
            await asyncio.sleep(0.5)  # the load is under way
            os.kill(pid, signal.SIGTERM)
            while (await http.get(f"{url}/health/ready")).status_code == 200:
                continue
        at = time.monotonic()
        turned.set()
        return await load, at

    with service.serving(settings) as running:
        answers, turned_at = asyncio.run(under_load(running.url, running.server().pid))

        assert running.process.wait(15) == 0, running.output()
        assert time.monotonic() - turned_at > 1
        output = running.output()

    assert set(answers.statuses) == {200}
    assert answers.statuses[200] > 20
    assert "Traceback" not in output
