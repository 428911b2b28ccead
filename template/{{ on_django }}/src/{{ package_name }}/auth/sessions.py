"""Logging in, refreshing and logging out."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from django.contrib.auth import authenticate, user_logged_in
from django.db import connection, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import now

from slipway_kit.accounts.errors import (
    InvalidCredentialsError,
    InvalidRefreshTokenError,
    SessionNotFoundError,
)
from slipway_kit.accounts.events import Event
from slipway_kit.accounts.schemas import TokenPair
from slipway_kit.django.resources import wait_for
from slipway_kit.tokens import Claims, digest, random_token

from ..audit.service import record
from ..users.models import User
from .known_clients import open_session
from .models import RefreshToken, Session
from .services import AuthServices


def log_in(
    services: AuthServices, email: str, password: str, request: HttpRequest | None = None
) -> TokenPair:
    """Open a session, by the backends of Django's settings (auth/backend.py is the service's).

    No transaction is open while the password is compared, which takes long; so the user is looked
    at once more afterwards.

    Raises:
        InvalidCredentialsError: There is no such user, or not with this password, or the address
            was not verified; each takes as long.
        RateLimitedError: There were too many attempts, from new places.
    """
    user = authenticate(request, username=email, password=password)
    if not isinstance(user, User):
        raise InvalidCredentialsError
    with transaction.atomic():
        found = User.objects.select_for_update().filter(pk=user.pk, deleted_at__isnull=True).first()
        unchanged = found is not None and found.password == user.password
        if unchanged:
            lifetime = timedelta(days=services.settings.refresh_token_days)
            issued = _issue(services, open_session(user.pk, lifetime, request))
            record(Event.LOGIN, actor=user.pk, subject=user.pk)
            user_logged_in.send(sender=User, request=request, user=user)
        else:
            record(Event.LOGIN_FAILED, subject=user.pk)
    if not unchanged:
        raise InvalidCredentialsError
    return issued


def refresh(services: AuthServices, token: str) -> TokenPair:
    """Return a new pair of tokens for a refresh token, which is then invalid.

    A token that was used before may be stolen: its whole family is revoked (RFC 9700, section
    4.14.2), even if one client refreshes twice at the same time.

    Raises:
        InvalidRefreshTokenError: It was used, has ended, or never was.
    """
    issued = None
    with transaction.atomic():
        given = RefreshToken.objects.filter(digest=digest(token))
        # One statement decides which of several concurrent requests is first.
        if given.filter(used_at__isnull=True).update(used_at=now()):
            active = active_sessions().filter(refresh_tokens__in=given).first()
            if active is not None:
                issued = _issue(services, active)
        else:
            _end_family_of(services, given)
    if issued is None:
        raise InvalidRefreshTokenError
    return issued


def log_out(services: AuthServices, claims: Claims, *, all_: bool) -> None:
    """End the session of an access token, or all sessions of its user."""
    with transaction.atomic():
        if all_:
            end_sessions(services, claims.user_id)
        else:
            _end(services, [claims.session_id])
        user = claims.user_id
        record(Event.LOGOUT, actor=user, subject=user, details={"all": all_})


def log_out_of_site(services: AuthServices, user_id: UUID, session_id: UUID) -> None:
    """End the session of a login to the admin site."""
    with transaction.atomic():
        _end(services, [session_id])
        record(Event.LOGOUT, actor=user_id, subject=user_id, details={"site": "admin"})


def end_session(services: AuthServices, user: User, session_id: UUID) -> None:
    """End one of a user's own sessions.

    Raises:
        SessionNotFoundError: The user has no such session.
    """
    with transaction.atomic():
        if not active_sessions().filter(user=user, pk=session_id).exists():
            raise SessionNotFoundError
        _end(services, [session_id])
        ended = {"session_id": str(session_id)}
        record(Event.SESSION_ENDED, actor=user.pk, subject=user.pk, details=ended)


def end_all_sessions(services: AuthServices, admin: User, user: User) -> None:
    """End all sessions of a user, for an administrator."""
    with transaction.atomic():
        end_sessions(services, user.pk)
        record(Event.SESSION_ENDED, actor=admin.pk, subject=user.pk, details={"all": True})


def end_sessions(services: AuthServices, user_id: UUID, *, but: UUID | None = None) -> None:
    """End a user's sessions, at once; but for one, where one is to go on."""
    active = Session.objects.filter(user_id=user_id, revoked_at__isnull=True)
    _end(services, [id_ for id_ in active.values_list("pk", flat=True) if id_ != but])


def active_sessions() -> QuerySet[Session]:
    """Return the active sessions of users who are not deleted."""
    return Session.objects.filter(
        revoked_at__isnull=True, expires_at__gt=now(), user__deleted_at__isnull=True
    )


def _issue(services: AuthServices, of: Session) -> TokenPair:
    token, token_id = random_token(), uuid4()
    RefreshToken(pk=token_id, session=of, digest=digest(token)).save(force_insert=True)
    return TokenPair(
        access_token=services.tokens.issue(of.user_id, of.pk, token_id),
        refresh_token=token,
        expires_in=int(services.tokens.lifetime.total_seconds()),
        refresh_expires_in=int((of.expires_at - now()).total_seconds()),
    )


def _end_family_of(services: AuthServices, given: QuerySet[RefreshToken]) -> None:
    family = Session.objects.filter(refresh_tokens__in=given).first()
    if family is None:
        return
    _end(services, [family.pk])
    record(Event.TOKEN_REUSED, subject=family.user_id)


def _end(services: AuthServices, ids: Sequence[UUID]) -> None:
    Session.objects.filter(pk__in=ids, revoked_at__isnull=True).update(revoked_at=now())
    recent = now() - services.tokens.lifetime
    tokens = RefreshToken.objects.filter(session_id__in=ids, created_at__gt=recent)
    revoked = list(tokens.values_list("pk", flat=True))
    wait_for(services.denied.deny(revoked, services.tokens.lifetime.total_seconds()))


async def count_active_users(services: AuthServices) -> int:
    """Return how many users have a session whose last access token has not expired."""
    since = now() - timedelta(minutes=services.settings.access_token_minutes)
    active = Session.objects.filter(refresh_tokens__created_at__gt=since, revoked_at=None)

    def count() -> int:
        try:
            return active.values("user").distinct().count()
        finally:
            connection.close()  # of a thread that may ask for nothing more

    return await asyncio.to_thread(count)
