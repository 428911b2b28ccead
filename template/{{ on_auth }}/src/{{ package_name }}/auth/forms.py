"""Reading a login, which comes as JSON or as the form of OAuth 2.0."""

import json
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from ..core.problems import MediaTypeError, UnreadableBodyError
from .schemas import LOGIN_EXAMPLES, Login, PasswordForm

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 20
_UNREADABLE = (ValueError, RecursionError)  # a number may have too many digits


async def _login(request: Request) -> Login:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in {JSON, FORM}:
        raise MediaTypeError
    body = await request.body()
    try:
        if media_type == JSON:
            return Login.model_validate(_json(body))
        form = PasswordForm.model_validate(_fields(body))
        return Login.model_construct(email=form.username, password=form.password)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        for fault in faults:
            fault["loc"] = ("body", *fault["loc"])
        raise RequestValidationError(faults) from None


LoginForm = Annotated[Login, Depends(_login)]
"""Who wants to log in, however it was written."""


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        fault = {"type": "json_invalid", "loc": ("body", error.pos), "msg": "JSON decode error"}
        raise RequestValidationError([fault]) from None
    except _UNREADABLE:
        raise UnreadableBodyError from None


def _fields(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise UnreadableBodyError from None


# The form is what the security scheme's flow documents, and no second body here: generators of
# clients would make one method of both.
LOGIN_BODY = {
    "requestBody": {
        "required": True,
        "content": {JSON: {"schema": Login.model_json_schema(), "examples": LOGIN_EXAMPLES}},
    }
}
"""What the document says of the body."""
