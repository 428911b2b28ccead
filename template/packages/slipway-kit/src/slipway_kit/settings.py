"""The settings of every service: environment variables, or lines of .env, checked at the start."""

import json
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr, ValidationError
from pydantic_settings.exceptions import SettingsError as UnreadableError

from .cache import CacheSettings
from .cors import CorsSettings
from .headers import HeaderSettings
from .limits import LimitSettings
from .logs import Format, LogSettings, redact_records
from .redaction import Redactor
from .secret_files import SecretFileError
from .settings_group import CaseInsensitiveEnum, CsvTuple, DeploymentExample, SettingsGroup


class Environment(CaseInsensitiveEnum):
    """Where the service runs."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"


MAY_BE_ALLOWED = ("DOCS_ENABLED", "LOG_LEVEL", "RATE_LIMIT_ENABLED", "SMTP_TLS")
"""The findings of the production audit that an operator can allow."""

_WIDEST = {4: 8, 6: 7}
"""The shortest prefix of a trusted network by IP version: those of 10.0.0.0/8 and fc00::/7."""


def _networks(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        try:
            ip_network(value)
        except ValueError:
            raise ValueError("must be addresses or networks, like 10.0.0.0/8") from None
    return values


def _too_wide(values: tuple[str, ...]) -> Iterator[IPv4Network | IPv6Network]:
    networks = [ip_network(value) for value in values]
    for version, prefix in _WIDEST.items():
        # Two halves of a network are the network.
        of_version: Any = [each for each in networks if each.version == version]
        yield from (each for each in collapse_addresses(of_version) if each.prefixlen < prefix)


def _may_be_allowed(values: tuple[str, ...]) -> tuple[str, ...]:
    if not set(values) <= set(MAY_BE_ALLOWED):
        raise ValueError(f"can name only {', '.join(MAY_BE_ALLOWED)}")
    return values


class AppSettings(SettingsGroup):
    """The service."""

    installed_version: ClassVar[str]
    """The version of the installed package."""

    environment: Annotated[
        Environment, Field(description="Where it runs: development, staging or production.")
    ] = Environment.DEVELOPMENT
    app_version: Annotated[
        str | None,
        Field(description="The version that it reports; unset: the installed package's."),
    ] = None
    api_public_url: Annotated[
        AnyHttpUrl | None,
        Field(description="The URL that clients use, for the OpenAPI schema's servers."),
    ] = None
    host: Annotated[str, Field(description="The address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Field(description="The port to listen on.", ge=1, le=65535)] = 8000
    workers: Annotated[int, Field(description="Number of worker processes.", ge=1, le=256)] = 1
    trusted_proxies: Annotated[
        CsvTuple,
        AfterValidator(_networks),
        Field(description="Proxies whose X-Forwarded-For and -Proto are trusted: IPs or networks."),
    ] = ()
    max_body_bytes: Annotated[
        int, Field(description="Maximum size of a request body, in bytes.", ge=0)
    ] = 2**20
    body_timeout: Annotated[
        float, Field(description="Maximum seconds for receiving a body, from its headers.", gt=0)
    ] = 30.0
    max_headers: Annotated[
        int, Field(description="Maximum number of headers of a request.", ge=1)
    ] = 100
    max_header_bytes: Annotated[
        int, Field(description="Maximum bytes of a request's target and headers.", ge=1024)
    ] = 2**15
    header_timeout: Annotated[
        float, Field(description="Maximum seconds for receiving a request's headers.", gt=0)
    ] = 10.0
    allowed_hosts: Annotated[
        CsvTuple, Field(description="Accepted Host names, probes aside; *.example.com: subdomains.")
    ] = ("*",)
    timing_enabled: Annotated[
        bool, Field(description="Send the duration in X-Process-Time and Server-Timing.")
    ] = True
    gzip_minimum_bytes: Annotated[
        int, Field(description="Minimum bytes of a response that is compressed; 0: off.", ge=0)
    ] = 1024
    drain_seconds: Annotated[
        float, Field(description="Seconds from SIGTERM to the stop, with readiness off.", ge=0)
    ] = 5.0
    stop_seconds: Annotated[
        int, Field(description="Seconds after DRAIN_SECONDS until requests are cancelled.", ge=0)
    ] = 20
    docs_enabled: Annotated[
        bool | None,
        Field(description="Serve the OpenAPI schema and its page; unset: not in production."),
    ] = None

    allowed_in_production: Annotated[
        CsvTuple,
        AfterValidator(_may_be_allowed),
        Field(description="Settings that may be unsafe in production; `make check` names them."),
    ] = ()

    @classmethod
    def deployment_examples(cls) -> dict[str, DeploymentExample]:
        """Return what a deployment may set."""
        return {
            "environment": DeploymentExample("production", "staging"),
            "api_public_url": DeploymentExample(
                "https://api.example.com", "https://api.staging.example.com"
            ),
            "host": DeploymentExample("0.0.0.0"),  # noqa: S104 -- in a container, behind a proxy
            "workers": DeploymentExample("2"),
            "trusted_proxies": DeploymentExample("10.0.0.0/8"),
            "allowed_hosts": DeploymentExample("api.example.com", "api.staging.example.com"),
        }

    def production_issues(self) -> list[str]:
        """Return what must not be so in production."""
        findings = [
            f"TRUSTED_PROXIES: trusts {network}, whose clients could choose their IP address"
            for network in _too_wide(self.trusted_proxies)
        ]
        if self.serves_docs:
            findings.append("DOCS_ENABLED: is true, which shows all routes to everyone")
        return findings

    def public_features(self) -> dict[str, bool]:
        """Return what GET /config shows."""
        return {"docs": self.serves_docs}

    @property
    def version(self) -> str:
        """The version that the service reports."""
        return self.app_version or self.installed_version

    @property
    def serves_docs(self) -> bool:
        """Whether the OpenAPI schema is served."""
        if self.docs_enabled is None:
            return self.environment is not Environment.PRODUCTION
        return self.docs_enabled


class ServiceSettings(
    AppSettings, LogSettings, HeaderSettings, CorsSettings, LimitSettings, CacheSettings
):
    """What every service can set, and what its settings mean together."""

    @property
    def is_production(self) -> bool:
        """Whether this is the real thing."""
        return self.environment is Environment.PRODUCTION

    @property
    def is_development(self) -> bool:
        """Whether a developer looks at what it writes."""
        return self.environment is Environment.DEVELOPMENT

    @property
    def chosen_log_format(self) -> Format:
        """The format of the logs: as set, else text for developers and JSON for machines."""
        if self.log_format is not None:
            return self.log_format
        return Format.TEXT if self.is_development else Format.JSON

    def audit(self) -> list[str]:
        """Return what must not be so in the current environment, a line each; empty is good."""
        if not self.is_production:
            return []
        findings = []
        if self.api_public_url and self.api_public_url.scheme == "https":
            if not self.hsts_enabled:
                findings.append("HSTS_ENABLED: is off behind an https API_PUBLIC_URL")
            elif not self.hsts_max_age:
                findings.append("HSTS_MAX_AGE: is 0, which is off, behind an https API_PUBLIC_URL")
        findings += [
            finding for group in self.groups() for finding in group.production_issues(self)
        ]
        return list(self._without_allowed(findings))

    def _without_allowed(self, findings: list[str]) -> Iterator[str]:
        for finding in findings:
            name = finding.partition(":")[0]
            if name not in MAY_BE_ALLOWED:
                yield finding
            elif name not in self.allowed_in_production:
                yield f"{finding}; if you want that, name it in ALLOWED_IN_PRODUCTION"

    @classmethod
    def groups(cls) -> Iterator[type[SettingsGroup]]:
        """Yield the groups of settings, in the order of .env.example."""
        for base in cls.__bases__:
            if issubclass(base, ServiceSettings):
                yield from base.groups()
            elif issubclass(base, SettingsGroup):
                yield base


class SettingsError(Exception):
    """The settings or the routes are invalid: a line for each error, which quotes no value."""


def read_settings[Read: ServiceSettings](
    kind: type[Read], own: type[SettingsGroup], env_file: Path | None
) -> Read:
    """Read the settings from the environment and the file, the environment first.

    Args:
        kind: The class of the service's settings.
        own: The group of the team's, whose names must differ from those of the others.
        env_file: The file; None for none.

    Raises:
        SettingsError: A value is malformed.
    """
    _require_own_names(kind, own)
    try:
        settings = kind(_env_file=env_file)
    except SecretFileError as error:
        raise SettingsError(str(error)) from None
    except UnreadableError as error:
        field = str(error).partition('"')[2].partition('"')[0]
        raise SettingsError(f"{field.upper()}: is not the JSON that its type asks for") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{env_file}: is not UTF-8 text") from None
    except ValidationError as error:
        messages = (
            ": ".join([*(str(part).upper() for part in each["loc"][:1]), _sentence(each["msg"])])
            for each in error.errors(include_input=False, include_context=False)
        )
        raise SettingsError("\n".join(messages)) from None
    # From here on no record of this process shows a secret, in a command as in a request.
    redact_records(Redactor(settings.redact_keys))
    return settings


def _require_own_names(kind: type[ServiceSettings], own_group: type[SettingsGroup]) -> None:
    others = [group for group in kind.groups() if group is not own_group]
    taken = {name for group in others for name in (*group.model_fields, *vars(group))}
    taken |= vars(kind).keys() | vars(ServiceSettings).keys()
    # A property of the same name would decide in the template's place.
    bases = [each for each in own_group.__mro__ if each not in SettingsGroup.__mro__]
    own = {name for each in bases for name in vars(each)} - vars(SettingsGroup).keys()
    own |= own_group.model_fields.keys()
    if clashing := sorted(name for name in taken & own if not name.startswith("_")):
        raise SettingsError(f"{clashing[0].upper()}: custom.py uses a name that is taken")


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ")


def env_example(kind: type[ServiceSettings]) -> str:
    """Return the text of .env.example: each setting with its description and default."""
    sections = ["# Copy to .env. A line that is commented out has no default.\n"]
    for group in kind.groups():
        fields = list(group.model_fields)
        if not fields:
            continue
        heading = (group.__doc__ or "").partition(".")[0]
        lines = [f"\n# --- {heading}\n"]
        for name in fields:
            field = kind.model_fields[name]
            default = None if field.is_required() else field.get_default(call_default_factory=True)
            line = f"{name.upper()}={_env_value(default)}"
            shown = f"# {line}" if default is None else line
            lines.append(f"# {' '.join((field.description or '').split())}\n{shown}\n")
        sections += lines
    return "".join(sections)


def deployed_example(kind: type[ServiceSettings], environment: Environment) -> str:
    """Return the text of .env.staging.example or .env.production.example.

    It holds the settings that a deployment has to look at; all others have defaults.
    """
    sections = [
        f"# What {environment} sets; .env.example lists all settings with their defaults.\n",
        "# The values are examples: put your own in their place.\n",
    ]
    for name, value in (
        entry for group in kind.groups() for entry in group.deployment_examples().items()
    ):
        is_staging = environment is Environment.STAGING and value.staging is not None
        shown = value.staging if is_staging else value.production
        description = kind.model_fields[name].description
        sections.append(f"\n# {description}\n{name.upper()}={shown}\n")
    return "".join(sections)


def _env_value(default: Any) -> str:
    if default is None:
        return ""
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if isinstance(default, tuple) and all(isinstance(part, str) for part in default):
        return f'"{",".join(default)}"' if default else ""
    if isinstance(default, dict | list | tuple):
        return json.dumps(default)
    if isinstance(default, bool):
        return str(default).lower()
    return str(default)
