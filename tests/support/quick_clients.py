"""HTTP clients without the cost of reading the authorities that a client trusts: 20 ms of CPU each.

Tests ask services that answer without TLS, often by a client for each request, and some ask over
and over until something comes about.
"""

from functools import cache

import httpcore2
import pytest


def hurry() -> None:
    """Let this process's clients share what they trust from now on."""
    patch = pytest.MonkeyPatch()
    patch.setattr(httpcore2, "default_ssl_context", cache(httpcore2.default_ssl_context))
