"""The audit table."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from slipway_kit.sqlalchemy.models import Base, UtcDateTime, now


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
