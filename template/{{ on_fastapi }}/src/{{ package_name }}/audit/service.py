"""What can be done with the audit trail: write to it, read it, and forget what is old."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from slipway_kit.accounts.audit_schemas import AuditQuery
from slipway_kit.accounts.events import Event
from slipway_kit.correlation import correlation_id
from slipway_kit.sqlalchemy.models import now

from .models import AuditEntry


def record(
    session: AsyncSession | Session,
    event: Event,
    *,
    actor: UUID | None = None,
    subject: UUID | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write an entry, in the transaction of the event.

    Args:
        session: The transaction.
        event: What happens.
        actor: Who does it; None for someone unknown, and for a command.
        subject: Whose account it is done to; None where there is no such account.
        details: What else is to be known: no secret, and nothing that a person typed in.
    """
    session.add(
        AuditEntry(
            event=event,
            actor_id=actor,
            subject_id=subject,
            correlation_id=correlation_id.get(),
            details=dict(details or {}),
        )
    )


async def count_recent(session: AsyncSession, event: Event, subject: UUID) -> int:
    """Return how often something happened to an account within a day."""
    recent = AuditEntry.happened_at > now() - timedelta(days=1)
    counted = select(func.count(AuditEntry.id)).where(
        AuditEntry.subject_id == subject, recent, AuditEntry.event == event
    )
    return await session.scalar(counted) or 0


async def list_entries(session: AsyncSession, query: AuditQuery) -> tuple[list[AuditEntry], int]:
    """Return one page of the matching entries, the newest first, and how many match in all."""
    conditions = list(_conditions(query))
    total = await session.scalar(select(func.count(AuditEntry.id)).where(*conditions))
    page = (
        select(AuditEntry)
        .where(*conditions)
        .order_by(AuditEntry.id.desc())
        .offset(query.offset)
        .limit(query.page_size)
    )
    return list(await session.scalars(page)), total or 0


def prune(session: Session, days: int) -> int:
    """Remove the entries that are older than so many days, and return how many there were."""
    oldest = now() - timedelta(days=days)
    removed = session.scalars(
        delete(AuditEntry).where(AuditEntry.happened_at < oldest).returning(AuditEntry.id)
    )
    return len(list(removed))


def _conditions(query: AuditQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.event is not None:
        conditions.append(AuditEntry.event == query.event)
    if query.actor_id is not None:
        conditions.append(AuditEntry.actor_id == query.actor_id)
    if query.subject_id is not None:
        conditions.append(AuditEntry.subject_id == query.subject_id)
    if query.correlation_id is not None:
        conditions.append(AuditEntry.correlation_id == query.correlation_id)
    if query.since is not None:
        conditions.append(AuditEntry.happened_at >= _in_utc(query.since))
    if query.until is not None:
        conditions.append(AuditEntry.happened_at < _in_utc(query.until))
    return conditions


def _in_utc(moment: datetime) -> datetime:
    # SQLite compares moments as texts, which must be of one zone.
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # within hours of the first or the last moment that there is
        return moment.replace(tzinfo=UTC)
