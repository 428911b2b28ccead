"""The clients from which an account was used, and the limit of password guesses by all others."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from django.utils.timezone import now

from slipway_kit.accounts.events import Event
from slipway_kit.accounts.guesses import count_guess
from slipway_kit.asgi_headers import first
from slipway_kit.django.resources import resources, wait_for
from slipway_kit.django.routes import scope_of
from slipway_kit.rate_limiting import client_of

from ..audit.service import count_recent, record
from ..users.models import User
from .models import LONGEST_USER_AGENT, Session
from .services import AuthServices


def open_session(user_id: UUID, lifetime: timedelta, request: HttpRequest | None) -> Session:
    """Open a session that has no tokens yet, for the client that sends a request."""
    session = Session(user_id=user_id, expires_at=now() + lifetime)
    if request is not None:
        scope = scope_of(request)
        session.client = client_of(scope)
        session.user_agent = (first(scope["headers"], b"user-agent") or "")[:LONGEST_USER_AGENT]
    session.save(force_insert=True)
    return session


def limit_guesses(request: HttpRequest | None, email: str) -> None:
    """Count a guess of an account's password; where it was used before, guesses are not counted.

    Raises:
        RateLimitedError: There were too many guesses.
    """
    scope = None if request is None else scope_of(request)
    state: Any = dict(resources()) if scope is None else scope["state"]
    if state["limits"] is None:
        return
    client = "" if scope is None else client_of(scope)
    there = Session.objects.filter(user__email=email, client=client)
    known = client and there.exists()
    if not known and wait_for(count_guess(state, email)):
        state["accounts"].later.call(send_warning, state["accounts"], email)


def send_warning(services: AuthServices, email: str) -> None:
    """Tell the owner of an account that no more guesses are allowed, once a day."""
    there = User.objects.select_for_update().filter(email=email, deleted_at__isnull=True)
    with transaction.atomic():
        user = there.first()
        if user is not None and not count_recent(Event.LOGIN_LIMITED, user.pk):
            record(Event.LOGIN_LIMITED, subject=user.pk)
            services.post("many_logins", email)
