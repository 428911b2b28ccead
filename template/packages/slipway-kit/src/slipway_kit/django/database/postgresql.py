"""PostgreSQL, as Django's settings have it, beside SQLite."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import Field, SecretStr

from ...settings_group import DeploymentExample
from .settings import SQLITE, DatabaseSettings, Parts, check_url

_MALFORMED = (ProgrammingError, TypeError, ValueError)


def _postgresql(rest: str, timeout: float) -> dict[str, Any]:
    """Return what Django needs to know of a database, from its URL without the scheme.

    Raises:
        ValueError: It is no such URL; the message does not quote it.
    """
    query = urlsplit(f"//{rest}").query
    options = dict(parse_qsl(query, keep_blank_values=True))
    try:
        make_conninfo("", **options)
    except _MALFORMED as error:
        reason = str(error).strip()
        raise ValueError(f"has an option that libpq does not know: {reason}") from None
    try:
        given = conninfo_to_dict(f"postgresql://{rest}")
        int(str(given.get("port") or 0).partition(",")[0])
    except _MALFORMED:
        raise ValueError("must be a URL like sqlite:///service.db") from None
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": given.pop("dbname", ""),
        "USER": given.pop("user", ""),
        "PASSWORD": given.pop("password", ""),
        "HOST": given.pop("host", ""),
        "PORT": str(given.pop("port", "")),
        "OPTIONS": {"connect_timeout": max(1, round(timeout)), **given},
    }


_SCHEMES: Mapping[str, Parts] = {
    **SQLITE,
    **dict.fromkeys(("postgres", "postgresql", "postgresql+psycopg"), _postgresql),
}


class PostgresqlSettings(DatabaseSettings):
    """The database."""

    schemes: ClassVar[Mapping[str, Parts]] = _SCHEMES

    database_url: Annotated[
        SecretStr,
        check_url(_SCHEMES),
        Field(description="PostgreSQL, postgresql://user:password@host/name, or SQLite as here."),
    ] = SecretStr("sqlite:///service.db")

    @classmethod
    def deployment_examples(cls) -> dict[str, DeploymentExample]:
        """Return what a deployment may set."""
        url = "postgresql://user:password@database/service"
        return {"database_url": DeploymentExample(url)}

    def production_issues(self) -> list[str]:
        """Return what must not be so in production."""
        if self.database_url.get_secret_value().startswith("sqlite"):
            return ["DATABASE_URL: is SQLite; in production the service needs PostgreSQL"]
        if ":password@" in self.database_url.get_secret_value():
            return ["DATABASE_URL: has the password of the example file"]
        return []
