"""Changing one's own password on the admin site, by the rules of the API."""

from typing import cast

from django.contrib.admin.forms import AdminPasswordChangeForm
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpResponse, HttpResponseRedirect

from slipway_kit.accounts.errors import WrongPasswordError

from ..auth import passwords
from ..request_state import state_of
from ..users.models import User
from . import login


class PasswordForm(AdminPasswordChangeForm):
    """Asks for the present password, and twice for another."""

    def clean_old_password(self) -> str:
        """Leave the comparison to the view, which has a queue for it."""
        return cast("str", self.cleaned_data["old_password"])


class PasswordView(PasswordChangeView):
    """Sets the password as the API does; the login that asks for it goes on, others end."""

    form_class = PasswordForm

    def form_valid(self, form: PasswordForm) -> HttpResponse:  # type: ignore[override] # the form above
        """Set the password, if the present one is right."""
        user = cast("User", self.request.user)
        try:
            passwords.change(
                state_of(self.request)["accounts"],
                user,
                session_id=login.session_id(self.request),
                old=form.cleaned_data["old_password"],
                new=form.cleaned_data["new_password1"],
                request=self.request,
            )
        except WrongPasswordError:
            form.add_error("old_password", form.error_messages["password_incorrect"])
            return self.form_invalid(form)
        user.refresh_from_db()
        update_session_auth_hash(self.request, user)
        return HttpResponseRedirect(self.get_success_url())
