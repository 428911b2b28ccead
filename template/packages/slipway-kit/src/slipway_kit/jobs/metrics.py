"""What is counted of jobs."""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from ..metrics import Metrics

# Seconds: most jobs ask other services for something.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class JobMetrics:
    """The numbers of jobs, in the service's registry."""

    def __init__(self, metrics: Metrics) -> None:
        registry = metrics.registry
        self._jobs = Counter(
            "jobs_total", "Attempts of jobs.", ("task", "status"), registry=registry
        )
        self._durations = Histogram(
            "job_duration_seconds",
            "Seconds that attempts took.",
            ("task",),
            registry=registry,
            buckets=BUCKETS,
        )
        self._queues = {
            name: Gauge(
                f"jobs_{name}", text, ("queue",), registry=registry, multiprocess_mode="livemax"
            )
            for name, text in (
                ("waiting", "Jobs that are due and wait for a worker."),
                ("oldest_seconds", "Seconds for which the oldest of those has been due."),
                ("running_seconds", "Seconds for which the longest of those that run has run."),
                ("failed", "Jobs that have failed for good."),
            )
        }
        self._seen = {"default"}

    def job_done(self, task: str, status: str, seconds: float) -> None:
        """Count and time an attempt."""
        self._jobs.labels(task, status).inc()
        self._durations.labels(task).observe(seconds)

    def queues_read(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take the state of all queues: a row each, by the names above."""
        found = {row["queue"]: row for row in rows}
        self._seen |= found.keys()
        for queue in self._seen:
            for name, gauge in self._queues.items():
                gauge.labels(queue).set(found.get(queue, {}).get(name, 0))
