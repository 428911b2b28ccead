"""The tables of sessions and tokens."""

from uuid import uuid4

from django.db import models

from ..users.hashers import PasswordField
from ..users.models import User

LONGEST_USER_AGENT = 255


class Session(models.Model):
    """A login, and the family of refresh tokens that descend from it."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="sessions")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True)
    # Where the login came from; empty for a login of an earlier release, as while it is replaced.
    client = models.CharField(max_length=64, default="", db_default="")
    user_agent = models.CharField(max_length=LONGEST_USER_AGENT, default="", db_default="")

    class Meta:
        """How the table is called."""

        db_table = "sessions"

    def __str__(self) -> str:
        return str(self.pk)


class RefreshToken(models.Model):
    """A refresh token, as a digest. Its identifier is that of the access token it came with."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    session = models.ForeignKey(Session, models.CASCADE, related_name="refresh_tokens")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        """How the table is called."""

        db_table = "refresh_tokens"

    def __str__(self) -> str:
        return str(self.pk)


class MailedToken(models.Model):
    """A token that was mailed, as a digest.

    It holds for the address that it was mailed to. Nothing writes a name and a password any more:
    earlier releases did, with the tokens of registrations.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="mailed_tokens")
    purpose = models.CharField(max_length=20)
    address = models.EmailField(max_length=254)
    name = models.CharField(max_length=120, null=True)  # noqa: DJ001
    password_hash = PasswordField(max_length=255, null=True)
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        """How the table is called."""

        db_table = "mailed_tokens"

    def __str__(self) -> str:
        return str(self.pk)
