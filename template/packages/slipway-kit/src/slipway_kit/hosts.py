"""The allowed values of the Host header."""

import re
from collections.abc import Iterable, Sequence

# A name or an address, and perhaps a port. Nothing else can stand in a URL's place for it, so that
# a name cannot be hidden behind the path of another (RFC 3986, 3.2.2).
_HOST = re.compile(r"([a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])\.?(?::[0-9]*)?")
_LONGEST = 300
"""Characters: a name has at most 253 (RFC 1035), and a port comes behind it."""


class Hosts:
    """Names of hosts; one that begins with `*.` stands for all below it, `*` for all.

    Args:
        names: The allowed names.
    """

    def __init__(self, names: Iterable[str]) -> None:
        lowered = [name.lower().removesuffix(".") for name in names]
        self.everyone = "*" in lowered
        self._exact = frozenset(name for name in lowered if not name.startswith("*"))
        self._endings = tuple(name[1:] for name in lowered if name.startswith("*."))

    def include(self, headers: Sequence[str]) -> bool:
        """Return whether the Host headers of a request are one, and it names one of them.

        A port and the dot of a complete name do not matter.
        """
        if len(headers) != 1 or len(headers[0]) > _LONGEST:
            return False
        host = _HOST.fullmatch(headers[0].lower())
        return host is not None and (host[1] in self._exact or host[1].endswith(self._endings))
