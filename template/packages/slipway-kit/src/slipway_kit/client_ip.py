"""Who a request comes from, when proxies stand between."""

from collections.abc import Iterable, MutableMapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from .asgi_headers import joined

FORWARDED_FOR = b"x-forwarded-for"
FORWARDED_PROTO = b"x-forwarded-proto"
WEBSOCKET_SCHEMES = {"http": "ws", "https": "wss"}
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class ClientIpResolver:
    """Finds the client behind trusted proxies.

    The peer is the client, unless it is a trusted proxy. Then the client is the right-most address
    of X-Forwarded-For that is no trusted proxy: what stands further left was written by someone
    whom nobody vouches for.

    Args:
        trusted: Addresses or networks of the proxies, like 10.0.0.0/8.
    """

    def __init__(self, trusted: Iterable[str]) -> None:
        self._trusted: tuple[Network, ...] = tuple(map(ip_network, trusted))
        self._is_trusted = lru_cache(maxsize=1024)(self._look_up)

    def trusts(self, peer: str) -> bool:
        """Return whether a peer is a trusted proxy, whose word on the client counts."""
        return bool(self._trusted) and self._is_trusted(peer)

    def find(self, peer: str, forwarded_for: str) -> str:
        """Return the client's address; the peer's if the header has no valid one.

        Args:
            peer: The address at the other end of the connection.
            forwarded_for: X-Forwarded-For, several of them joined by commas; empty for none.
        """
        if not forwarded_for or not self.trusts(peer):
            return peer
        client = peer
        for hop in reversed([hop for hop in forwarded_for.split(",") if hop.strip()]):
            address = parse_address(_without_port(hop))
            if address is None:
                break
            client = str(address)
            if not self._is_trusted(client):
                break
        return client

    def _look_up(self, text: str) -> bool:
        address = parse_address(text)
        return address is not None and any(
            address.version == network.version and address in network for network in self._trusted
        )


def set_client(scope: MutableMapping[str, Any], client_ips: ClientIpResolver) -> None:
    """Set the client and the scheme of a request as a trusted proxy reports them."""
    peer = client_ip(scope)
    if not client_ips.trusts(peer):
        return
    client = client_ips.find(peer, joined(scope["headers"], FORWARDED_FOR))
    if client != peer:
        scope["client"] = (client, 0)  # the proxy does not report its port
    scheme = joined(scope["headers"], FORWARDED_PROTO)
    if scheme in WEBSOCKET_SCHEMES:
        scope["scheme"] = WEBSOCKET_SCHEMES[scheme] if scope["type"] == "websocket" else scheme


def client_ip(scope: MutableMapping[str, Any]) -> str:
    """Return the client's IP address; empty where there is none, as behind a Unix socket."""
    return scope["client"][0] if scope["client"] else ""


def parse_address(text: str) -> Address | None:
    """Return an address, or nothing for a text that is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # An IPv4 client on an IPv6 socket is the same client.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _without_port(hop: str) -> str:
    # Some proxies write 192.0.2.1:4711 and [2001:db8::1]:4711, and some put it into quotes.
    text = hop.strip().strip('"')
    if text.startswith("["):
        return text[1:].partition("]")[0]
    address, colon, port = text.rpartition(":")
    return address if colon and port.isdecimal() and ":" not in address else text
