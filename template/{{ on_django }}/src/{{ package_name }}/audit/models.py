"""The audit table."""

from typing import ClassVar

from django.db import models
from django.utils.timezone import now


class AuditEntry(models.Model):
    """One event. A row is never changed: the database refuses to."""

    happened_at = models.DateTimeField(default=now)
    event = models.CharField(max_length=40)
    # Not keys of the users table: what happened stays true, whatever becomes of them.
    actor_id = models.UUIDField(null=True)
    subject_id = models.UUIDField(null=True)
    correlation_id = models.CharField(max_length=128)
    details = models.JSONField()

    class Meta:
        """How the table is called."""

        db_table = "audit_entries"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["happened_at"], name="ix_audit_happened_at"),
            models.Index(fields=["subject_id", "happened_at"], name="ix_audit_subject_id"),
        ]

    def __str__(self) -> str:
        return self.event
