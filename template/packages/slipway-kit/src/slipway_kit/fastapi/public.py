"""Marks of routes that every client may call, with or without an account.

Where the service has accounts, it starts only if each route has a mark or asks for a user.
"""

from typing import Any

_MARK = "is_public"


async def _ask_nobody() -> None:
    """Let a request pass."""


PUBLIC = _ask_nobody
"""A dependency of public endpoints and routers: `dependencies=[Depends(PUBLIC)]`."""


def public[Target](target: Target) -> Target:
    """Mark a mounted application, or an endpoint of Starlette's own, as public.

    app.mount("/static", public(StaticFiles(directory="static")))
    """
    setattr(target, _MARK, True)
    return target


def is_public(target: Any) -> bool:
    """Return whether a mounted application or an endpoint is marked."""
    return _MARK in getattr(target, "__dict__", ())
