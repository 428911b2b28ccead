"""A cache of responses."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Annotated, Protocol

from pydantic import Field

from .settings_group import SettingsGroup

MOST_ENTRIES = 10_000
"""How many values a process keeps; those that were not read for longest go first."""

INVALIDATION_SECONDS = 5.0
"""For how long nothing is kept under a key whose value was changed: longer than a transaction that
has read the old value takes to end, else it could put the old value back."""

Report = Callable[[str], None]


class CacheSettings(SettingsGroup):
    """The cache."""

    cache_enabled: Annotated[
        bool, Field(description="Cache responses; disable where several hosts share none.")
    ] = True
    cache_seconds: Annotated[
        int, Field(description="Maximum seconds for which a response is cached.", ge=1)
    ] = 30


class Store(Protocol):
    """Where a cache keeps its values."""

    async def read(self, key: str) -> bytes | None:
        """Return the value, or None for none."""

    async def keep(self, key: str, value: bytes, seconds: float) -> None:
        """Store a value, unless there is one or the key was invalidated."""

    async def invalidate(self, key: str, seconds: float) -> None:
        """Invalidate the value, and store none for a while."""


class MemoryStore:
    """Keeps values in this process, a bounded number of them.

    Args:
        most_entries: How many are kept.
        clock: Seconds that never go backwards.
    """

    def __init__(
        self, most_entries: int = MOST_ENTRIES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._entries: OrderedDict[str, tuple[float, bytes | None]] = OrderedDict()
        self._most_entries = most_entries
        self._clock = clock

    def __len__(self) -> int:
        return len(self._entries)

    async def read(self, key: str) -> bytes | None:
        """Return the value, or None for none."""
        entry = self._live(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[1]

    async def keep(self, key: str, value: bytes, seconds: float) -> None:
        """Store a value, unless there is one or the key was invalidated."""
        if self._live(key) is None:
            self._put(key, value, seconds)

    async def invalidate(self, key: str, seconds: float) -> None:
        """Invalidate the value, and store none for a while."""
        self._put(key, None, seconds)

    def _live(self, key: str) -> tuple[float, bytes | None] | None:
        entry = self._entries.get(key)
        if entry is not None and entry[0] <= self._clock():
            del self._entries[key]
            return None
        return entry

    def _put(self, key: str, value: bytes | None, seconds: float) -> None:
        self._entries[key] = (self._clock() + seconds, value)
        self._entries.move_to_end(key)
        if len(self._entries) > self._most_entries:
            self._entries.popitem(last=False)


class NoStore:
    """Keeps nothing."""

    async def read(self, key: str) -> bytes | None:
        """Return None."""

    async def keep(self, key: str, value: bytes, seconds: float) -> None:
        """Do nothing."""

    async def invalidate(self, key: str, seconds: float) -> None:
        """Do nothing."""


def _ignore(_: str) -> None:
    pass


class Cache:
    """Values by name and key.

    Args:
        store: Where they are kept.
        seconds: For how long at most.

    Attributes:
        on_hit: Called with the name of a cache that had the value.
        on_miss: Called with the name of one that had not.
    """

    on_hit: Report = staticmethod(_ignore)
    on_miss: Report = staticmethod(_ignore)

    def __init__(self, store: Store, seconds: float) -> None:
        self.store = store
        self._seconds = seconds

    async def fetch(self, name: str, key: object, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """Return the cached value, or make it and cache it."""
        kept = await self.find(name, key)
        if kept is not None:
            return kept
        made = await make()
        await self.keep(name, key, made)
        return made

    async def find(self, name: str, key: object) -> bytes | None:
        """Return the cached value; None on a miss."""
        kept = await self.store.read(f"{name}:{key}")
        if kept is not None:
            self.on_hit(name)
        else:
            self.on_miss(name)
        return kept

    async def keep(self, name: str, key: object, value: bytes) -> None:
        """Keep a value that was made since it was not found."""
        await self.store.keep(f"{name}:{key}", value, self._seconds)

    async def forget(self, name: str, key: object) -> None:
        """Give a value up that is about to change, before the transaction ends."""
        await self.store.invalidate(f"{name}:{key}", INVALIDATION_SECONDS)
