"""What must not be written down: one list of names for logs and error reports alike."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_plus

REDACTED = "[redacted]"
NAMES = ("password", "token", "secret", "api_key", "authorization", "cookie")
"""Parts of names whose values are secret; a name is compared in lower case with underscores."""

PLAIN = frozenset({str, int, float, bool, type(None)})
"""Types whose values hold nothing else, and so nothing secret under a name of its own."""

_DEEPEST = 20
_MOST_KNOWN = 1000


class Redactor:
    """Replaces the values of secret names, at any depth and in query strings.

    Args:
        more: Further names, beyond those that are always secret.
    """

    def __init__(self, more: Iterable[str] = ()) -> None:
        self._names = (*NAMES, *(_plain(name) for name in more if name))
        self._known: dict[str, bool] = {}

    def is_secret(self, name: str) -> bool:
        """Return whether a value of this name must not be written down."""
        known = self._known.get(name)
        if known is None:
            plain = _plain(name)
            known = any(part in plain for part in self._names)
            # Names come from clients, too: what is remembered stays bounded.
            if len(self._known) < _MOST_KNOWN:
                self._known[name] = known
        return known

    def value(self, value: Any, depth: int = 0) -> Any:
        """Return a value with everything secret in it replaced."""
        if type(value) in PLAIN:
            return value
        if depth >= _DEEPEST:
            return REDACTED
        if isinstance(value, Mapping):
            return {
                key: REDACTED
                if isinstance(key, str) and self.is_secret(key)
                else self.value(inner, depth + 1)
                for key, inner in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(inner, depth + 1) for inner in value]
        return value

    def query(self, query: str) -> str:
        """Return a query string with the values of secret names replaced."""
        if not query:
            return query
        return "&".join(map(self._pair, query.split("&")))

    def _pair(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        if equals and value and self.is_secret(unquote_plus(name)):
            return f"{name}={REDACTED}"
        return pair


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
