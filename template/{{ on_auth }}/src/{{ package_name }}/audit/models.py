"""The audit table."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from ..db.models import Base, UtcDateTime, now


class Event(StrEnum):
    """What happened."""

    REGISTERED = "user.registered"
    REGISTERED_AGAIN = "user.registered_again"
    VERIFIED = "user.verified"
    CREATED = "user.created"
    UPDATED = "user.updated"
    ROLE_CHANGED = "user.role_changed"
    DELETED = "user.deleted"
    RESTORED = "user.restored"
    LOGIN = "login.succeeded"
    LOGIN_FAILED = "login.failed"
    LOGOUT = "logout"
    TOKEN_REUSED = "refresh_token.reused"  # noqa: S105 -- the name of an event
    RESET_REQUESTED = "password.reset_requested"
    RESET = "password.reset"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105 -- the name of an event


class AuditEntry(Base):
    """One event. A row is never changed: the database refuses to."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "happened_at"),
        Index(None, "subject_id", "happened_at"),
        {"sqlite_autoincrement": True},
    )

    # SQLite counts up by itself only for a column of the type INTEGER.
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    happened_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    event: Mapped[str] = mapped_column(String(40))
    # Not keys of the users table: what happened stays true, whatever becomes of them.
    actor_id: Mapped[UUID | None]
    subject_id: Mapped[UUID | None]
    correlation_id: Mapped[str] = mapped_column(String(128))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
