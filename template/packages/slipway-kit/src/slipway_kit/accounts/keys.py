"""The keys that sign tokens."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from ..tokens import AccessTokens
from .settings import AccountSettings

VARIABLE = "SECRET_KEY"


def make_tokens(settings: AccountSettings, issuer: str) -> AccessTokens:
    """Return what signs access tokens; without a key in the settings, with one of its own.

    Args:
        settings: The settings.
        issuer: The service's slug.
    """
    lifetime = timedelta(minutes=settings.access_token_minutes)
    return AccessTokens(settings.keys or [_new_key()], issuer, lifetime)


@contextmanager
def shared_signing_key(settings: AccountSettings) -> Iterator[None]:
    """Let all workers sign with the same key, where the settings have none.

    A key that is made at each start needs no care in development, and cannot be known to anyone;
    users who logged in before a start refresh after it.
    """
    if settings.secret_key is not None:
        yield
        return
    os.environ[VARIABLE] = _new_key()
    try:
        yield
    finally:
        os.environ.pop(VARIABLE, None)


def _new_key() -> str:
    return secrets.token_hex(32)
