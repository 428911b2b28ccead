"""Changing a password that is known, and one that is forgotten."""

from datetime import timedelta
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.http import HttpRequest
from django.utils.timezone import now

from slipway_kit.accounts.errors import InvalidEmailTokenError, WrongPasswordError
from slipway_kit.accounts.events import Event
from slipway_kit.accounts.purposes import Purpose
from slipway_kit.django.pydantic_views import InvalidDataError
from slipway_kit.passwords import OWN_EMAIL, is_email

from ..audit.service import record
from ..users.models import User
from .email_tokens import drop_tokens, has_enough_tokens, new_token, use_token
from .known_clients import limit_guesses, open_session
from .models import Session
from .services import AuthServices
from .sessions import end_sessions


def request_reset(services: AuthServices, email: str) -> None:
    """Send a reset token in the background, if the email has an account."""
    services.later.call(send_reset, services, email)


def reset(services: AuthServices, token: str, password: str, request: HttpRequest) -> None:
    """Set a password with a mailed token; all sessions end, and the address counts as verified.

    The client that sets it may log in afterwards, while guesses of others are refused.

    Raises:
        InvalidEmailTokenError: The token is invalid, expired, or not for the user's email.
        InvalidDataError: The password is the email.
    """
    kept = make_password(password)
    with transaction.atomic():
        user, used = use_token(token, Purpose.RESET)
        if used.address != user.email:
            raise InvalidEmailTokenError
        _require_other_than_email(user, "password", password)
        _set(services, user, kept)
        here = open_session(user.pk, timedelta(), request)
        Session.objects.filter(pk=here.pk).update(revoked_at=here.expires_at)
        if not user.verified:
            User.objects.filter(pk=user.pk).update(verified_at=now())
        record(Event.RESET, actor=user.pk, subject=user.pk)
        services.post("password_changed", user.email)


def change(
    services: AuthServices,
    user: User,
    *,
    session_id: UUID,
    old: str,
    new: str,
    request: HttpRequest,
) -> None:
    """Set a password, given the present one; all other sessions end.

    Raises:
        WrongPasswordError: The present one is another.
        InvalidDataError: The new one is the email.
        RateLimitedError: There were too many guesses, from new places.
    """
    _require_other_than_email(user, "new_password", new)
    require_password(user, old, request)
    kept = make_password(new)
    with transaction.atomic():
        _set(services, user, kept, but=session_id)
        record(Event.PASSWORD_CHANGED, actor=user.pk, subject=user.pk)
        services.post("password_changed", user.email)


def _require_other_than_email(user: User, field: str, password: str) -> None:
    if is_email(password, user.email):
        error = {"loc": ("body", field), "msg": f"Value error, {OWN_EMAIL}", "type": "value_error"}
        raise InvalidDataError([error])


def require_password(user: User, password: str | None, request: HttpRequest) -> None:
    """Require the password of the user; it is slow, so no transaction may be open.

    Without one nothing is compared: such a request waits for no hash.

    Raises:
        WrongPasswordError: It is another.
        RateLimitedError: There were too many guesses, from new places.
    """
    if password is not None:
        limit_guesses(request, user.email)
    if password is None or not check_password(password, user.password):
        raise WrongPasswordError


def new_reset(services: AuthServices, user: User) -> str:
    """Return a token that sets a user's password; those that are pending stay valid."""
    lifetime = timedelta(minutes=services.settings.reset_token_minutes)
    return new_token(user, Purpose.RESET, lifetime)


def post_reset(services: AuthServices, name: str, email: str, token: str) -> None:
    """Send a token that sets a password, when the transaction is committed.

    Args:
        services: The services of accounts.
        name: The mail's text: reset_password, or invitation for a new account.
        email: The address.
        token: The token.
    """
    lifetime = f"{services.settings.reset_token_minutes} minutes"
    link = services.link("reset-password", token)
    services.post(name, email, token=token, link=link, lifetime=lifetime)


def _set(services: AuthServices, user: User, kept: str, but: UUID | None = None) -> None:
    User.objects.filter(pk=user.pk).update(password=kept, updated_at=now())
    drop_tokens(user, Purpose.RESET, Purpose.VERIFY)
    end_sessions(services, user.pk, but=but)


def send_reset(services: AuthServices, email: str) -> None:
    """Send a reset token, if the email has an account."""
    with transaction.atomic():
        # Of requests at the same time, each sees the tokens of those before it.
        there = User.objects.select_for_update().filter(email=email, deleted_at__isnull=True)
        user = there.first()
        if user is None:
            return
        record(Event.RESET_REQUESTED, subject=user.pk)
        if has_enough_tokens(user, Purpose.RESET):
            return
        token = new_reset(services, user)
        post_reset(services, "reset_password", email, token)
