"""PostgreSQL, as Django's settings have it."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

SCHEMES = ("postgres", "postgresql", "postgresql+psycopg")
_MALFORMED = (ProgrammingError, TypeError, ValueError)


def parts(rest: str, timeout: float) -> dict[str, Any]:
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
