"""Who sent a request."""

from starlette.types import Scope

from .core.client_address import ClientAddresses
from .core.raw_headers import joined

FORWARDED_FOR = b"x-forwarded-for"


def client_address(scope: Scope, addresses: ClientAddresses) -> str:
    """Return the client's IP address, resolved once for each request and stored in its state."""
    state = scope["state"]
    known: str | None = state.get("client_address")
    if known is None:
        known = scope["client"][0] if scope["client"] else ""
        if addresses.trusts(known):
            known = addresses.find(known, joined(scope["headers"], FORWARDED_FOR))
        state["client_address"] = known
    return known
