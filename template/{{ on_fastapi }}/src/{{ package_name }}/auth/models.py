"""The tables of sessions and tokens."""

from datetime import datetime
from uuid import UUID, uuid4

from pydantic import SecretStr
from sqlalchemy import ForeignKey, String, text
from sqlalchemy.orm import Mapped, mapped_column

from slipway_kit.sqlalchemy.hidden import HidesSecrets, Secret
from slipway_kit.sqlalchemy.models import Base, UtcDateTime, now

LONGEST_USER_AGENT = 255


class Session(Base):
    """A login, and the family of refresh tokens that descend from it."""

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Where the login came from; empty for a login of an earlier release.
    client: Mapped[str] = mapped_column(String(64), default="", server_default=text("''"))
    user_agent: Mapped[str] = mapped_column(
        String(LONGEST_USER_AGENT), default="", server_default=text("''")
    )


class RefreshToken(HidesSecrets, Base):
    """A refresh token, as a digest; its id is that of the access token that came with it."""

    __tablename__ = "refresh_tokens"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("sessions.id", ondelete="CASCADE"), index=True
    )
    digest: Mapped[SecretStr] = mapped_column(Secret(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MailedToken(HidesSecrets, Base):
    """A token that was mailed, as a digest.

    It holds for the address that it was mailed to. Nothing writes a name and a password any more:
    earlier releases did, with the tokens of registrations.
    """

    __tablename__ = "mailed_tokens"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(String(254))
    name: Mapped[str | None] = mapped_column(String(120))
    password_hash: Mapped[SecretStr | None] = mapped_column(Secret(255))
    digest: Mapped[SecretStr] = mapped_column(Secret(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
