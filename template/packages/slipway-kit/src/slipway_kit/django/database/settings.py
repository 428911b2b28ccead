"""The database's settings, as the service has them and as Django does; here SQLite."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, SecretStr

from ...settings_group import DeploymentExample, SettingsGroup

Parts = Callable[[str, float], dict[str, Any]]
"""Takes a URL without its scheme, and seconds to wait; returns what Django needs to know."""

# WAL lets readers continue during a write; a transaction that will write is immediate,
# for one that finds out later fails at once where another writes.
_SQLITE_OPTIONS = {
    "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;",
    "transaction_mode": "IMMEDIATE",
}


def _sqlite(rest: str, timeout: float) -> dict[str, Any]:
    file = rest.removeprefix("/")
    if not rest.startswith("/") or file in {"", ":memory:"} or "?" in file:
        raise ValueError("must name a file and nothing else, like sqlite:///service.db")
    options = _SQLITE_OPTIONS | {"timeout": timeout}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": file, "OPTIONS": options}


SQLITE: Mapping[str, Parts] = {"sqlite": _sqlite, "sqlite+aiosqlite": _sqlite}


def parts_of(text: str, timeout: float, schemes: Mapping[str, Parts]) -> dict[str, Any]:
    """Return what Django needs to know of a database, from its URL.

    Raises:
        ValueError: It is no URL of a known database; the message does not quote it.
    """
    scheme, mark, rest = text.partition("://")
    if not mark:
        raise ValueError("must be a URL like sqlite:///service.db")
    if scheme not in schemes:
        raise ValueError(f"must begin with one of {', '.join(schemes)}")
    return schemes[scheme](rest, timeout)


def check_url(schemes: Mapping[str, Parts]) -> AfterValidator:
    """Return the check of a URL, which has to begin with one of the schemes."""

    def check(value: SecretStr) -> SecretStr:
        parts_of(value.get_secret_value(), 1, schemes)
        return value

    return AfterValidator(check)


class DatabaseSettings(SettingsGroup):
    """The database."""

    schemes: ClassVar[Mapping[str, Parts]] = SQLITE
    """What reads the rest of a URL, by its scheme."""

    database_url: Annotated[
        SecretStr,
        check_url(SQLITE),
        Field(description="The SQLite file; four slashes begin an absolute path."),
    ] = SecretStr("sqlite:///service.db")
    database_pool_size: Annotated[
        int, Field(description="Connections that a worker keeps open.", ge=1)
    ] = 10
    database_max_overflow: Annotated[
        int, Field(description="Connections that a worker may open beyond those.", ge=0)
    ] = 5
    database_timeout: Annotated[
        float, Field(description="Seconds to wait for a connection.", gt=0, le=60)
    ] = 5.0

    @classmethod
    def deployment_examples(cls) -> dict[str, DeploymentExample]:
        """Return what a deployment may set."""
        return {"database_url": DeploymentExample("sqlite:////var/lib/service/service.db")}


def django_database(settings: DatabaseSettings) -> dict[str, Any]:
    """Return the database as Django's settings have it.

    Each of the service's threads keeps its connection, and looks whether it is still good when a
    request comes that needs it.
    """
    text = settings.database_url.get_secret_value()
    parts = parts_of(text, settings.database_timeout, settings.schemes)
    return parts | {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
