"""Django's own pages of accounts, wherever a team serves them, have the limits of the service."""

from functools import partial
from operator import attrgetter
from typing import Any

from django.contrib.auth import views

from .site import ServiceAdminSite, address_and

_LIMITED = ("hashing", "max_body_bytes", "throttle_limit", "throttle_identifier")


def limit_views() -> None:
    """Count what guesses a password as the admin site's pages do, and a reset as the API's."""
    _limit_as(ServiceAdminSite.login, views.LoginView)
    _limit_as(ServiceAdminSite.password_change, views.PasswordChangeView)
    reset: Any = views.PasswordResetView
    reset.throttle_limit = {"POST": attrgetter("rate_limit_reset")}
    reset.throttle_identifier = staticmethod(partial(address_and, "auth/reset-password/request"))
    confirmation: Any = views.PasswordResetConfirmView
    confirmation.hashing = ServiceAdminSite.login.hashing  # type: ignore[attr-defined] # site.py


def _limit_as(counted: Any, view: Any) -> None:
    """Give a view all that another says of its limits and its queue (handler.py)."""
    for name in _LIMITED:
        if (value := getattr(counted, name, None)) is not None:
            setattr(view, name, staticmethod(value) if callable(value) else value)
