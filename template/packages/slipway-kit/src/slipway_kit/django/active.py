"""The field by which Django and its packages ask whether a user is active."""

from typing import Any

from django.core.checks import CheckMessage
from django.core.exceptions import FieldError
from django.db import models
from django.db.models.functions import Coalesce
from django.db.models.query_utils import DeferredAttribute
from django.utils.timezone import now


class _Activity(DeferredAttribute):
    """Reads the field from deleted_at, and writes it there."""

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        """Return whether a user is not deleted, be it saved or not."""
        return self if instance is None else instance.deleted_at is None

    def __set__(self, instance: Any, value: bool) -> None:  # noqa: FBT001 -- as of any field
        """Delete or restore a user, as packages do that know no deleted_at."""
        has_row = "deleted_at" in instance.__dict__  # else its column was not asked for
        if has_row and value != (instance.deleted_at is None):
            instance.deleted_at = None if value else now()


class UserQuerySet(models.QuerySet[Any]):
    """Users, whose field can be set for several at once, too."""

    def update(self, **values: Any) -> int:
        """Change rows; is_active deletes or restores them.

        Raises:
            FieldError: It is to be computed.
        """
        if "is_active" in values:
            if not isinstance(active := values.pop("is_active"), bool):
                raise FieldError("is_active: set deleted_at, which it is computed from")
            values["deleted_at"] = None if active else Coalesce("deleted_at", now())
        return super().update(**values)

    update.alters_data = True  # type: ignore[attr-defined] # as Django marks it


class ActiveField(models.GeneratedField):
    """A column that is true for a user who is not deleted; the database computes it."""

    descriptor_class = _Activity

    def __init__(self, **options: Any) -> None:
        options |= {
            "expression": models.Q(deleted_at__isnull=True),
            "output_field": models.BooleanField(),
            "db_persist": True,
        }
        super().__init__(**options)

    def check(self, **options: Any) -> list[CheckMessage]:
        """Check the field without a connection; the service's databases have such columns."""
        return super().check(**{**options, "databases": ()})

    def deconstruct(self) -> Any:
        """Return what a migration has: Django's own field."""
        name, _, args, options = super().deconstruct()
        return name, "django.db.models.GeneratedField", args, options
