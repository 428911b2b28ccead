"""What the commands that have to do with accounts do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import now

from slipway_kit.accounts.events import Event

from ..audit.models import AuditEntry
from ..audit.service import prune, record
from ..settings import Settings, SettingsError
from ..users.models import User
from ..users.roles import Role
from .models import MailedToken, RefreshToken, Session


def promote(email: str, read_password: Callable[[str], str]) -> str:
    """Make someone an administrator, and return what to report.

    Args:
        email: The address.
        read_password: Asks for the password of a user with an unverified email.

    Raises:
        ValueError: It cannot be done.
        SettingsError: The database does not respond, or has no tables yet.
    """
    with _transaction():
        user = User.objects.filter(email=email).first()
        if user is not None and user.deleted_at is not None:
            raise ValueError(f"{email} was deleted: let an administrator restore the user")
        known = user is not None and user.verified
        if user is None:
            user = User(email=email)
        if not known:
            # The client that registered an email may not own it: its password is invalidated.
            user.set_password(read_password(email))
            user.save()
            _end_all(user)
            record(Event.CREATED, subject=user.pk, details={"role": Role.ADMIN})
        elif user.role != Role.ADMIN:
            change = {"from": user.role, "to": Role.ADMIN}
            record(Event.ROLE_CHANGED, subject=user.pk, details=change)
        user.set_role(Role.ADMIN)
        user.verified_at = user.verified_at or now()
        user.save()
    password = "the password is as before" if known else "with the password that was given"
    return f"{email} is an administrator; {password}"


def follow_password(email: str) -> None:
    """Revoke all sessions and email tokens of a user whose password a command has changed."""
    with _transaction():
        user = User.objects.get(email=email)
        _end_all(user)
        record(Event.PASSWORD_CHANGED, subject=user.pk)


def remove_old(settings: Settings) -> tuple[int, int]:
    """Remove what is out of date, and return how many audit entries and users there were.

    Raises:
        SettingsError: The database does not respond, or has no tables yet.
    """
    # Tokens of a revoked session stay for a day, longer than its access tokens are valid.
    ended = Q(session__expires_at__lt=now()) | Q(session__revoked_at__lt=now() - timedelta(days=1))
    # A login from the same place is no new one until then (known_clients.py).
    remembered = now() - timedelta(days=settings.refresh_token_days)
    with _transaction():
        RefreshToken.objects.filter(ended).delete()
        Session.objects.filter(expires_at__lt=now(), created_at__lt=remembered).delete()
        MailedToken.objects.filter(expires_at__lt=now()).delete()
        SessionStore.clear_expired()  # what the cookies of the admin site stood for
        users = _remove_unverified(settings)
        entries = prune(settings.audit_retention_days)
    return entries, users


def _remove_unverified(settings: Settings) -> int:
    if not settings.email_verification_required:  # then they use what they have not verified
        return 0
    happened = AuditEntry.objects.filter(subject_id=OuterRef("pk"))
    unverified = User.objects.filter(
        ~Exists(happened.filter(event=Event.LOGIN)),
        # Nobody else than clients who register makes users that one may forget.
        Exists(happened.filter(event=Event.REGISTERED)),
        verified_at=None,
        deleted_at=None,
        created_at__lt=now() - timedelta(days=settings.unverified_user_days),
        mailed_tokens=None,
        sessions=None,
    )
    removed = 0
    for user_id in list(unverified.values_list("pk", flat=True)):
        try:
            with transaction.atomic():
                User.objects.filter(pk=user_id, verified_at=None).delete()
        except IntegrityError:  # your own tables refer to it
            continue
        record(Event.DELETED, subject=user_id, details={"unverified": True})
        removed += 1
    return removed


def _end_all(user: User) -> None:
    MailedToken.objects.filter(user=user).delete()
    # No token is denied: whether a session lives is asked at each request, too.
    Session.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=now())


@contextmanager
def _transaction() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except DatabaseError as error:
        raise SettingsError(f"DATABASE_URL: {error}; has `make migrate` been run?") from None
