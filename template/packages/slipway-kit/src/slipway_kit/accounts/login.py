"""Reading a login, which comes as JSON or as the form of OAuth 2.0."""

import json
from typing import Any
from urllib.parse import parse_qsl

from pydantic import ValidationError

from ..problems import BodyTooLargeError, MediaTypeError, UnreadableBodyError
from .schemas import Login, PasswordForm

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 20
_LARGEST = 8192
"""Bytes of a body that is read: to decode 1 MiB of escapes takes more than a second."""
_UNREADABLE = (ValueError, RecursionError)  # a number may have too many digits


class InvalidLoginError(Exception):
    """A body is no login.

    Attributes:
        errors: The errors as pydantic reports them, without the input.
    """

    def __init__(self, errors: list[Any]) -> None:
        super().__init__("The body is no login.")
        self.errors = errors


def read_login(content_type: str, body: bytes) -> Login:
    """Return the credentials of a login.

    Raises:
        BodyTooLargeError: The body is larger than a login can be.
        MediaTypeError: It is of neither kind.
        UnreadableBodyError: It is a form that cannot be read.
        InvalidLoginError: It is no login, or no JSON.
    """
    if len(body) > _LARGEST:
        raise BodyTooLargeError
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in {JSON, FORM}:
        raise MediaTypeError
    try:
        if media_type == JSON:
            return Login.model_validate(_json(body))
        form = PasswordForm.model_validate(_fields(body))
        return Login.model_construct(email=form.username, password=form.password)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False, include_context=False)
        raise InvalidLoginError(
            [{**detail, "loc": ("body", *detail["loc"])} for detail in errors]
        ) from None


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except _UNREADABLE as error:
        place = ("body", error.pos) if isinstance(error, json.JSONDecodeError) else ("body",)
        detail = {"type": "json_invalid", "loc": place, "msg": "JSON decode error"}
        raise InvalidLoginError([detail]) from None


def _fields(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise UnreadableBodyError from None
