"""Tokens that are mailed: of a single use, for a short time, for the address they went to."""

from datetime import timedelta

from django.db.models import QuerySet
from django.utils.timezone import now

from slipway_kit.accounts.errors import InvalidEmailTokenError
from slipway_kit.accounts.purposes import MOST_PENDING, Purpose
from slipway_kit.tokens import digest, random_token

from ..users.models import User
from .models import MailedToken


def new_token(
    user: User,
    purpose: Purpose,
    lifetime: timedelta,
    *,
    address: str | None = None,
) -> str:
    """Return a token to mail.

    Args:
        user: Whose account it is for.
        purpose: What it is for.
        lifetime: For how long it holds.
        address: Where it is mailed to; by default the user's address.
    """
    token = random_token()
    MailedToken(
        user=user,
        purpose=purpose,
        address=address or user.email,
        digest=digest(token),
        expires_at=now() + lifetime,
    ).save(force_insert=True)
    return token


def use_token(token: str, purpose: Purpose) -> tuple[User, MailedToken]:
    """Return the user and the token; invalidate all tokens for this purpose.

    Raises:
        InvalidEmailTokenError: It was used, has expired or is unknown; or its user was deleted.
    """
    holding = _holding(purpose).filter(digest=digest(token))
    used = holding.select_related("user").first()
    # One statement decides: of two that come at the same time, one deletes it.
    if used is None or not holding.delete()[0] or used.user.deleted_at is not None:
        raise InvalidEmailTokenError
    drop_tokens(used.user, purpose)
    return used.user, used


def has_enough_tokens(user: User, purpose: Purpose, most: int = MOST_PENDING) -> bool:
    """Return whether so many tokens are pending that no further one is mailed.

    Those that are pending stay valid: else anyone could void a user's token by asking for another.
    """
    return _holding(purpose).filter(user=user).count() >= most


def drop_tokens(user: User, *purposes: Purpose) -> None:
    """Invalidate a user's tokens for these purposes."""
    MailedToken.objects.filter(user=user, purpose__in=purposes).delete()


def _holding(purpose: Purpose) -> QuerySet[MailedToken]:
    return MailedToken.objects.filter(purpose=purpose, expires_at__gt=now())
