"""The commands that have to do with accounts."""

import argparse
import sys
from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import Select, delete, or_, select, text, update
from sqlalchemy.exc import IntegrityError

from slipway_kit.accounts.events import Event
from slipway_kit.accounts.prompts import read_email, read_password
from slipway_kit.sqlalchemy.commands import transaction
from slipway_kit.sqlalchemy.models import now

from ..audit.models import AuditEntry
from ..audit.service import prune as prune_audit
from ..audit.service import record
from ..settings import Settings
from ..users.models import User
from ..users.roles import Role
from .hashing import hash_now
from .models import MailedToken, RefreshToken, Session


def add_commands(commands: Any) -> None:
    """Add the commands to those of the service."""
    admin = commands.add_parser("admin", help=make_admin.__doc__)
    admin.add_argument("email", help="the address")
    admin.set_defaults(run=make_admin)
    commands.add_parser("prune", help=prune.__doc__).set_defaults(run=prune)


def make_admin(settings: Settings, given: argparse.Namespace) -> int:
    """Create an administrator, or promote a user."""
    try:
        email = read_email(given.email)
    except ValueError as error:
        return _fail(str(error))
    with transaction(settings) as session:
        user = session.scalar(select(User).where(User.email == email))
        if user is not None and user.deleted_at is not None:
            return _fail(f"{email} was deleted: let an administrator restore the user")
        known = user is not None and user.verified
        if user is None:
            user = User(email=email, name="")
        if not known:
            # The client that registered an email may not own it: its password is invalidated.
            try:
                user.password_hash = SecretStr(hash_now(read_password(email)))
            except ValueError as error:
                return _fail(str(error))
            session.add(user)
            session.flush()
            session.execute(delete(MailedToken).where(MailedToken.user_id == user.id))
            ended = update(Session).where(Session.user_id == user.id)
            session.execute(ended.values(revoked_at=now()))
            record(session, Event.CREATED, subject=user.id, details={"role": Role.ADMIN})
        elif user.role != Role.ADMIN:
            change = {"from": user.role, "to": Role.ADMIN}
            record(session, Event.ROLE_CHANGED, subject=user.id, details=change)
        user.role, user.verified_at = Role.ADMIN, user.verified_at or now()
    password = "the password is as before" if known else "with the password that was given"
    sys.stdout.write(f"{email} is an administrator; {password}\n")
    return 0


def prune(settings: Settings, _: argparse.Namespace) -> int:
    """Remove old audit entries, expired sessions and tokens, and unverified users."""
    entries, users = remove_old(settings)
    sys.stdout.write(f"{entries} audit entries and {users} unverified users removed\n")
    return 0


def remove_old(settings: Settings) -> tuple[int, int]:
    """Remove what `prune` removes; return the numbers of audit entries and of users."""
    with transaction(settings) as session:
        ended = [
            delete(RefreshToken).where(RefreshToken.session_id.in_(_ended_sessions())),
            # A login from the same place is no new one until then (known_clients.py).
            delete(Session).where(
                Session.expires_at < now(),
                Session.created_at < now() - timedelta(days=settings.refresh_token_days),
            ),
            delete(MailedToken).where(MailedToken.expires_at < now()),
        ]
        for statement in ended:
            session.execute(statement)
    users = _remove_unverified(settings)
    with transaction(settings) as session:
        return prune_audit(session, settings.audit_retention_days), users


def _ended_sessions() -> Select[UUID]:
    # Tokens of a revoked session stay for a day, longer than its access tokens are valid.
    yesterday = now() - timedelta(days=1)
    return select(Session.id).where(or_(Session.expires_at < now(), Session.revoked_at < yesterday))


def _remove_unverified(settings: Settings) -> int:
    if not settings.email_verification_required:  # then they use what they have not verified
        return 0
    happened = select(AuditEntry.id).where(AuditEntry.subject_id == User.id)
    unverified = select(User.id).where(
        User.verified_at.is_(None),
        User.deleted_at.is_(None),
        User.created_at < now() - timedelta(days=settings.unverified_user_days),
        ~select(MailedToken.id).where(MailedToken.user_id == User.id).exists(),
        ~select(Session.id).where(Session.user_id == User.id).exists(),
        ~happened.where(AuditEntry.event == Event.LOGIN).exists(),
        # Nobody else than clients who register makes users that one may forget.
        happened.where(AuditEntry.event == Event.REGISTERED).exists(),
    )
    removed = 0
    with transaction(settings) as session:
        if session.get_bind().dialect.name == "sqlite":
            session.execute(text("PRAGMA foreign_keys = ON"))
        for user_id in session.scalars(unverified).all():
            try:
                with session.begin_nested():
                    of_user = User.id == user_id, User.verified_at.is_(None)
                    session.execute(delete(User).where(*of_user))
            except IntegrityError:  # your own tables refer to it
                continue
            record(session, Event.DELETED, subject=user_id, details={"unverified": True})
            removed += 1
    return removed


def _fail(message: str) -> int:
    sys.stderr.write(f"{message}\n")
    return 1
