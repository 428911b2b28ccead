"""What must not be written down: one list of names for logs and error reports alike."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID

from pydantic import BaseModel

REDACTED = "[redacted]"
NAMES = ("password", "token", "secret", "api_key", "authorization", "cookie")
"""Parts of names whose values are secret; a name is compared in any case, without separators."""

PLAIN = frozenset({str, int, float, bool, type(None)})
"""Types whose values hold nothing else, and so nothing secret under a name of its own."""

# Written as they are, though they are objects: they have no parts with names.
_PLAIN_TOO = (date, time, timedelta, Decimal, Enum, UUID)
_DEEPEST = 20
_MOST_KNOWN = 1000

# What libraries quote in the messages of their exceptions: a value that does not fit, parameters.
_QUOTED = re.compile(
    r"(input_value=).{0,1000}?(?=, input_type=)|(\[parameters: ).{0,1000}?(?=\]\s*$)",
    re.DOTALL | re.MULTILINE,
)
_SEPARATOR = re.compile("[-_]")
_BETWEEN_PAIRS = re.compile("([&;])")
_CREDENTIALS = re.compile(r"(://)[^/\s@]{1,500}(?=@)")
_QUERY = re.compile(r"\?([^\s#\"'<>]+)")
_HEADER = re.compile(r"\b(authorization|cookie)(\s*:\s*)[^\r\n]+", re.IGNORECASE)
_VALUE = (
    r"""((?:bearer|basic|digest|token)\s+[^\s"',;]+"""
    r"""|b?"(?:\\.|[^"\\])*"|b?'(?:\\.|[^'\\])*'|b?\\+"[^"]*"|b?\\+'[^']*'"""
    r"""|\[redacted\]|[\[({][^\n]*[\])}]|[^\s&;"'()\[\]{}<>]+)"""
)
_BETWEEN = r"""([\w%-]{0,64}(?:\\*["'])?\s*(?:[=:]|(?<=["']),)\s*)"""


class Redactor:
    """Replaces the values of secret names, at any depth and in query strings.

    Args:
        more: Further names, beyond those that are always secret.
    """

    def __init__(self, more: Iterable[str] = ()) -> None:
        names = [*NAMES, *filter(_plain, more)]
        self._names = tuple(map(_plain, names))
        self._known: dict[str, bool] = {}
        parts = "|".join("[-_]?".join(map(re.escape, _SEPARATOR.split(name))) for name in names)
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
        value = _opened(value)
        if isinstance(value, Mapping):
            return {
                key: REDACTED
                if self._names_secret(key)
                else inner
                if key in keep
                else self.value(inner, depth + 1, texts=texts, keep=keep)
                for key, inner in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            parts = list(value)
            if len(parts) == len(("name", "value")) and self._names_secret(parts[0]):
                parts[1] = REDACTED  # as servers hand headers over
            return [self.value(inner, depth + 1, texts=texts, keep=keep) for inner in parts]
        return value if isinstance(value, _PLAIN_TOO) else self.text(str(value))

    def _names_secret(self, key: object) -> bool:
        if isinstance(key, bytes):
            key = key.decode("latin-1")
        return isinstance(key, str) and self.is_secret(key)

    def text(self, text: str) -> str:
        """Return a text without the secrets that it names: `token=x`, `"password": "x"`, URLs' own.

        It is a second line of defence, for messages of exceptions; what a text does not name stays.
        """
        text = _QUOTED.sub(rf"\1\2{REDACTED}", text)
        text = _CREDENTIALS.sub(rf"\1{REDACTED}", text)
        text = _QUERY.sub(lambda match: f"?{self.query(match[1])}", text)
        text = _HEADER.sub(rf"\1\2{REDACTED}", text)
        return self._assigned.sub(rf"\1\2{REDACTED}", text)

    def query(self, query: str) -> str:
        """Return a query string with the values of secret names replaced."""
        if not query:
            return query
        return "".join(map(self._pair, _BETWEEN_PAIRS.split(query)))

    def _pair(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        if equals and value and self.is_secret(unquote_plus(name)):
            return f"{name}={REDACTED}"
        return pair


def _opened(value: Any) -> Any:
    """Return an object that has named parts as a mapping of them."""
    if isinstance(value, BaseModel):
        return value.model_dump()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return value


def _plain(name: str) -> str:
    return _SEPARATOR.sub("", name.lower())
