"""The responses for the documentation page and its files, for both frameworks."""

import secrets

from ..accept_encoding import accepts_gzip
from ..headers import HeaderSettings, page_policy
from .interface import MEDIA_TYPES, Interface, content

FOR_A_YEAR = "public, max-age=31536000, immutable"
FOR_A_DAY = "public, max-age=86400"


def page(interface: Interface, title: str, settings: HeaderSettings) -> tuple[str, dict[str, str]]:
    """Return the page and its headers, with a policy that lets only its own scripts run."""
    nonce = secrets.token_urlsafe(16)
    headers = {"Cache-Control": "no-store"}
    policy = page_policy(settings, interface.policy_sources(nonce))
    if policy is not None:
        headers["Content-Security-Policy"] = policy
    return interface.page(title, nonce), headers


def asset(
    interface: Interface,
    name: str,
    caching: str,
    *,
    if_none_match: str,
    accept_encoding: str,
    minimum: int,
) -> tuple[int, bytes, dict[str, str]]:
    """Return the status, body and headers of a file's response.

    Args:
        interface: What the page is made of.
        name: Which of its files.
        caching: For how long browsers may keep it.
        if_none_match: The request's header; empty for none.
        accept_encoding: The request's header; empty for none.
        minimum: The size in bytes from which it is compressed; 0 for never.
    """
    # Weak, for it stands for the file in either encoding.
    tag = f'W/"{interface.release}-{name}"'
    path = interface.path(name)
    headers = {"Cache-Control": caching, "ETag": tag, "Vary": "Accept-Encoding"}
    if tag in if_none_match:
        return 304, b"", headers
    compressed = accepts_gzip(accept_encoding) and 0 < minimum <= path.stat().st_size
    if compressed:
        headers["Content-Encoding"] = "gzip"
    headers["Content-Type"] = MEDIA_TYPES[path.suffix]
    return 200, content(path, compressed=compressed, replaced=interface.replaced), headers
