"""The fields of accounts: emails, names and passwords."""

from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)

from ..passwords import COMMON, LONGEST, OWN_EMAIL, SHORTEST, is_common, is_email


def _address(text: str) -> str:
    try:
        valid = validate_email(
            text,
            allow_smtputf8=False,  # few mail servers take more than ASCII before the @
            check_deliverability=False,
            globally_deliverable=False,  # a company's own domain may be one that others do not see
            strict=True,
            test_environment=True,  # which only means that the domain .test is one (RFC 2606)
        )
    except EmailNotValidError:
        # The library's own sentences quote what was typed in.
        raise ValueError("must be an e-mail address, like ann@example.com") from None
    # In theory a server may tell Ann@ from ann@; in practice that is one person.
    return (valid.ascii_email or valid.normalized).lower()


def _text(password: SecretStr) -> SecretStr:
    # JSON can write halves of characters, which nothing can hash.
    try:
        password.get_secret_value().encode()
    except UnicodeEncodeError:
        raise ValueError("must be text, without lone surrogates") from None
    return password


def _uncommon(password: SecretStr) -> SecretStr:
    if is_common(password.get_secret_value()):
        raise ValueError(COMMON)
    return password


def other_than_email(password: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
    """Return a password that is not the email beside it.

    Raises:
        ValueError: It is.
    """
    if password is not None and is_email(password.get_secret_value(), info.data.get("email", "")):
        raise ValueError(OWN_EMAIL)
    return password


Email = Annotated[
    str,
    Field(max_length=254),
    AfterValidator(_address),
    WithJsonSchema(
        {
            "type": "string",
            "format": "email",
            "maxLength": 254,
            "description": "The e-mail address.",
            "examples": ["ann@example.com"],
        }
    ),
]
PersonName = Annotated[
    str,
    StringConstraints(max_length=120, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"),
    Field(description="What to call the user.", examples=["Ann"]),
]
NewPassword = Annotated[
    SecretStr,
    AfterValidator(_text),
    AfterValidator(_uncommon),
    Field(
        description="The password: length counts for more than kinds of characters.",
        min_length=SHORTEST,
        max_length=LONGEST,
        examples=["correct horse battery staple"],
    ),
]
Password = Annotated[
    SecretStr,
    AfterValidator(_text),
    Field(
        description="The password.",
        max_length=LONGEST,
        examples=["correct horse battery staple"],
    ),
]
