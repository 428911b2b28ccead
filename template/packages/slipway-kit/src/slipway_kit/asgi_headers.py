"""Headers as a server hands them over: pairs of bytes, the names in lower case."""

from collections.abc import Iterable

Pairs = Iterable[tuple[bytes, bytes]]


def first(headers: Pairs, name: bytes) -> str | None:
    """Return the value of the first header of a name; None for no such header.

    A plain walk: the few headers of a request are read sooner than put into a table.
    """
    for each, value in headers:
        if each == name:
            return value.decode("latin-1")
    return None


def joined(headers: Pairs, name: bytes) -> str:
    """Return the values of all headers of a name, joined by commas (RFC 9110, 5.3)."""
    return b",".join([value for each, value in headers if each == name]).decode("latin-1")


def announces_events(pairs: Pairs) -> bool:
    """Return whether the headers of a response announce a stream of events."""
    return (first(pairs, b"content-type") or "").startswith("text/event-stream")
