"""Who sent a request."""

from starlette.types import Scope

from .core.client_address import ClientAddresses

FORWARDED_FOR = b"x-forwarded-for"


def client_address(scope: Scope, addresses: ClientAddresses) -> str:
    """Return the client's address, found once for each request and kept in its state."""
    state = scope["state"]
    known: str | None = state.get("client_address")
    if known is None:
        known = scope["client"][0] if scope["client"] else ""
        if addresses.trusts(known):
            forwarded = [value for name, value in scope["headers"] if name == FORWARDED_FOR]
            known = addresses.find(known, b",".join(forwarded).decode("latin-1"))
        state["client_address"] = known
    return known
