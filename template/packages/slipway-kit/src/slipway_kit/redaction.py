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
NAMES = ("password", "pwd", "token", "jwt", "secret", "api_key", "authorization", "cookie")
"""Parts of names whose values are secret; a name is compared in any case, without separators."""

WHOLE_NAMES = frozenset({"code", "key"})
"""Secret as a whole name, as in `?code=`; a status_code is none, nor is `key=` in a program."""

PLAIN = frozenset({str, int, float, bool, type(None)})
"""Types whose values contain no others, and so no secret under a name of its own."""

# Written as they are, though they are objects: they have no parts with names.
_PLAIN_TOO = (date, time, timedelta, Decimal, Enum, UUID)
_DEEPEST = 20
_MOST_KNOWN = 1000
_LONGEST_NAME = 256
_LONGEST_QUERY = 8_192
_LONGEST_TEXT = 32_768
_LARGEST_VALUE = 500_000

_CUT = "... [cut]"
"""What a text ends in that was too long to be read whole."""

# Each pattern is linear: a match takes all that was read for it (hence the possessive quantifiers),
# or the next possible match begins behind it. A value without an end, as in a text that was cut,
# reaches to the end of the text, or of the line.
_CREDENTIALS = re.compile(r"(://)[^/\s@]++(?=@| \[cut\]\Z)")
# Words of names whose values are secret: a design is none, though there is a sig in it.
_WORDS = r"(?<![a-z])(?:otp|sig)(?![a-z])"
_WORD = re.compile(_WORDS, re.IGNORECASE)
_JWT = re.compile(r"(?:(?<![\w-])|(?<=%[\da-fA-F]{2}))eyJ[\w-]{8,}+(?:\.[\w-]*+){1,4}+")
# What libraries quote in the messages of their exceptions: a rejected value, a query's parameters.
_QUOTED = (
    re.compile(r"(input_value=)[^,]*+(?:,(?! input_type=)[^,]*+)*+"),
    re.compile(r"(\[parameters: )[^\]]*+(?:\](?![^\S\n]*$)[^\]]*+)*+", re.MULTILINE),
)
_QUERY = re.compile(r"\?([^\s#\"'<>]++)")
_PAIR = re.compile(r"(?<![^&;])([^&;=]*+)=[^&;]++")
_HEADER = re.compile(r"\b(authorization|cookie)(\s*+:\s*+)[^\r\n]++", re.IGNORECASE)
_BETWEEN = r"""(?:\\*+["'])?+\s*+(?:[=:]|(?<=["']),)\s*+"""
_VALUE = (
    r"""(?:(?:bearer|basic|digest|token)\s++[^\s"',;]++"""
    r"""|b?"[^"\\]*+(?:\\.[^"\\]*+)*+"?|b?'[^'\\]*+(?:\\.[^'\\]*+)*+'?"""
    r"""|b?\\++"[^"]*+"?|b?\\++'[^']*+'?"""
    r"""|\[redacted\]|[\[({](?:[^\n]*[\])}]|[^\n]*)|[^\s&;"'()\[\]{}<>]++)"""
)


class Redactor:
    """Replaces the values of secret names, at any depth and in query strings.

    Args:
        more: Further names, beyond those that are always secret.
    """

    def __init__(self, more: Iterable[str] = ()) -> None:
        names = [*NAMES, *filter(_plain, more)]
        self._names = tuple(map(_plain, names))
        self._known: dict[str, bool] = {}
        parts = "|".join("[-_]?".join(map(re.escape, re.split("[-_]", name))) for name in names)
        parts += f"|{_WORDS}"
        self._assigned = re.compile(
            rf"((?:{parts})[\w%-]*+)(?:({_BETWEEN}){_VALUE})?+", re.IGNORECASE | re.DOTALL
        )

    def is_secret(self, name: str) -> bool:
        """Return whether a value of this name, percent-encoded or not, must not be written down."""
        known = self._known.get(name)
        if known is None:
            if len(name) > _LONGEST_NAME:
                return True
            plain = unquote_plus(name)
            known = _plain(plain) in WHOLE_NAMES or self._contains_name(plain)
            # Names come from clients, too: what is remembered stays bounded.
            if len(self._known) < _MOST_KNOWN:
                self._known[name] = known
        return known

    def value(self, value: Any, *, texts: bool = False, keep: Collection[str] = ()) -> Any:
        """Return a value with everything secret in it replaced.

        Args:
            value: What is to be written down; if it is very large, only its beginning is.
            texts: Whether its texts are cleaned, too, as by text().
            keep: Keys whose values stay as they are.
        """
        return _Reader(self, texts=texts, keep=keep).read(value, 0)

    def names_secret(self, key: object) -> bool:
        """Return whether a key is the name of a secret, as text or as bytes."""
        if isinstance(key, bytes):
            key = key.decode("latin-1")
        return isinstance(key, str) and self.is_secret(key)

    def text(self, text: str) -> str:
        """Return a text without JWTs and the secrets that it names: `token=x`, `"password": "x"`.

        It is a second line of defence, for messages of exceptions; what a text does not name stays.
        A text of more than 32,768 characters is cut, and ends in `... [cut]`.
        """
        is_cut = len(text) > _LONGEST_TEXT
        if is_cut:
            text = text[:_LONGEST_TEXT] + _CUT
        text = _without_jwts(text)
        for pattern in (_CREDENTIALS, *_QUOTED):
            text = pattern.sub(rf"\1{REDACTED}", text)
        text = _QUERY.sub(lambda match: f"?{self._pairs(match[1])}", text)
        if self._contains_name(text):
            text = _HEADER.sub(rf"\1\2{REDACTED}", text)
            text = self._assigned.sub(_without_value, text)
        return text + _CUT if is_cut and not text.endswith(_CUT) else text

    def path(self, path: str) -> str:
        """Return a path without JWTs, which are secret under any name."""
        return _without_jwts(path)

    def query(self, query: str) -> str:
        """Return a query string with JWTs and the values of secret names replaced.

        One of more than 8,192 characters is cut, as by text().
        """
        if len(query) > _LONGEST_QUERY:
            return self._pairs(query[:_LONGEST_QUERY]) + _CUT
        return self._pairs(query)

    def _pairs(self, query: str) -> str:
        return _PAIR.sub(self._pair, _without_jwts(query))

    def _pair(self, pair: re.Match[str]) -> str:
        return f"{pair[1]}={REDACTED}" if self.is_secret(pair[1]) else pair[0]

    def _contains_name(self, text: str) -> bool:
        plain = _plain(text)
        return any(name in plain for name in self._names) or bool(_WORD.search(text))


class _Reader:
    """Reads one value, as far as it may be large."""

    def __init__(self, redactor: Redactor, *, texts: bool, keep: Collection[str]) -> None:
        self._redactor = redactor
        self._texts = texts
        self._keep = keep
        self._left = _LARGEST_VALUE

    def read(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if self._texts and isinstance(value, str):
            return self._text(value)
        if type(value) in PLAIN:
            return value
        if depth >= _DEEPEST:
            return REDACTED
        value = _opened(value)
        if isinstance(value, Mapping):
            return self._mapping(value, depth + 1)
        if isinstance(value, list | tuple | set | frozenset):
            return self._list(list(value), depth + 1)
        return value if isinstance(value, _PLAIN_TOO) else self._text(str(value))

    def _text(self, text: str) -> str:
        self._left -= min(len(text), _LONGEST_TEXT)
        return self._redactor.text(text) if self._left >= 0 else _CUT

    def _mapping(self, mapping: Mapping[Any, Any], depth: int) -> dict[Any, Any]:
        read: dict[Any, Any] = {}
        for key, value in mapping.items():
            if self._left < 0:
                read[_CUT] = None
                break
            if self._redactor.names_secret(key):
                read[key] = REDACTED
            else:
                read[key] = value if key in self._keep else self.read(value, depth)
        return read

    def _list(self, values: list[Any], depth: int) -> list[Any]:
        if len(values) == len(("name", "value")) and self._redactor.names_secret(values[0]):
            values[1] = REDACTED  # as servers hand headers over
        read: list[Any] = []
        for value in values:
            if self._left < 0:
                read.append(_CUT)
                break
            read.append(self.read(value, depth))
        return read


def _without_jwts(text: str) -> str:
    return _JWT.sub(REDACTED, text) if "eyJ" in text else text


def _without_value(match: re.Match[str]) -> str:
    return match[0] if match[2] is None else f"{match[1]}{match[2]}{REDACTED}"


def _opened(value: Any) -> Any:
    """Return an object that has named parts as a mapping of them."""
    if isinstance(value, BaseModel):
        return value.model_dump()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return value


def _plain(name: str) -> str:
    return name.casefold().replace("-", "").replace("_", "")
