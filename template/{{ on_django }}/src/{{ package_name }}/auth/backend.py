"""Who may log in, by the API, the admin site, and what else asks Django's backends."""

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import check_password, make_password
from django.http import HttpRequest

from slipway_kit.accounts.events import Event

from ..audit.service import record
from ..users.hashers import UNUSABLE
from ..users.models import User
from .known_clients import limit_guesses


class AccountBackend(ModelBackend):
    """Django's own, for users who are not deleted and, where required, have verified their email.

    It takes as long for an unknown user as for a wrong password.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **given: Any,
    ) -> User | None:
        """Return the user with this email and password; None if there is none.

        Raises:
            RateLimitedError: There were too many attempts, from new places.
        """
        username = username or given.get(User.USERNAME_FIELD)
        if username is None or password is None:
            return None
        email = username.strip().lower()
        limit_guesses(request, email)
        user = User.objects.filter(email=email).first()
        known = UNUSABLE if user is None else user.password

        def renew(given: str) -> None:
            # The password may have been changed since; then that one stays.
            renewed = make_password(given)
            if user and User.objects.filter(pk=user.pk, password=known).update(password=renewed):
                user.password = renewed

        matches = check_password(password, known, renew)
        return user if user and matches and self.may_log_in(user, request) else None

    @staticmethod
    def may_log_in(user: User, request: HttpRequest | None = None) -> bool:
        """Return whether a user who knows the password may log in."""
        state = (getattr(request, "scope", None) or {}).get("state") or {}
        service = state.get("settings") or settings.SERVICE
        return user.is_active and (user.verified or not service.email_verification_required)


def record_failure(credentials: dict[str, Any], **_: Any) -> None:
    """Note a failed login in the audit trail, whichever backend refused it."""
    email = str(credentials.get("username") or credentials.get("email") or "").strip().lower()
    subject = User.objects.filter(email=email).values_list("pk", flat=True).first()
    record(Event.LOGIN_FAILED, subject=subject)
