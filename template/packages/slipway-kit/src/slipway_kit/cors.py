"""Which pages of other origins may call the service."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from .settings_group import CsvTuple, DeploymentExample, SettingsGroup

EXPOSED = (
    "X-Correlation-ID",
    "X-Process-Time",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "Retry-After",
)
PREFLIGHT_SECONDS = 3600


class CorsSettings(SettingsGroup):
    """Cross-origin requests."""

    cors_enabled: Annotated[
        bool, Field(description="Allow cross-origin requests of the listed origins.")
    ] = True
    cors_origins: Annotated[
        CsvTuple,
        Field(description="Origins whose pages may call the service, separated by commas."),
    ] = ()
    additional_cors_origins: Annotated[
        CsvTuple, Field(description="Further origins, to add to the list without repeating it.")
    ] = ()
    cors_credentials: Annotated[
        bool, Field(description="Let them send cookies and authorization.")
    ] = False
    cors_methods: Annotated[CsvTuple, Field(description="The methods that they may use.")] = (
        "GET",
        "POST",
        "PUT",
        "PATCH",
        "DELETE",
    )
    cors_headers: Annotated[CsvTuple, Field(description="The headers that they may send.")] = (
        "Authorization",
        "Content-Type",
        "X-Correlation-ID",
        "X-Request-ID",
    )

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """All origins that may call the service."""
        return (*self.cors_origins, *self.additional_cors_origins)

    @classmethod
    def deployment_examples(cls) -> dict[str, DeploymentExample]:
        """Return what a deployment may set."""
        return {
            "cors_origins": DeploymentExample(
                "https://app.example.com", "https://app.staging.example.com"
            )
        }

    @model_validator(mode="after")
    def _no_credentials_for_everyone(self) -> Self:
        # Any page can be of the origin null, in a sandboxed frame.
        for origin in ("*", "null"):
            if self.cors_credentials and origin in self.allowed_origins:
                message = f"CORS_CREDENTIALS: cannot be true while CORS_ORIGINS allows {origin}"
                raise ValueError(message)
        return self

    def production_issues(self) -> list[str]:
        """Return what must not be so in production."""
        if not self.cors_enabled:
            return []
        if "*" in self.allowed_origins:
            return ["CORS_ORIGINS: allows every origin; list those that call the service"]
        if "null" in self.allowed_origins:
            return ["CORS_ORIGINS: allows null, the origin of every sandboxed page; remove it"]
        return []
