"""The schemas of the system endpoints."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from ..health import Phase, Status
from ..settings import Environment

EXAMPLES: dict[str, str] = {}
"""The examples of the service's own name, version and API: a process serves one service."""


def _example(name: str) -> Callable[[dict[str, Any]], None]:
    def add(schema: dict[str, Any]) -> None:
        schema["examples"] = [EXAMPLES[name]]

    return add


Name = Annotated[str, Field(description="The service's name.", json_schema_extra=_example("name"))]
Version = Annotated[
    str, Field(description="The version that runs.", json_schema_extra=_example("version"))
]


class Links(BaseModel):
    """Where to go from the root."""

    docs: str | None = Field(description="The documentation page, if it is served.")
    openapi: str | None = Field(
        description="The OpenAPI schema, if it is served.", examples=["/openapi.json"]
    )
    health: str = Field(description="The health report.", examples=["/health"])
    api: str = Field(
        description="The prefix of the API's first version.", json_schema_extra=_example("api")
    )


class Root(BaseModel):
    """What runs here, and where to go."""

    name: Name
    version: Version
    environment: Environment
    links: Links


class PublicConfig(BaseModel):
    """The settings that anyone may see; an explicit list, so that no secret slips in."""

    name: Name
    version: Version
    environment: Environment
    features: dict[str, bool] = Field(description="What is switched on.", examples=[{"docs": True}])


class CheckReport(BaseModel):
    """How one check went."""

    status: Status
    duration_ms: float = Field(description="How long it took, in milliseconds.", examples=[0.42])


class HealthReport(BaseModel):
    """How the service is."""

    status: Status
    version: Version
    environment: Environment
    timestamp: datetime = Field(description="When this was reported (UTC).")
    checks: dict[str, CheckReport] = Field(description="The checks by name.")


class Liveness(BaseModel):
    """The process responds."""

    status: Status


class Readiness(BaseModel):
    """Whether the service takes requests."""

    ready: bool
    phase: Phase
    checks: dict[str, CheckReport]
