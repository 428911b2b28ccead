"""The commands that have to do with accounts."""

import argparse
import getpass
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Select, delete, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session as Transaction

from ..audit.models import Event
from ..audit.service import prune as prune_audit
from ..audit.service import record
from ..core.passwords import LONGEST, SHORTEST, hash_now
from ..db.engine import create_sync_engine
from ..db.models import now
from ..settings import Settings, SettingsError
from ..users.models import Role, User
from ..users.schemas import Email
from .models import MailedToken, RefreshToken, Session

PASSWORD_VARIABLE = "ADMIN_PASSWORD"  # noqa: S105 -- where it is, not what

Command = Callable[[Settings, argparse.Namespace], int]


def add_commands(commands: Any) -> dict[str, Command]:
    """Add the commands to those of the service, and return what they do, by name."""
    admin = commands.add_parser("admin", help=make_admin.__doc__)
    admin.add_argument("email", help="the address")
    commands.add_parser("prune", help=prune.__doc__)
    return {"admin": make_admin, "prune": prune}


def make_admin(settings: Settings, given: argparse.Namespace) -> int:
    """Make an administrator: a new user, or one who has an account."""
    try:
        email = TypeAdapter(Email).validate_python(given.email)
    except ValidationError:
        return _fail("email: must be an e-mail address, like ann@example.com")
    with _transaction(settings) as session:
        user = session.scalar(select(User).where(User.email == email))
        if user is not None and user.deleted_at is not None:
            return _fail(f"{email} was deleted: let an administrator restore the user")
        if user is None:
            password = _password()
            if password is None:
                return _fail(f"the password must have {SHORTEST} to {LONGEST} characters")
            user = User(email=email, name="", password_hash=hash_now(password))
            session.add(user)
            session.flush()
            record(session, Event.CREATED, subject=user.id, details={"role": Role.ADMIN})
        elif user.role != Role.ADMIN:
            change = {"from": user.role, "to": Role.ADMIN}
            record(session, Event.ROLE_CHANGED, subject=user.id, details=change)
        user.role, user.verified_at = Role.ADMIN, user.verified_at or now()
    sys.stdout.write(f"{email} is an administrator\n")
    return 0


def prune(settings: Settings, _: argparse.Namespace) -> int:
    """Remove what is out of date: old audit entries, and sessions and tokens that have ended."""
    with _transaction(settings) as session:
        entries = prune_audit(session, settings.audit_retention_days)
        ended = [
            delete(RefreshToken).where(RefreshToken.session_id.in_(_ended_sessions())),
            delete(Session).where(Session.expires_at < now()),
            delete(MailedToken).where(MailedToken.expires_at < now()),
        ]
        for statement in ended:
            session.execute(statement)
    sys.stdout.write(f"{entries} audit entries removed\n")
    return 0


def _ended_sessions() -> Select[UUID]:
    return select(Session.id).where(Session.expires_at < now())


def _password() -> str | None:
    """Return the password, from the environment or else from whoever sits there."""
    password = os.environ.get(PASSWORD_VARIABLE)
    if password is None and sys.stdin.isatty():
        password = getpass.getpass()
        if getpass.getpass("Again: ") != password:
            return None
    if password is None or not SHORTEST <= len(password) <= LONGEST:
        return None
    return password


@contextmanager
def _transaction(settings: Settings) -> Iterator[Transaction]:
    """Open a transaction, whose failure becomes a sentence.

    Raises:
        SettingsError: The database does not answer, or has no tables yet.
    """
    try:
        with Transaction(create_sync_engine(settings)) as session, session.begin():
            yield session
    except DBAPIError as error:
        raise SettingsError(f"DATABASE_URL: {error.orig}; has `make migrate` been run?") from None


def _fail(message: str) -> int:
    sys.stderr.write(f"{message}\n")
    return 1
