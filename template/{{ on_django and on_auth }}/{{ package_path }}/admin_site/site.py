"""The admin site: one login for administrators, counted like the API's."""

from http import HTTPStatus
from operator import attrgetter
from pathlib import Path
from typing import Any

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from .. import about
from ..counting import address_and_route, count, refusal
from ..errors import answer_service_error
from ..handler import wait_for
from ..routes import scope_of
from . import logins
from .password import PasswordView

STATIC_FILES = Path(admin.__file__).parent / "static"


class AdminLoginForm(AdminAuthenticationForm):
    """Asks for an address and a password; what failed is not told apart."""

    def confirm_login_allowed(self, user: Any) -> None:
        """Let in whoever the backend has found: administrators only."""


class ServiceAdminSite(admin.AdminSite):
    """The service's admin site."""

    site_header = about.NAME
    site_title = about.NAME
    site_url = None
    login_form = AdminLoginForm
    # An address that is not there is the service's own 404, and no reason to log in.
    final_catch_all_view = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether an administrator calls; a role counts from the next request on."""
        return bool(getattr(request.user, "is_admin", False)) and request.user.is_active

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the login, or log in: as often as the API's login may be tried."""
        if request.method == "POST" and (refused := _refusal(request)):
            return refused
        shown = super().login(request, extra_context)
        if request.method == "POST" and shown.status_code == HTTPStatus.FOUND:
            logins.begin(request)
        return shown

    login.hashing = frozenset({"POST"})  # type: ignore[attr-defined] # which room serves it (handler.py)

    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Log out."""
        if request.method == "POST":
            logins.end(request)
        return super().logout(request, extra_context)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Show the form for another password, or set it: the present one is guessed as seldom."""
        if request.method == "POST" and (refused := _refusal(request)):
            return refused
        request.current_app = self.name
        done = reverse("admin:password_change_done", current_app=self.name)
        context = {**self.each_context(request), **(extra_context or {})}
        return PasswordView.as_view(success_url=done, extra_context=context)(request)

    password_change.hashing = frozenset({"POST"})  # type: ignore[attr-defined] # as above


def _refusal(request: HttpRequest) -> HttpResponse | None:
    """Return what to answer whoever guesses too often; None to go on."""
    verdict = wait_for(count(scope_of(request), attrgetter("rate_limit_login"), address_and_route))
    if verdict is None or verdict.allowed:
        return None
    return answer_service_error(request, refusal(verdict))
