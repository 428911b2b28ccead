"""The events of the audit trail."""

from enum import StrEnum


class Event(StrEnum):
    """What happened."""

    REGISTERED = "user.registered"
    REGISTERED_AGAIN = "user.registered_again"
    VERIFIED = "user.verified"
    CREATED = "user.created"
    UPDATED = "user.updated"
    ROLE_CHANGED = "user.role_changed"
    DELETED = "user.deleted"
    RESTORED = "user.restored"
    LOGIN = "login.succeeded"
    LOGIN_FAILED = "login.failed"
    LOGIN_LIMITED = "login.limited"
    LOGOUT = "logout"
    SESSION_ENDED = "session.ended"
    TOKEN_REUSED = "refresh_token.reused"  # noqa: S105 -- the name of an event
    RESET_REQUESTED = "password.reset_requested"
    RESET = "password.reset"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105 -- the name of an event
