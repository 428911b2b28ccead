"""The admin site: one login for administrators and other staff, counted like the API's."""

from functools import partial
from operator import attrgetter
from typing import Any

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from starlette.types import Scope

from slipway_kit.accounts.events import Event
from slipway_kit.rate_limiting import address_and_route
from slipway_kit.routes import ROUTE

from .. import about
from ..audit.service import record
from ..public import public
from ..routes import API_ROOT, FIRST
from .password import PasswordView

_GUESSES = {"POST": attrgetter("rate_limit_login")}


def address_and(route: str, scope: Scope) -> str:
    """Return from where something is guessed that is guessed at a route of the API as well."""
    state = scope["state"] | {ROUTE: f"{API_ROOT}/{FIRST}/{route}"}
    return address_and_route({**scope, "state": state})


def may_enter(user: Any) -> bool:
    """Return whether a user may use the site; it is asked at each request."""
    return bool(user.is_active and user.is_staff and user.verified)


class AdminLoginForm(AdminAuthenticationForm):
    """Asks for email and password; the error does not reveal which was wrong."""

    def confirm_login_allowed(self, user: Any) -> None:
        """Let staff pass.

        Raises:
            ValidationError: The user is none of it.
        """
        if not may_enter(user):
            record(Event.LOGIN_FAILED, subject=user.pk)
            raise self.get_invalid_login_error()


class ServiceAdminSite(admin.AdminSite):
    """The service's admin site."""

    site_header = about.NAME
    site_title = about.NAME
    site_url = None
    login_form = AdminLoginForm
    # An address that is not there is the service's own 404, and no reason to log in.
    final_catch_all_view = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether staff calls; a role counts from the next request on."""
        return request.user.is_authenticated and may_enter(request.user)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 -- as the base has it
        """Return a view that only staff reaches, and that shows it (auth/open_routes.py)."""
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
    login.throttle_identifier = partial(address_and, "auth/login")  # type: ignore[attr-defined] # as above

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Show the form for another password, or set it."""
        request.current_app = self.name
        done = reverse("admin:password_change_done", current_app=self.name)
        context = {**self.each_context(request), **(extra_context or {})}
        return PasswordView.as_view(success_url=done, extra_context=context)(request)

    password_change.hashing = login.hashing  # type: ignore[attr-defined] # as above
    password_change.throttle_limit = _GUESSES  # type: ignore[attr-defined] # as above
    password_change.throttle_identifier = partial(address_and, "auth/change-password")  # type: ignore[attr-defined] # as above
