"""What is counted of jobs."""

from prometheus_client import Counter, Histogram

from ..core.metrics import Metrics

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

    def job_done(self, task: str, status: str, seconds: float) -> None:
        """Count and time an attempt."""
        self._jobs.labels(task, status).inc()
        self._durations.labels(task).observe(seconds)
