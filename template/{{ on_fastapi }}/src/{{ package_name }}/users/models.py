"""The users table."""

from datetime import datetime
from uuid import UUID, uuid4

from pydantic import SecretStr
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from slipway_kit.sqlalchemy.hidden import HidesSecrets, Secret
from slipway_kit.sqlalchemy.models import Base, Timestamps, UtcDateTime

from .roles import Role


class User(HidesSecrets, Timestamps, Base):
    """Someone with an account.

    A deleted user's row stays: the audit trail speaks of it, and it can be restored. Until then its
    address is not free.
    """

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[SecretStr | None] = mapped_column(Secret(255))
    role: Mapped[str] = mapped_column(String(20), default=Role.USER)
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def is_admin(self) -> bool:
        """Whether it is an administrator."""
        return self.role == Role.ADMIN

    @property
    def verified(self) -> bool:
        """Whether its address is known to be its own."""
        return self.verified_at is not None
