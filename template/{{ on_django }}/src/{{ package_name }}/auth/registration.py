"""Making an account, and verifying an address: a new account's, or another one of a user."""

from datetime import timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from slipway_kit.accounts.errors import InvalidEmailTokenError
from slipway_kit.accounts.events import Event
from slipway_kit.accounts.purposes import MOST_PENDING, MOST_REGISTERED, Purpose

from ..audit.service import count_recent, record
from ..users.models import User
from .email_tokens import drop_tokens, has_enough_tokens, new_token, use_token
from .passwords import new_reset, post_reset
from .services import AuthServices


def register(services: AuthServices, email: str, name: str, password: str) -> None:
    """Make an account and mail a token that verifies its address.

    The caller learns nothing of an address that has an account: its owner does, by mail. While an
    address is not verified, others may register it, too. Nobody knows then who of them owns it: of
    several passwords none counts, and the owner chooses one, by mail.
    """
    known = User.objects.filter(email=email)
    user = known.first()
    if user is None:
        kept = make_password(password)
        try:
            _register(services, User(email=email, name=name, password=kept))
        except IntegrityError:  # another request has made it since
            user = known.first()
    if user is not None:  # to compare takes as long as to hash
        competing = not check_password(password, user.password)
        _register_again(services, known, competing=competing)


def _register(services: AuthServices, user: User) -> None:
    with transaction.atomic():
        user.save(force_insert=True)
        record(Event.REGISTERED, subject=user.pk)
        _send_verification(services, user)


def _register_again(services: AuthServices, known: QuerySet[User], *, competing: bool) -> None:
    with transaction.atomic():
        # Of requests at the same time, each sees the tokens of those before it.
        user = known.select_for_update().get()
        if _is_in_use(services, user):
            told = count_recent(Event.REGISTERED_AGAIN, user.pk)
            record(Event.REGISTERED_AGAIN, subject=user.pk)
            if user.deleted_at is None and told < MOST_PENDING:
                services.post("already_registered", user.email)
            return
        record(Event.REGISTERED, subject=user.pk)
        if competing:
            _forget_registration(user)
            user.save(update_fields=["name", "password", "updated_at"])
        if not has_enough_tokens(user, Purpose.VERIFY, MOST_REGISTERED):
            _send_verification(services, user)


def _forget_registration(user: User) -> None:
    user.name = ""
    user.set_unusable_password()


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
        _send_verification(services, user, email)


def verify(services: AuthServices, token: str) -> None:
    """Note that an address belongs to its account, and make it the account's where it was not.

    An account without a password, as after competing registrations, gets a mail to choose one.

    Raises:
        InvalidEmailTokenError: The token is invalid or expired, or its email is taken.
    """
    try:
        with transaction.atomic():
            user, before = _verify(services, token)
            if before != user.email:
                services.post("address_changed", before)
    except IntegrityError as error:
        raise InvalidEmailTokenError from error


def _verify(services: AuthServices, token: str) -> tuple[User, str]:
    user, used = use_token(token, Purpose.VERIFY)
    # An earlier release mailed a token with the password of each registration.
    given = used.name is not None and used.password_hash != user.password
    if given and not _is_in_use(services, user):
        _forget_registration(user)
    chooses = not user.verified and not user.has_usable_password()
    before, user.email = user.email, used.address
    user.verified_at = now()
    user.save(update_fields=["email", "name", "password", "verified_at", "updated_at"])
    details = {"from": before, "to": user.email} if before != user.email else None
    record(Event.VERIFIED, actor=user.pk, subject=user.pk, details=details)
    if details:
        drop_tokens(user, Purpose.RESET)
    if chooses:
        post_reset(services, "choose_password", user.email, new_reset(services, user))
    return user, before


def _is_in_use(services: AuthServices, user: User) -> bool:
    # Where verification is not required, people use what they have not verified.
    required = services.settings.email_verification_required
    return user.verified or user.deleted_at is not None or not required


def _send_verification(services: AuthServices, user: User, email: str | None = None) -> None:
    hours = services.settings.verification_token_hours
    token = new_token(user, Purpose.VERIFY, timedelta(hours=hours), address=email)
    link = services.link("verify-email", token)
    fields = {"token": token, "link": link, "lifetime": f"{hours} hours"}
    services.post("verify_email", email or user.email, **fields)


def send_verification(services: AuthServices, email: str) -> None:
    """Send another token, if the email is unverified."""
    waiting = User.objects.filter(email=email, verified_at__isnull=True, deleted_at__isnull=True)
    with transaction.atomic():
        # Of requests at the same time, each sees the tokens of those before it.
        user = waiting.select_for_update().first()
        if user is not None and not has_enough_tokens(user, Purpose.VERIFY):
            _send_verification(services, user)
