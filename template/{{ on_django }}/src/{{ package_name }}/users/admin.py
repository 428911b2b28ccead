"""Users on the admin site."""

from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.admin.options import ModelAdmin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from slipway_kit.accounts.purposes import Purpose
from slipway_kit.problems import ServiceError

from ..auth.email_tokens import drop_tokens
from ..auth.sessions import end_sessions
from ..request_state import state_of
from . import service
from .models import User


@admin.register(User)
class UserAdmin(ModelAdmin):  # type: ignore[type-arg] # generic in the stubs only
    """Looks for users, deletes and restores them by the rules of the API, gives permissions.

    What else changes a user goes through the API, which asks for more: a password, a mail.
    """

    list_display = ("email", "name", "role", "verified_at", "deleted_at", "created_at")
    list_filter = ("role", ("deleted_at", admin.EmptyFieldListFilter))
    search_fields = ("email", "name")
    ordering = ("-created_at",)
    readonly_fields: ClassVar[tuple[str, ...]] = (
        *("email", "name", "role", "is_superuser"),
        *("verified_at", "deleted_at", "created_at", "updated_at"),
    )
    permission_fields = ("is_staff", "groups", "user_permissions")
    fields = (*readonly_fields, *permission_fields)
    filter_horizontal = ("groups", "user_permissions")
    actions = ("delete_users", "restore_users")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Let superusers give permissions, and nobody else: they could give them to themselves."""
        del obj
        given = cast("User", request.user).is_superuser
        return self.readonly_fields if given else (*self.readonly_fields, *self.permission_fields)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Return whether users may be looked up so: not by the hash, as in Django's own admin."""
        return not lookup.startswith("password") and super().lookup_allowed(lookup, value, request)

    def has_superuser_permission(self, request: HttpRequest) -> bool:
        """Return whether an action may be used that the API has for administrators."""
        return cast("User", request.user).is_superuser

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: an invitation goes by mail."""
        del request
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Return False: rows of users stay."""
        del request, obj
        return False

    @admin.action(description="Delete, so that they can be restored", permissions=["superuser"])
    def delete_users(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        """Delete users; their tokens end at once."""

        def delete(caller: Any, user: User) -> None:
            service.delete_user(caller, user)
            drop_tokens(user, *Purpose)
            end_sessions(state_of(request)["accounts"], user.pk)

        self._each(request, chosen, delete)

    @admin.action(description="Restore", permissions=["superuser"])
    def restore_users(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        """Bring deleted users back."""
        self._each(request, chosen, service.restore_user)

    def _each(self, request: HttpRequest, chosen: QuerySet[User], change: Any) -> None:
        done = 0
        for user in chosen:
            try:
                with transaction.atomic():
                    change(request.user, user)
            except ServiceError as error:
                self.message_user(request, f"{user.email}: {error}", messages.ERROR)
            else:
                done += 1
        self.message_user(request, f"Done: {done}")
