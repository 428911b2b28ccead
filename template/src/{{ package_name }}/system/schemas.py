"""The shapes of the service's reports on itself."""

from datetime import datetime

from pydantic import BaseModel, Field

from ..core.health import Phase, Status
from ..settings import Environment


class Links(BaseModel):
    """Where to go from the root."""

    docs: str | None = Field(description="The documentation page, if it is served.")
    openapi: str | None = Field(description="The OpenAPI document, if it is served.")
    health: str = Field(description="The health report.")
    api: str = Field(description="The API's prefix.")


class Root(BaseModel):
    """What runs here, and where to go."""

    name: str
    version: str
    environment: Environment
    links: Links


class PublicConfig(BaseModel):
    """The settings that anyone may see; an explicit list, so that no secret slips in."""

    name: str
    version: str
    environment: Environment
    features: dict[str, bool] = Field(description="What is switched on.")


class CheckReport(BaseModel):
    """How one check went."""

    status: Status
    duration_ms: float = Field(description="How long it took, in milliseconds.")


class HealthReport(BaseModel):
    """How the service is."""

    status: Status
    version: str
    environment: Environment
    timestamp: datetime = Field(description="When this was reported (UTC).")
    checks: dict[str, CheckReport] = Field(description="The checks by name.")


class Liveness(BaseModel):
    """The process can answer."""

    status: Status


class Readiness(BaseModel):
    """Whether the service takes requests."""

    ready: bool
    phase: Phase
    checks: dict[str, CheckReport]
