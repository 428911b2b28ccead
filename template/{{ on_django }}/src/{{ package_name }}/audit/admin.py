"""The audit trail on the admin site: to read."""

from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.http import HttpRequest

from .models import AuditEntry


@admin.register(AuditEntry)
class AuditAdmin(ModelAdmin):  # type: ignore[type-arg] # generic in the stubs only
    """Shows entries, the newest first; nothing here changes one."""

    list_display = ("happened_at", "event", "actor_id", "subject_id", "correlation_id")
    list_filter = ("event",)
    search_fields = ("correlation_id",)
    ordering = ("-id",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False."""
        del request
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        """Return False."""
        del request, obj
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        """Return False."""
        del request, obj
        return False
