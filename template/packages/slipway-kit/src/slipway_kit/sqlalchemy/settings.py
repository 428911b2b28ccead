"""The database's settings."""

from importlib.util import find_spec
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from slipway_kit.settings_group import DeploymentExample, SettingsGroup

DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
}
"""The start of a database URL to the driver that serves it."""
ON_POSTGRESQL = find_spec("psycopg") is not None
"""Whether the service can run on PostgreSQL: its driver is installed."""
if ON_POSTGRESQL:
    DRIVERS |= dict.fromkeys(("postgres", "postgresql", "postgresql+psycopg"), "postgresql+psycopg")

_MALFORMED = (ArgumentError, ValueError)


def parse_url(text: str) -> URL:
    """Return the URL with the service's driver. The text may contain a password.

    Raises:
        ValueError: It is no URL of a known database; the message does not quote it.
    """
    try:
        url = make_url(text)
    except _MALFORMED:
        raise ValueError("must be a URL like sqlite:///service.db") from None
    if url.drivername not in DRIVERS:
        raise ValueError(f"must begin with one of {', '.join(DRIVERS)}")
    is_sqlite = url.get_backend_name() == "sqlite"
    if is_sqlite and (url.query or url.database in {None, "", ":memory:"}):
        raise ValueError("must name a file and nothing else, like sqlite:///service.db")
    if url.query:
        _check_options({name: "".join(value) for name, value in url.query.items()})
    return url.set(drivername=DRIVERS[url.drivername])


def _check_options(options: dict[str, str]) -> None:
    from psycopg import ProgrammingError  # noqa: PLC0415 -- only PostgreSQL has options
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    try:
        make_conninfo("", **options)
    except (ProgrammingError, TypeError) as error:
        reason = str(error).strip()
        raise ValueError(f"has an option that libpq does not know: {reason}") from None


def _check_url(value: SecretStr) -> SecretStr:
    parse_url(value.get_secret_value())
    return value


class DatabaseSettings(SettingsGroup):
    """The database."""

    database_url: Annotated[
        SecretStr,
        AfterValidator(_check_url),
        Field(
            description="PostgreSQL, postgresql://user:password@host/name, or SQLite as here."
            if ON_POSTGRESQL
            else "The SQLite file; four slashes begin an absolute path."
        ),
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
        url = "postgresql://user:password@database/service"
        if not ON_POSTGRESQL:
            url = "sqlite:////var/lib/service/service.db"
        return {"database_url": DeploymentExample(url)}

    def production_issues(self) -> list[str]:
        """Return what must not be so in production."""
        if not ON_POSTGRESQL:
            return []
        if self.database_url.get_secret_value().startswith("sqlite"):
            return ["DATABASE_URL: is SQLite; in production the service needs PostgreSQL"]
        if ":password@" in self.database_url.get_secret_value():
            return ["DATABASE_URL: has the password of the example file"]
        return []
