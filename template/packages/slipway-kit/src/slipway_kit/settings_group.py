"""What every group of settings is made of."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from .secret_files import SecretFiles


@dataclass(frozen=True)
class DeploymentExample:
    """What a setting may look like where the service is deployed, for the example files.

    Attributes:
        production: Its value in .env.production.example.
        staging: Its value in .env.staging.example; None for the same.
    """

    production: str
    staging: str | None = None


class CaseInsensitiveEnum(StrEnum):
    """One of a few words, in lower case; in the environment they may be written in any case."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        word = value.lower() if isinstance(value, str) else None
        return next((each for each in cls if each.value == word), None)


class SettingsGroup(BaseSettings):
    """Settings that belong together; each field is an environment variable of the same name.

    The first sentence of a group's docstring heads it in .env.example, and each field's description
    stands above its line there.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        """Take the methods by the names that they had before 1.0, or an audit would be lost."""
        super().__pydantic_init_subclass__(**options)
        for old, new in (("findings", "production_issues"), ("deployed", "deployment_examples")):
            if old in vars(cls):
                setattr(cls, new, vars(cls)[old])

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return where values come from: variables and lines of .env, each itself or by a file."""
        sources = [init_settings]
        for source in (env_settings, dotenv_settings):
            sources.append(source)
            if isinstance(source, EnvSettingsSource):
                sources.append(SecretFiles(settings_cls, source.env_vars))
        return (*sources, file_secret_settings)

    @classmethod
    def deployment_examples(cls) -> dict[str, DeploymentExample]:
        """Return what a deployment may set, by the names of the fields, for the example files."""
        return {}

    def production_issues(self) -> list[str]:
        """Return what must not be so in production, a sentence each, naming the variable."""
        return []

    def public_features(self) -> dict[str, bool]:
        """Return what is switched on or off, by the names that GET /config shows to everyone."""
        return {}


def _split(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            raise ValueError("must be a JSON list, or values separated by commas") from None
    return tuple(part.strip() for part in value.split(",") if part.strip())


# People write lists both ways, and a service that starts with one should start with the other.
CsvTuple = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Values separated by commas, or a JSON list."""

Listed, Word = CsvTuple, CaseInsensitiveEnum
"""Their names before 1.0."""
