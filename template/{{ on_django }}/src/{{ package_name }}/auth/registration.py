"""Making an account, and verifying an address: a new account's, or another one of a user."""

from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils.timezone import now

from ..audit.events import Event
from ..audit.service import record
from ..users.models import User
from .email_tokens import (
    drop_tokens,
    has_enough_tokens,
    new_token,
    newest_token,
    use_token,
)
from .errors import InvalidEmailTokenError
from .models import Session
from .purposes import Purpose
from .services import AuthServices


def register(services: AuthServices, email: str, name: str, password: str) -> None:
    """Make an account and mail a token that verifies its address.

    The caller learns nothing of an address that has an account: its owner does, by mail. While an
    address is not verified, each registration of it has a mail of its own, and the mail that is
    answered decides whose password counts.
    """
    kept = make_password(password)
    try:
        _register(services, email, name, kept)
    except IntegrityError:  # another request has made it since
        _register(services, email, name, kept)


def _register(services: AuthServices, email: str, name: str, kept: str) -> None:
    with transaction.atomic():
        user = User.objects.filter(email=email).first()
        if user is None:
            user = User.objects.create(email=email, name=name, password=kept)
        in_use = _is_in_use(user)
        record(Event.REGISTERED_AGAIN if in_use else Event.REGISTERED, subject=user.pk)
        if not in_use:
            token = _new_verification(services, user, name=name, password_hash=kept)
            _post_verification(services, email, token)
        elif user.deleted_at is None:
            services.post("already_registered", email)


def request_verification(services: AuthServices, email: str) -> None:
    """Send another token in the background, if the email is unverified."""
    services.later.call(send_verification, services, email)


def request_move(services: AuthServices, user: User, email: str) -> None:
    """Mail a token that gives a user another address; until it comes back the old one stays.

    The caller learns nothing of an address that has an account: its owner does, by mail.
    """
    if User.objects.filter(email=email).exists():
        services.post("already_registered", email)
        return
    with transaction.atomic():
        _post_verification(services, email, _new_verification(services, user, address=email))


def verify(services: AuthServices, token: str) -> None:
    """Note that an address belongs to its account, and make it the account's where it was not.

    Raises:
        InvalidEmailTokenError: The token is invalid or expired, or its email is taken.
    """
    try:
        with transaction.atomic():
            user, before = _verify(token)
            if before != user.email:
                services.post("address_changed", before)
    except IntegrityError as error:
        raise InvalidEmailTokenError from error


def _verify(token: str) -> tuple[User, str]:
    user, used = use_token(token, Purpose.VERIFY)
    # A mail that someone else's registration sent changes nothing of an account that is in use.
    if used.name is not None and not _is_in_use(user):
        user.password, user.name = used.password_hash, used.name
    before, user.email = user.email, used.address
    user.verified_at = now()
    user.save(update_fields=["email", "name", "password", "verified_at", "updated_at"])
    details = {"from": before, "to": user.email} if before != user.email else None
    record(Event.VERIFIED, actor=user.pk, subject=user.pk, details=details)
    if details:
        drop_tokens(user, Purpose.RESET)
    return user, before


def _is_in_use(user: User) -> bool:
    if user.verified or user.deleted_at is not None:
        return True
    # Where verification is not required, people use what they have not verified.
    return Session.objects.filter(user=user).exists()


def _new_verification(services: AuthServices, user: User, **options: str | None) -> str:
    lifetime = timedelta(hours=services.settings.verification_token_hours)
    return new_token(user, Purpose.VERIFY, lifetime, **options)


def _post_verification(services: AuthServices, email: str, token: str) -> None:
    lifetime = f"{services.settings.verification_token_hours} hours"
    link = services.link("verify-email", token)
    services.post("verify_email", email, token=token, link=link, lifetime=lifetime)


def send_verification(services: AuthServices, email: str) -> None:
    """Send another token, if the email is unverified."""
    waiting = User.objects.filter(email=email, verified_at__isnull=True, deleted_at__isnull=True)
    with transaction.atomic():
        # Of requests at the same time, each sees the tokens of those before it.
        user = waiting.select_for_update().first()
        if user is None or has_enough_tokens(user, Purpose.VERIFY):
            return
        last = newest_token(user, Purpose.VERIFY)
        given = {"name": last.name, "password_hash": last.password_hash} if last else {}
        token = _new_verification(services, user, **given)
        _post_verification(services, email, token)
