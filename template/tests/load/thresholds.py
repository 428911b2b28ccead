"""What a load test must keep to: a share of failures, a latency, a rate.

Each is a variable of the environment; a threshold that is broken ends the run with exit status 1.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from locust import events
from locust.env import Environment


@dataclass(frozen=True)
class Threshold:
    """A threshold of a run.

    Attributes:
        variable: The variable that sets it.
        default: What holds where that is unset; None for nothing.
        what: What is measured.
        unit: Its unit, as it follows the number.
        measure: Takes it from Locust's sum of all requests.
        is_least: Whether more is better.
    """

    variable: str
    default: float | None
    what: str
    unit: str
    measure: Callable[[Any], float]
    is_least: bool = False

    def limit(self) -> float | None:
        """Return the number that was set.

        Raises:
            SystemExit: It is none.
        """
        text = os.environ.get(self.variable, "")
        if not text:
            return self.default
        try:
            return float(text)
        except ValueError:
            raise SystemExit(f"{self.variable}: must be a number") from None

    def failure(self, total: Any) -> str | None:
        """Return what is wrong with a run, naming the variable; None if nothing is."""
        limit = self.limit()
        if limit is None:
            return None
        measured = self.measure(total)
        if measured >= limit if self.is_least else measured <= limit:
            return None
        wanted = "at least" if self.is_least else "at most"
        return (
            f"{self.variable}: {self.what} is {measured:.3g}{self.unit}, "
            f"and should be {wanted} {limit:g}{self.unit}"
        )


THRESHOLDS = (
    Threshold(
        "LOADTEST_MAX_FAILURES", 0, "the share of failed requests", " %",
        lambda total: 100 * total.fail_ratio,
    ),
    Threshold(
        "LOADTEST_MAX_P95_MS", 500, "the 95th percentile of response times", " ms",
        lambda total: float(total.get_response_time_percentile(0.95) or 0),
    ),
    Threshold(
        "LOADTEST_MIN_RPS", None, "the rate of requests", "/s",
        lambda total: total.total_rps, is_least=True,
    ),
)  # fmt: skip


def install() -> None:
    """Hold the runs of this process to the thresholds."""
    for threshold in THRESHOLDS:
        threshold.limit()  # what is no number ends the run before it begins

    @events.quitting.add_listener
    def judge(environment: Environment, **_: object) -> None:
        """Say which thresholds are broken, and end with 1 if any is."""
        total = environment.stats.total
        failures = [failure for threshold in THRESHOLDS if (failure := threshold.failure(total))]
        if not total.num_requests:
            failures = ["no request was sent"]
        for failure in failures:
            print(f"broken threshold: {failure}")  # noqa: T201 -- a command prints
        environment.process_exit_code = 1 if failures else 0
