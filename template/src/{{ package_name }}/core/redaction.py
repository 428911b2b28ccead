"""What must not be written down: one list of names for logs and error reports alike."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import unquote_plus

REDACTED = "[redacted]"
NAMES = ("password", "token", "secret", "api_key", "authorization", "cookie")
"""Parts of names whose values are secret; a name is compared in lower case with underscores."""

PLAIN = frozenset({str, int, float, bool, type(None)})
"""Types whose values hold nothing else, and so nothing secret under a name of its own."""

_DEEPEST = 20
_MOST_KNOWN = 1000

# What libraries quote in the messages of their exceptions: a value that does not fit, parameters.
_QUOTED = re.compile(
    r"(input_value=).{0,1000}?(?=, input_type=)|(\[parameters: ).{0,1000}?(?=\]\s*$)",
    re.DOTALL | re.MULTILINE,
)
_CREDENTIALS = re.compile(r"(://)[^/\s@]{1,500}(?=@)")
_QUERY = re.compile(r"\?([^\s#\"'<>]+)")
_VALUE = (
    r"""((?:bearer|basic|digest|token)\s+[^\s"',;]+|b?\\*"[^"]*"|b?\\*'[^']*'"""
    r"""|[^\s&;,"'()\[\]{}<>]+)"""
)
_BETWEEN = r"""([\w%-]{0,64}(?:\\*["'])?\s*(?:[=:]|(?<=["']),)\s*)"""


class Redactor:
    """Replaces the values of secret names, at any depth and in query strings.

    Args:
        more: Further names, beyond those that are always secret.
    """

    def __init__(self, more: Iterable[str] = ()) -> None:
        self._names = (*NAMES, *(_plain(name) for name in more if name))
        self._known: dict[str, bool] = {}
        parts = "|".join(re.escape(name).replace("_", "[-_]") for name in self._names)
        self._assigned = re.compile(f"({parts}){_BETWEEN}{_VALUE}", re.IGNORECASE)

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

    def value(
        self, value: Any, depth: int = 0, *, texts: bool = False, keep: Collection[str] = ()
    ) -> Any:
        """Return a value with everything secret in it replaced.

        Args:
            value: What is to be written down.
            depth: How deep it lies.
            texts: Whether its texts are cleaned, too, as by text().
            keep: Keys whose values stay as they are.
        """
        if texts and isinstance(value, str):
            return self.text(value)
        if type(value) in PLAIN:
            return value
        if depth >= _DEEPEST:
            return REDACTED
        if isinstance(value, Mapping):
            return {
                key: REDACTED
                if isinstance(key, str) and self.is_secret(key)
                else inner
                if key in keep
                else self.value(inner, depth + 1, texts=texts, keep=keep)
                for key, inner in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(inner, depth + 1, texts=texts, keep=keep) for inner in value]
        return value

    def text(self, text: str) -> str:
        """Return a text without the secrets that it names: `token=x`, `"password": "x"`, URLs' own.

        It is a second line of defence, for messages of exceptions; what a text does not name stays.
        """
        text = _QUOTED.sub(rf"\1\2{REDACTED}", text)
        text = _CREDENTIALS.sub(rf"\1{REDACTED}", text)
        text = _QUERY.sub(lambda match: f"?{self.query(match[1])}", text)
        return self._assigned.sub(rf"\1\2{REDACTED}", text)

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
