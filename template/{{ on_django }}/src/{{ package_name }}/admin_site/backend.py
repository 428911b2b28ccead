"""Who may log in to the admin site: administrators, by the rules of the API's login."""

from typing import Any
from uuid import UUID

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from ..audit.events import Event
from ..audit.service import record
from ..resources import resources, wait_for
from ..users.models import User
from ..users.roles import Role


class AdministratorBackend(BaseBackend):
    """Compares passwords as the API does, in the same queue, and writes the same audit rows."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **_: Any,
    ) -> User | None:
        """Return the administrator with this address and password; None if there is none."""
        del request
        if username is None or password is None:
            return None
        user = User.objects.filter(email=username.strip().lower()).first()
        passwords = resources()["accounts"].passwords
        kept = None if user is None else user.password
        matches = wait_for(passwords.verify(password, kept)).matches
        if user is None or not matches or not _may_enter(user):
            record(Event.LOGIN_FAILED, subject=None if user is None else user.pk)
            return None
        record(Event.LOGIN, actor=user.pk, subject=user.pk, details={"site": "admin"})
        return user

    def get_user(self, user_id: UUID) -> User | None:
        """Return the user of the session, if they are still an administrator."""
        user = User.objects.filter(pk=user_id).first()
        return user if user is not None and _may_enter(user) else None


def _may_enter(user: User) -> bool:
    return user.role == Role.ADMIN and user.verified and user.deleted_at is None
