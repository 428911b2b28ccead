"""Jobs on the admin site, without their arguments: those may be secret."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from procrastinate.contrib.django.admin import ProcrastinateJobAdmin
from procrastinate.contrib.django.models import ProcrastinateJob

_SHOWN = ["pk", "task_name", "status", "queue_name", "scheduled_at", "attempts"]

admin.site.unregister(ProcrastinateJob)


@admin.register(ProcrastinateJob)
class JobAdmin(ProcrastinateJobAdmin):
    """Lists jobs, the newest first; failed ones can be run again."""

    fields = [*_SHOWN]  # noqa: RUF012 -- as in the base
    list_display = [*_SHOWN]  # noqa: RUF012 -- as in the base
    list_filter = ["status", "queue_name", "task_name"]  # noqa: RUF012 -- as in the base
    inlines = []  # noqa: RUF012 -- as in the base
    actions = ["retry", "cancel"]  # noqa: RUF012 -- as in the base
    ordering = ("-pk",)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse to filter by what is not shown: answers would tell arguments apart."""
        shown = lookup.partition("__")[0] in _SHOWN
        return shown and super().lookup_allowed(lookup, value, request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return what is shown."""
        del request, obj
        return _SHOWN
