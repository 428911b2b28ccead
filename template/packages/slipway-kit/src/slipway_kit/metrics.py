"""What the service counts and times, for Prometheus to read.

A process that serves alone keeps its numbers to itself. Several workers count into files of a
folder that they share, each into its own, and whichever is asked adds all of them up: what a worker
has counted stays when it dies, and what it was doing goes with it.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector, DuplicateTimeseries
from pydantic import Field, SecretStr

from .settings_group import DeploymentExample, SettingsGroup

SHORTEST_TOKEN = 16
"""Characters of a token in production at least."""

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable in which the library looks for the workers' folder, once, on import."""

# A client chooses methods and paths; what it makes up must not become a value of a label.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD = "OTHER"
UNMATCHED = "unmatched"

# Seconds. The library's own begin at 5 ms, where most of what a service does is over.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_OPENMETRICS = "application/openmetrics-text"
_ALIVE = "alive_"
_OF_THE_LIBRARY = ("process_", "python_")


_Among = Literal["livesum", "livemax"]
_Count = Callable[[], None]
_Observe = Callable[[float], None]


class MetricsSettings(SettingsGroup):
    """Metrics."""

    metrics_enabled: Annotated[
        bool, Field(description="Collect metrics of requests, and serve them at /metrics.")
    ] = True
    metrics_token: Annotated[
        SecretStr | None,
        Field(description="The bearer token for /metrics; required in production."),
    ] = None
    metrics_public: Annotated[
        bool, Field(description="Serve /metrics without a token in production.")
    ] = False

    @classmethod
    def deployment_examples(cls) -> dict[str, DeploymentExample]:
        """Return what a deployment may set."""
        return {"metrics_token": DeploymentExample("")}

    def production_issues(self) -> list[str]:
        """Return what must not be so in production."""
        if not self.metrics_enabled:
            return []
        if self.metrics_token is None:
            if self.metrics_public:
                return []
            return ["METRICS_TOKEN: is not set, nor METRICS_PUBLIC; openssl rand -hex 32 makes one"]
        if len(self.metrics_token.get_secret_value()) < SHORTEST_TOKEN:
            return [f"METRICS_TOKEN: must have at least {SHORTEST_TOKEN} characters"]
        return []

    def public_features(self) -> dict[str, bool]:
        """Return what GET /config shows."""
        return {"metrics": self.metrics_enabled}


class Metrics:
    """The service's numbers, in a registry of their own.

    Args:
        version: The version that the service reports.
        environment: Where it runs.
        queries: Whether the service has a database, whose queries are timed.
    """

    def __init__(self, *, version: str, environment: str, queries: bool = False) -> None:
        # When a series began is of no use to most, and the workers' files do not know it.
        disable_created_metrics()
        self._folder = os.environ.get(FOLDER)
        if self._folder:
            _show_life(self._folder, os.getpid())
        self.registry = CollectorRegistry()
        self._requests = self._counter(
            "http_requests_total", "Completed requests.", "method", "endpoint", "status"
        )
        self._durations = self._histogram(
            "http_request_duration_seconds",
            "Seconds from a request's arrival to its response's last byte.",
            "method",
            "endpoint",
        )
        self._active = self._gauge("http_requests_active", "Requests in progress.", "livesum")
        self._queries: dict[str, _Observe] = {}
        if queries:
            seconds = self._histogram(
                "db_query_duration_seconds", "Seconds that queries took.", "query_type"
            )
            self._queries = {name: seconds.labels(name).observe for name in QUERY_TYPES}
        self._cache_hits = self._counter(
            "cache_hits_total", "Values found in a cache.", "cache_name"
        )
        self._cache_misses = self._counter(
            "cache_misses_total", "Values not found in a cache.", "cache_name"
        )
        self._rate_limit_hits = self._counter(
            "rate_limit_hits_total", "Requests refused by a rate limit.", "endpoint"
        )
        self._degraded = self._gauge(
            "rate_limiter_degraded", "1 while a worker limits by itself, else 0.", "livemax"
        )
        info = self._gauge(
            "app_info", "Always 1; the labels say what runs.", "livemax", "version", "environment"
        )
        info.labels(version, environment).set(1)
        # Of the worker that has begun last, so that one which dies again and again shows as well.
        self._gauge(
            "process_start_time_seconds", "When it began, in seconds since 1970.", "livemax"
        ).set_to_current_time()
        # Finding the child of a set of labels costs more than counting; there are few, so all are
        # kept: known methods, the service's own routes, and the statuses of their responses.
        self._kept: dict[tuple[str, str, int], tuple[_Count, _Observe]] = {}

    def require_own_names(self) -> None:
        """Compare the names of the team's metrics with the service's.

        Raises:
            RuntimeError: Some are the same; one metric would be counted as the other.
        """
        names = CollectorRegistry(auto_describe=True)
        names.register(self.registry)
        try:
            names.register(_OfTheTeam())
        except DuplicateTimeseries as error:
            taken = ", ".join(sorted(error.duplicates))
            raise RuntimeError(
                f"metrics of your own have names of the service's (docs/metrics.md): {taken}"
            ) from None

    def request_started(self) -> None:
        """Count a request that has come."""
        self._active.inc()

    def request_done(
        self, method: str, route: str | None, status: int, seconds: float | None
    ) -> None:
        """Count and time a completed request.

        Args:
            method: Its method, as the client wrote it.
            route: The full template of its route; None if there was none, or none was looked for.
            status: The status code of the response.
            seconds: Its duration; None for an event stream and a WebSocket, which last as long as
                the client wants.
        """
        self._active.dec()
        key = (method if method in METHODS else OTHER_METHOD, route or UNMATCHED, status)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = (
                self._requests.labels(*key).inc,
                self._durations.labels(*key[:2]).observe,
            )
        count, observe = kept
        count()
        if seconds is not None:
            observe(seconds)

    def query_done(self, query_type: str, seconds: float) -> None:
        """Time a query to the database; its type is one of QUERY_TYPES."""
        self._queries[query_type](seconds)

    def cache_hit(self, cache_name: str) -> None:
        """Count a value that was in a cache."""
        self._cache_hits.labels(cache_name).inc()

    def cache_miss(self, cache_name: str) -> None:
        """Count a value that was not."""
        self._cache_misses.labels(cache_name).inc()

    def rate_limit_hit(self, endpoint: str) -> None:
        """Count a request that a limit refused; the endpoint is the route's full template."""
        self._rate_limit_hits.labels(endpoint).inc()

    def limiter_degraded(self, degraded: bool) -> None:  # noqa: FBT001 -- it is the value itself
        """Say whether this process limits by itself, its shared store being lost."""
        self._degraded.set(degraded)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Return all numbers, of all workers, and their media type.

        Reads files where there are several workers, so it is no work for the event loop.

        Args:
            accept: The request's Accept header: OpenMetrics for those that name it, else text.
        """
        # The library takes versions from the header as they come, and fails at odd ones.
        encode, media_type = choose_encoder(_OPENMETRICS if _OPENMETRICS in accept else "")
        registry = CollectorRegistry()
        if self._folder:
            _forget_the_dead(self._folder)
            MultiProcessCollector(registry, self._folder)
        else:
            registry.register(self.registry)
            registry.register(_OfTheTeam())
        return encode(registry), media_type

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, among: _Among, *labels: str) -> Gauge:
        # `among` says how the live workers' values become one (multiprocess_mode).
        return Gauge(name, text, labels, registry=self.registry, multiprocess_mode=among)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        return Histogram(name, text, labels, registry=self.registry, buckets=BUCKETS)


class _OfTheTeam(Collector):
    """The metrics of the team's own, in the library's registry."""

    def collect(self) -> Iterable[Metric]:
        """Yield them without the library's own, which several workers cannot share."""
        for metric in REGISTRY.collect():
            if not metric.name.startswith(_OF_THE_LIBRARY):
                yield metric


QUERY_TYPES = ("select", "insert", "update", "delete", "other")


def query_type(statement: str) -> str:
    """Return the first word of a statement if it is a common one, else `other`."""
    word = statement.lstrip()[:6].lower()
    return word if word in QUERY_TYPES else "other"


@contextmanager
def shared_by_workers(settings: MetricsSettings, workers: int) -> Iterator[None]:
    """Give the workers that are started meanwhile a folder to count into, gone in the end.

    One worker needs none. A folder that the environment names is taken as it is, and left alone:
    others may count into it, too.
    """
    named = os.environ.get(FOLDER)
    if named:
        Path(named).mkdir(mode=0o700, parents=True, exist_ok=True)
    if named or workers == 1 or not settings.metrics_enabled:
        yield
        return
    # A new folder each time: what an earlier start may have left behind is never counted.
    with TemporaryDirectory(prefix="metrics-") as folder:
        os.environ[FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER]


@cache
def _show_life(folder: str, pid: int) -> int:
    """Hold a lock for as long as this process lives, before it counts anything.

    The system gives the lock back however the process ends, and a later process with the same
    number is not mistaken for it.
    """
    lock = os.open(Path(folder) / f"{_ALIVE}{pid}", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    mark_process_dead(pid, folder)
    return lock


def _forget_the_dead(folder: str) -> None:
    """Drop what dead workers were doing; what they have counted stays."""
    for path in Path(folder).glob(f"{_ALIVE}*"):
        with path.open("rb") as lock, suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            # Another worker may be at it at the same time.
            with suppress(FileNotFoundError):
                mark_process_dead(path.name.removeprefix(_ALIVE), folder)
