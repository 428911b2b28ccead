"""What can be done with the audit trail: write to it, read it, and forget what is old."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.timezone import now

from slipway_kit.accounts.audit_schemas import AuditQuery
from slipway_kit.accounts.events import Event
from slipway_kit.correlation import correlation_id

from .models import AuditEntry


def record(
    event: Event,
    *,
    actor: UUID | None = None,
    subject: UUID | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write an entry, in the transaction of the event.

    Args:
        event: What happens.
        actor: Who does it; None for someone unknown, and for a command.
        subject: Whose account it is done to; None where there is no such account.
        details: What else is to be known: no secret, and nothing that a person typed in.
    """
    AuditEntry.objects.create(
        event=event,
        actor_id=actor,
        subject_id=subject,
        correlation_id=correlation_id.get(),
        details=dict(details or {}),
    )


def count_recent(event: Event, subject: UUID) -> int:
    """Return how often something happened to an account within a day."""
    recent = now() - timedelta(days=1)
    return AuditEntry.objects.filter(
        subject_id=subject, happened_at__gt=recent, event=event
    ).count()


def matching_entries(query: AuditQuery) -> QuerySet[AuditEntry]:
    """Return the entries that a query asks for, the newest first."""
    exactly = {"event", "actor_id", "subject_id", "correlation_id"}
    conditions = query.model_dump(include=exactly, exclude_none=True)
    if query.since is not None:
        conditions["happened_at__gte"] = _in_utc(query.since)
    if query.until is not None:
        conditions["happened_at__lt"] = _in_utc(query.until)
    return AuditEntry.objects.filter(**conditions).order_by("-pk")


def prune(days: int) -> int:
    """Remove the entries that are older than so many days, and return how many there were."""
    removed, _ = AuditEntry.objects.filter(happened_at__lt=now() - timedelta(days=days)).delete()
    return removed


def _in_utc(moment: datetime) -> datetime:
    # SQLite compares moments as texts, which must be of one zone.
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # within hours of the first or the last moment that there is
        return moment.replace(tzinfo=UTC)
