"""The responses of the system endpoints, for both frameworks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from pydantic import BaseModel

from ..health import Health, Phase, Result, Status
from ..settings import Environment, ServiceSettings
from .schemas import (
    EXAMPLES,
    CheckReport,
    HealthReport,
    Links,
    Liveness,
    PublicConfig,
    Readiness,
    Root,
)

_MOMENT = datetime(2027, 1, 15, 9, 30, tzinfo=UTC)
_PASSES = CheckReport(status=Status.HEALTHY, duration_ms=0.42)
_FAILS = CheckReport(status=Status.UNHEALTHY, duration_ms=1000.12)


@dataclass(frozen=True)
class Shown:
    """The examples of an endpoint that responds with the same report to 200 and 503.

    Attributes:
        healthy: Its response with 200.
        sick: Its response with 503.
        meaning: What 503 means.
    """

    healthy: BaseModel
    sick: BaseModel
    meaning: str


class System:
    """What the system endpoints show of a service.

    Args:
        name: The service's.
        api: The prefix of the API's first version.
        docs: Whether it has a documentation page.
        features: What it always has, beside what its settings switch on.
        check: A check that it has, for the examples.
    """

    def __init__(
        self, name: str, *, version: str, api: str, docs: bool, features: Sequence[str], check: str
    ) -> None:
        self._name = name
        self._api = api
        self._docs = docs
        self._features = features
        EXAMPLES.update(name=name, version=version, api=api)
        self.health = Shown(
            _example(version, Status.HEALTHY, {check: _PASSES}),
            _example(version, Status.UNHEALTHY, {check: _FAILS}),
            "A critical check fails",
        )
        self.readiness = Shown(
            Readiness(ready=True, phase=Phase.READY, checks={check: _PASSES}),
            Readiness(ready=False, phase=Phase.DRAINING, checks={check: _PASSES}),
            "Starting, draining, or a critical check fails",
        )
        self.single = Shown(_PASSES, _FAILS, "The check fails")

    def root(self, settings: ServiceSettings) -> Root:
        """Return the service's name, version and links; a link is null if it is not served."""
        return Root(
            name=self._name,
            version=settings.version,
            environment=settings.environment,
            links=Links(
                docs="/docs" if self._docs and settings.serves_docs else None,
                openapi="/openapi.json" if settings.serves_docs else None,
                health="/health",
                api=self._api,
            ),
        )

    def public_config(self, settings: ServiceSettings) -> PublicConfig:
        """Return the settings that anyone may see: an explicit list."""
        features = dict.fromkeys(self._features, True)
        for group in settings.groups():
            features |= group.public_features(settings)
        return PublicConfig(
            name=self._name,
            version=settings.version,
            environment=settings.environment,
            features=dict(sorted(features.items())),
        )


def _example(version: str, status: Status, checks: dict[str, CheckReport]) -> HealthReport:
    return HealthReport(
        status=status,
        version=version,
        environment=Environment.PRODUCTION,
        timestamp=_MOMENT,
        checks=checks,
    )


async def health_report(
    settings: ServiceSettings, health: Health
) -> tuple[HealthReport, HTTPStatus]:
    """Return the health of the service, and the status of the response."""
    results = await health.report()
    status = health.overall(results)
    report = HealthReport(
        status=status,
        version=settings.version,
        environment=settings.environment,
        timestamp=datetime.now(UTC),
        checks=_reports(results),
    )
    return report, _status(good=status is not Status.UNHEALTHY)


def liveness() -> Liveness:
    """Return the liveness of the process."""
    return Liveness(status=Status.HEALTHY)


async def readiness(health: Health) -> tuple[Readiness, HTTPStatus]:
    """Return the readiness of the service, and the status of the response."""
    results = await health.report()
    ready = health.phase is Phase.READY and health.overall(results) is not Status.UNHEALTHY
    report = Readiness(ready=ready, phase=health.phase, checks=_reports(results))
    return report, _status(good=ready)


async def single(health: Health, name: str) -> tuple[CheckReport, HTTPStatus]:
    """Return the result of one check, and the status of the response."""
    result = await health.check(name)
    report = CheckReport(**vars(result))
    return report, _status(good=result.status is Status.HEALTHY)


def _reports(results: dict[str, Result]) -> dict[str, CheckReport]:
    return {name: CheckReport(**vars(result)) for name, result in results.items()}


def _status(*, good: bool) -> HTTPStatus:
    return HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
