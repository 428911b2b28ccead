"""Content-Security-Policies of pages that the service does not write itself."""

from collections.abc import Mapping

from starlette.types import Scope

from ..headers import Headers, HeaderSettings, Sources, page_policy
from .headers import Source


def page_policies(settings: HeaderSettings, sources: Mapping[str, Sources]) -> Source:
    """Return what gives the responses below some paths a policy of their own."""
    headers: dict[str, Headers] = {}
    for path, allowed in sources.items():
        if policy := page_policy(settings, allowed):
            headers[path.rstrip("/")] = ((b"content-security-policy", policy.encode()),)

    def policy_of(scope: Scope) -> Headers:
        for path, header in headers.items():
            if scope["path"] == path or scope["path"].startswith(f"{path}/"):
                return header
        return ()

    return policy_of
