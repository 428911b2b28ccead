"""The admin site: one login for administrators and other staff, counted like the API's."""

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm

from slipway_kit.accounts.events import Event
from slipway_kit.django.admin_site import LimitedAdminSite, may_enter

from .. import about
from ..audit.service import record
from .password import PasswordView


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


class ServiceAdminSite(LimitedAdminSite):
    """The service's admin site."""

    site_header = about.NAME
    site_title = about.NAME
    login_form = AdminLoginForm
    password_view = PasswordView.as_view
