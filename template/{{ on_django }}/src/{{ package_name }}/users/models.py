"""The users table."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import uuid4

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.timezone import now

from slipway_kit.accounts.events import Event
from slipway_kit.django.active import ActiveField, UserQuerySet
from slipway_kit.passwords import LONGEST, SHORTEST

from ..audit.service import record
from .hashers import UNUSABLE, PasswordField
from .roles import Role


class UserManager(BaseUserManager["User"]):
    """Makes users as Django's commands and other packages ask for them."""

    def get_queryset(self) -> UserQuerySet:
        """Return all users."""
        return UserQuerySet(self.model, using=self._db)

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
        if user.role == Role.ADMIN:
            user.set_role(Role.ADMIN)
        user.set_password(password)
        with transaction.atomic(using=self.db):
            user.save(using=self.db, force_insert=True)
            record(Event.CREATED, subject=user.pk, details={"role": user.role})
        return user

    def create_superuser(self, email: str, password: str | None = None, **values: Any) -> User:
        """Add an administrator, whose address counts as verified, as `make admin` does.

        Raises:
            ValidationError: The password is too short or too long.
        """
        # Not AUTH_PASSWORD_VALIDATORS: pytest-django's admin has a common password.
        if password is not None and not SHORTEST <= len(password) <= LONGEST:
            raise ValidationError(f"It needs at least {SHORTEST}, at most {LONGEST} characters.")
        given = {"role": Role.ADMIN.value, "verified_at": now(), **values}
        return self.create_user(email, password, **given)


def _kept(email: str | None) -> str:
    return (email or "").strip().lower()


class User(AbstractBaseUser, PermissionsMixin):
    """Someone with an account.

    The role is what the API asks for. An administrator is a superuser, too; others have what their
    groups and permissions give them, and use the admin site where they are staff. A deleted user's
    row stays: the audit trail speaks of it, and it can be restored. Until then its address is not
    free.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=120, blank=True)
    password = PasswordField(max_length=255, null=True, default=UNUSABLE, db_column="password_hash")
    role = models.CharField(
        max_length=20,
        default=Role.USER.value,
        choices=[(role.value, role.name.capitalize()) for role in Role],
    )
    # Defaults in the database, too: while a release is rolled out, the one before it adds users.
    is_staff = models.BooleanField(default=False, db_default=False)
    is_superuser = models.BooleanField(default=False, db_default=False)
    verified_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    is_active = ActiveField()
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

    def save(self, *args: Any, **options: Any) -> None:
        """Save the user; of is_active, deleted_at is what is stored."""
        if "is_active" in (options.get("update_fields") or ()):
            options["update_fields"] = {*options["update_fields"], "deleted_at"}
        super().save(*args, **options)

    def set_role(self, role: Role) -> None:
        """Take another role: an administrator may do all on the admin site, too; then nothing."""
        self.role = role
        self.is_staff = self.is_superuser = role is Role.ADMIN

    def __str__(self) -> str:
        return self.email
