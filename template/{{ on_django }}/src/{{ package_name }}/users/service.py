"""What can be done with users."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.timezone import now

from slipway_kit.accounts.errors import LastAdminError
from slipway_kit.accounts.events import Event
from slipway_kit.accounts.user_errors import EmailTakenError, UnverifiedError, UserNotFoundError

from ..audit.service import record
from .models import User
from .roles import Role
from .schemas import UserQuery


def create_user(admin: User, user: User) -> None:
    """Add a user.

    Raises:
        EmailTakenError: Another user has the address.
    """
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise EmailTakenError from error
    record(Event.CREATED, actor=admin.pk, subject=user.pk, details={"role": user.role})


def matching_users(query: UserQuery) -> QuerySet[User]:
    """Return the users that a query asks for, in order."""
    found = User.objects.all()
    if query.filter:
        found = found.filter(Q(email__icontains=query.filter) | Q(name__icontains=query.filter))
    if query.role is not None:
        found = found.filter(role=query.role)
    if query.deleted != "also":
        found = found.filter(deleted_at__isnull=query.deleted == "no")
    # The identifier decides between equals, so that no user is on two pages.
    return found.order_by(query.sort, "-pk" if query.sort.startswith("-") else "pk")


def read_user(caller: User, user_id: UUID) -> User:
    """Return a user: any for an administrator, deleted ones too; for others, themselves.

    Raises:
        UserNotFoundError: There is none, or not for this caller.
    """
    user = User.objects.filter(pk=user_id).first()
    if user is None or not (caller.is_admin or user.pk == caller.pk):
        raise UserNotFoundError
    return user


def update_user(
    caller: User, user: User, *, name: str | None = None, email: str | None = None
) -> None:
    """Change a user's name and address; None leaves one as it is.

    Raises:
        EmailTakenError: Another user has the address.
    """
    changed = []
    if name is not None and name != user.name:
        user.name = name
        changed.append("name")
    if email is not None and email != user.email:
        user.email = email
        changed.append("email")
    if changed:
        try:
            with transaction.atomic():
                user.save(update_fields=[*changed, "updated_at"])
        except IntegrityError as error:
            raise EmailTakenError from error
        record(Event.UPDATED, actor=caller.pk, subject=user.pk, details={"fields": changed})


def check_promotion(user: User, role: Role) -> None:
    """Refuse to promote a user with an unverified email.

    Raises:
        UnverifiedError: It was not.
    """
    if role is Role.ADMIN and not user.verified:
        raise UnverifiedError


def change_role(admin: User, user: User, role: Role) -> None:
    """Give a user another role.

    Raises:
        LastAdminError: There would be no administrator left.
    """
    if role == user.role:
        return
    if user.is_admin:
        _require_another_admin(user)
    change = {"from": user.role, "to": role}
    record(Event.ROLE_CHANGED, actor=admin.pk, subject=user.pk, details=change)
    user.set_role(role)
    user.save(update_fields=["role", "is_staff", "is_superuser", "updated_at"])


def delete_user(admin: User, user: User) -> None:
    """Delete a user, who can be restored.

    Raises:
        UserNotFoundError: The user was deleted before.
        LastAdminError: There would be no administrator left.
    """
    if user.deleted_at is not None:
        raise UserNotFoundError
    if user.is_admin:
        _require_another_admin(user)
    user.deleted_at = now()
    user.save(update_fields=["deleted_at", "updated_at"])
    record(Event.DELETED, actor=admin.pk, subject=user.pk)


def restore_user(admin: User, user: User) -> None:
    """Restore a deleted user; an active one does not change."""
    if user.deleted_at is not None:
        user.deleted_at = None
        user.save(update_fields=["deleted_at", "updated_at"])
        record(Event.RESTORED, actor=admin.pk, subject=user.pk)


def _require_another_admin(user: User) -> None:
    # Of two administrators who demote each other, one is to learn that the other did: the second
    # waits for the rows. SQLite locks none, but lets in one transaction that writes at a time.
    admins = User.objects.filter(role=Role.ADMIN, deleted_at__isnull=True).order_by("pk")
    list(admins.select_for_update())
    if not admins.exclude(pk=user.pk).exists():
        raise LastAdminError
