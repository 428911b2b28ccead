"""Who sent a request."""

from starlette.types import Scope

from .core.asgi_headers import joined
from .core.client_ip import ClientIpResolver

FORWARDED_FOR = b"x-forwarded-for"


def client_ip(scope: Scope, client_ips: ClientIpResolver) -> str:
    """Return the client's IP address, resolved once for each request and stored in its state."""
    state = scope["state"]
    known: str | None = state.get("client_ip")
    if known is None:
        known = scope["client"][0] if scope["client"] else ""
        if client_ips.trusts(known):
            known = client_ips.find(known, joined(scope["headers"], FORWARDED_FOR))
        state["client_ip"] = known
    return known
