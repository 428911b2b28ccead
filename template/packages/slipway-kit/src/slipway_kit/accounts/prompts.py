"""The input of the commands for accounts."""

import getpass
import os
import sys

from pydantic import TypeAdapter, ValidationError

from ..passwords import COMMON, LONGEST, OWN_EMAIL, SHORTEST, is_common, is_email
from .fields import Email

PASSWORD_VARIABLE = "ADMIN_PASSWORD"  # noqa: S105 -- where it is, not what


def read_email(given: str) -> str:
    """Return an email as it is stored.

    Raises:
        ValueError: It is none.
    """
    try:
        email: str = TypeAdapter(Email).validate_python(given)
    except ValidationError:
        raise ValueError("email: must be an e-mail address, like ann@example.com") from None
    return email


def read_password(email: str) -> str:
    """Return the password of an account, from the environment or a prompt.

    Raises:
        ValueError: There is none, or it does not do.
    """
    password = os.environ.get(PASSWORD_VARIABLE)
    if password is None:
        if not sys.stdin.isatty():
            raise ValueError(
                f"there is no terminal to prompt for a password: set {PASSWORD_VARIABLE}"
            )
        password = getpass.getpass()
        if getpass.getpass("Again: ") != password:
            raise ValueError("the two passwords differ: try again")
    if not SHORTEST <= len(password) <= LONGEST or not password.isprintable():
        raise ValueError(f"the password must have {SHORTEST} to {LONGEST} printable characters")
    if is_common(password):
        raise ValueError(f"the password {COMMON}")
    if is_email(password, email):
        raise ValueError(f"the password {OWN_EMAIL}")
    return password
