"""The admin site, and Django's own pages of accounts: they count like the API's."""

from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth import views
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from starlette.types import Scope

from ..rate_limiting import address_and_route
from ..routes import API_ROOT, FIRST, ROUTE
from .public import public

_GUESSES = {"POST": attrgetter("rate_limit_login")}
_LIMITED = ("hashing", "max_body_bytes", "throttle_limit", "throttle_identifier")


def _address_and(route: str, scope: Scope) -> str:
    """Return from where something is guessed that is guessed at a route of the API as well."""
    state = scope["state"] | {ROUTE: f"{API_ROOT}/{FIRST}/{route}"}
    return address_and_route({**scope, "state": state})


def may_enter(user: Any) -> bool:
    """Return whether a user may use the site; it is asked at each request."""
    return bool(user.is_active and user.is_staff and user.verified)


class LimitedAdminSite(admin.AdminSite):
    """An admin site with one login for administrators and other staff."""

    site_url = None
    # An address that is not there is the service's own 404, and no reason to log in.
    final_catch_all_view = False
    password_view: ClassVar[Callable[..., Any]]
    """Takes what PasswordChangeView.as_view takes, and returns the view for another password."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether staff calls; a role counts from the next request on."""
        return request.user.is_authenticated and may_enter(request.user)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 -- as the base has it
        """Return a view that only staff reaches, and that shows it (open_routes.py)."""
        guarded: Any = super().admin_view(view, cacheable)
        guarded.admin_site = self
        return guarded

    @public
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the login, or log in."""
        return super().login(request, extra_context)

    # Which room serves it, and how often it may be tried (handler.py): together with the API's.
    login.hashing = frozenset({"POST"})  # type: ignore[attr-defined] # functions are typed without
    login.max_body_bytes = 8192  # type: ignore[attr-defined] # as above
    login.throttle_limit = _GUESSES  # type: ignore[attr-defined] # as above
    login.throttle_identifier = partial(_address_and, "auth/login")  # type: ignore[attr-defined] # as above

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Show the form for another password, or set it."""
        request.current_app = self.name
        done = reverse("admin:password_change_done", current_app=self.name)
        context = {**self.each_context(request), **(extra_context or {})}
        return type(self).password_view(success_url=done, extra_context=context)(request)

    password_change.hashing = login.hashing  # type: ignore[attr-defined] # as above
    password_change.throttle_limit = _GUESSES  # type: ignore[attr-defined] # as above
    password_change.throttle_identifier = partial(_address_and, "auth/change-password")  # type: ignore[attr-defined] # as above


def limit_views() -> None:
    """Count what guesses a password as the admin site's pages do, and a reset as the API's.

    They are Django's own pages of accounts, wherever a team serves them.
    """
    _limit_as(LimitedAdminSite.login, views.LoginView)
    _limit_as(LimitedAdminSite.password_change, views.PasswordChangeView)
    reset: Any = views.PasswordResetView
    reset.throttle_limit = {"POST": attrgetter("rate_limit_reset")}
    reset.throttle_identifier = staticmethod(partial(_address_and, "auth/reset-password/request"))
    confirmation: Any = views.PasswordResetConfirmView
    confirmation.hashing = LimitedAdminSite.login.hashing  # type: ignore[attr-defined] # as above


def _limit_as(counted: Any, view: Any) -> None:
    """Give a view all that another says of its limits and its queue (handler.py)."""
    for name in _LIMITED:
        if (value := getattr(counted, name, None)) is not None:
            setattr(view, name, staticmethod(value) if callable(value) else value)
