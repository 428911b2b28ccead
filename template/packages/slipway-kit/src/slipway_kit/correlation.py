"""One identifier for a request and for everything that it causes."""

import random
import re
from contextvars import ContextVar

HEADER = "X-Correlation-ID"
INBOUND_HEADERS = (HEADER, "X-Request-ID")

_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,128}")

correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")
"""The identifier of the request that is being served, empty outside of one."""


def choose(*candidates: str | None) -> str:
    """Return the first well-formed candidate, else a new UUID.

    A caller's identifier reaches headers and logs, so only harmless characters are taken. It must
    match in full: `$` would let a trailing newline pass.
    """
    for candidate in candidates:
        if candidate is not None and _WELL_FORMED.fullmatch(candidate):
            return candidate
    return new_identifier()


def new_identifier() -> str:
    """Return a random UUID (RFC 9562, version 4) that names a request and guards nothing.

    From the process's own generator, which the system seeds; asking the system each time would
    cost ten times as much.
    """
    digits = f"{random.getrandbits(128):032x}"
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
