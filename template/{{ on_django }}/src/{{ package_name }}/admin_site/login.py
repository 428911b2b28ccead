"""Logins to the admin site: each is a session like those of the API, and ends with them."""

from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from slipway_kit.accounts.events import Event

from ..audit.service import record
from ..auth.known_clients import open_session
from ..auth.sessions import active_sessions, log_out_of_site
from ..request_state import state_of
from ..users.models import User

_SESSION_ID = "session_id"


def begin(request: HttpRequest | None, user: User, **_: Any) -> None:
    """Open a session for a login by a cookie, and store its ID in the cookie's session."""
    # Django's login has asked for it; that of the API has none.
    session = getattr(request, "session", None)
    if session is None or not session.accessed:
        return
    lifetime = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    session[_SESSION_ID] = str(open_session(user.pk, lifetime, request).pk)
    record(Event.LOGIN, actor=user.pk, subject=user.pk, details={"site": "admin"})
    _name(cast("HttpRequest", request), user)


def end(request: HttpRequest, user: User | None, **_: Any) -> None:
    """Revoke the session of a login by a cookie at its logout."""
    if user is not None and _SESSION_ID in request.session:
        log_out_of_site(state_of(request)["accounts"], user.pk, session_id(request))


def session_id(request: HttpRequest) -> UUID:
    """Return the ID of the current session."""
    return UUID(request.session[_SESSION_ID])


def user_of(request: HttpRequest) -> User | AnonymousUser:
    """Return the user of an active session; the access log has the user, too."""
    user = get_user(request)
    if not isinstance(user, User):
        return AnonymousUser()
    held = request.session.get(_SESSION_ID)
    if held is None or not active_sessions().filter(pk=held, user=user).exists():
        request.session.flush()
        return AnonymousUser()
    _name(request, user)
    return user


def _name(request: HttpRequest, user: User) -> None:
    # The session was verified, so that a limit may count by it; what is guessed here, passwords,
    # counts by the address (site.py).
    state = (getattr(request, "scope", None) or {}).get("state", {})
    state["user_id"] = str(user.pk)
