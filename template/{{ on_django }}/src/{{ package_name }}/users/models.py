"""The users table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar
from uuid import uuid4

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.password_validation import validate_password
from django.db import models, transaction
from django.utils.timezone import now

from ..audit.events import Event
from ..audit.service import record
from ..core.passwords import hash_now, matches_now
from .roles import Role


class UserManager(BaseUserManager["User"]):
    """Makes users as Django's commands and other packages ask for them."""

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the user with an address, however it is written."""
        return self.get(email=_kept(username))

    def create_user(self, email: str, password: str | None = None, **values: Any) -> User:
        """Add a user.

        Args:
            email: The address.
            password: The password; None for none.
            values: What else is to be said of the user.
        """
        user = self.model(email=_kept(email), **values)
        user.set_password(password)
        with transaction.atomic(using=self.db):
            user.save(using=self.db, force_insert=True)
            record(Event.CREATED, subject=user.pk, details={"role": user.role})
        return user

    def create_superuser(self, email: str, password: str | None = None, **values: Any) -> User:
        """Add an administrator, whose address counts as verified, as `make admin` does.

        Raises:
            ValidationError: The password is none that the API would take.
        """
        if password is not None:
            validate_password(password)
        given = {"role": Role.ADMIN.value, "verified_at": now(), **values}
        return self.create_user(email, password, **given)


def _kept(email: str | None) -> str:
    return (email or "").strip().lower()


class User(AbstractBaseUser):
    """Someone with an account.

    A deleted user's row stays: the audit trail speaks of it, and it can be restored. Until then its
    address is not free.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=120, blank=True)
    # Null, and not Django's mark of an unusable one: nothing matches it.
    password = models.CharField(max_length=255, null=True, db_column="password_hash")  # type: ignore[assignment]  # noqa: DJ001
    role = models.CharField(max_length=20, default=Role.USER.value)
    verified_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    last_login = None  # the audit trail knows

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        """How the table is called."""

        db_table = "users"

    @property
    def is_admin(self) -> bool:
        """Whether it is an administrator."""
        return self.role == Role.ADMIN

    @property
    def verified(self) -> bool:
        """Whether its address is known to be its own."""
        return self.verified_at is not None

    @property
    def is_active(self) -> bool:  # type: ignore[override] # Django has an attribute
        """Whether it is there, and not deleted."""
        return self.deleted_at is None

    @property
    def is_staff(self) -> bool:
        """Whether it may use the admin site."""
        return self.is_admin

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Return whether it may do something on the admin site: administrators may do all."""
        del perm, obj
        return self.is_active and self.is_admin

    def has_perms(self, perm_list: Iterable[str], obj: object = None) -> bool:
        """Return whether it may do all of this, as permissions of the REST framework ask."""
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        """Return whether it may see a part of the admin site."""
        return self.has_perm(app_label)

    def __str__(self) -> str:
        return self.email

    def set_password(self, raw_password: str | None) -> None:
        """Take another password; None for none."""
        self.password = None if raw_password is None else hash_now(raw_password)

    def check_password(self, raw_password: str | None) -> bool:
        """Return whether it is the password; endpoints ask core's Passwords, which queues."""
        kept, given = self.password, raw_password
        return kept is not None and given is not None and matches_now(given, kept)
