"""Which names the service answers to."""

from collections.abc import Iterable


class Hosts:
    """Names of hosts; one that begins with `*.` stands for all below it, `*` for all.

    Args:
        names: The names that the service answers to.
    """

    def __init__(self, names: Iterable[str]) -> None:
        lowered = [name.lower() for name in names]
        self.everyone = "*" in lowered
        self._exact = frozenset(name for name in lowered if not name.startswith("*"))
        self._endings = tuple(name[1:] for name in lowered if name.startswith("*."))

    def include(self, header: str) -> bool:
        """Return whether a Host header, with or without its port, names one of them."""
        name = header.lower()
        if not name.endswith("]"):
            before, colon, port = name.rpartition(":")
            if colon and port.isdigit():
                name = before
        return self.everyone or name in self._exact or name.endswith(self._endings)
