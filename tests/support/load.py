"""Requests in numbers, as many clients at a time would send them."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import httpx2

NO_ANSWER = 0


@dataclass
class Answers:
    """What a load was answered.

    Attributes:
        statuses: How often each status came; NO_ANSWER counts requests without an answer.
        seconds: How long each answer took.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Return the time within which this share of the answers came, in seconds."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def send(
    urls: Iterable[str],
    *,
    clients: int = 20,
    until: Callable[[], bool] = lambda: False,
) -> Answers:
    """Send a GET for each address, or until told to stop, by so many clients at a time."""
    answers = Answers()
    waiting = iter(urls)
    limits = httpx2.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx2.AsyncClient(limits=limits, timeout=30) as http:

        async def work() -> None:
            for url in waiting:
                if until():
                    return
                started = time.perf_counter()
                try:
                    status = (await http.get(url)).status_code
                except httpx2.TransportError:
                    status = NO_ANSWER
                answers.statuses[status] += 1
                answers.seconds.append(time.perf_counter() - started)

        await asyncio.gather(*(work() for _ in range(clients)))
    return answers


def send_all(urls: Iterable[str], *, clients: int = 20) -> Answers:
    """Send a GET for each address and wait for all answers."""
    return asyncio.run(send(urls, clients=clients))
