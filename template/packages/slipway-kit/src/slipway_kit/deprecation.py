"""Deprecation of endpoints, in the headers of responses and in the OpenAPI schema."""

from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any

from .headers import Headers

DOCUMENTED_HEADERS = {
    "Deprecation": {
        "description": "Since when the endpoint is deprecated (RFC 9745).",
        "schema": {"type": "string"},
        "example": "@1798761600",
    },
    "Sunset": {
        "description": "When the endpoint will be removed (RFC 8594).",
        "schema": {"type": "string"},
        "example": "Thu, 01 Jul 2027 00:00:00 GMT",
    },
    "Link": {
        "description": "Where to read about its replacement.",
        "schema": {"type": "string"},
        "example": '<https://example.com/v2>; rel="deprecation"',
    },
}


class Deprecation:
    """Since when something is deprecated, and when it will be removed.

    Args:
        since: From when on it should not be used, at midnight UTC; the day may be still to come.
        sunset: When it stops to respond, at midnight UTC; None where that is not decided.
        link: Where to read what to use in its place: an address, in ASCII.

    Raises:
        ValueError: It would be removed before it is deprecated (RFC 9745, section 4), or the
            link would end early in its header.
    """

    def __init__(self, since: date, *, sunset: date | None = None, link: str | None = None) -> None:
        if sunset is not None and sunset < since:
            raise ValueError("sunset must not be before since")
        if link is not None and not (link.isascii() and link.isprintable() and ">" not in link):
            raise ValueError("link must be a URL in printable ASCII")
        self.since = since
        self.sunset = sunset
        headers = {"deprecation": f"@{_midnight(since).timestamp():.0f}"}
        if sunset is not None:
            headers["sunset"] = format_datetime(_midnight(sunset), usegmt=True)
        if link is not None:
            headers["link"] = f'<{link}>; rel="deprecation"'
        self.headers: Headers = tuple(
            (name.encode(), value.encode()) for name, value in headers.items()
        )

    def document(self, operation: dict[str, Any]) -> None:
        """Mark an operation of the OpenAPI schema."""
        operation["deprecated"] = True
        sentence = f"**Deprecated** since {self.since.isoformat()}"
        if self.sunset is not None:
            sentence += f"; it will be removed on {self.sunset.isoformat()}"
        text = operation.get("description", "")
        operation["description"] = f"{sentence}.\n\n{text}".strip()
        sent = {name.decode().capitalize() for name, _ in self.headers}
        for response in operation["responses"].values():
            headers = response.setdefault("headers", {})
            headers.update({name: DOCUMENTED_HEADERS[name] for name in sorted(sent)})


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
