"""Reading a login, which comes as JSON or as the form of OAuth 2.0."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from starlette.requests import ClientDisconnect

from slipway_kit.accounts.login import JSON, InvalidLoginError, read_login
from slipway_kit.accounts.schemas import LOGIN_EXAMPLES, Login
from slipway_kit.problems import UnreadableBodyError


async def _login(request: Request) -> Login:
    try:
        body = await request.body()
    except ClientDisconnect:
        raise UnreadableBodyError from None
    try:
        return read_login(request.headers.get("content-type", ""), body)
    except InvalidLoginError as error:
        raise RequestValidationError(error.errors) from None


LoginForm = Annotated[Login, Depends(_login)]
"""Who wants to log in, however it was written."""

# The form is what the security scheme's flow documents, and no second body here: generators of
# clients would make one method of both.
LOGIN_BODY = {
    "requestBody": {
        "required": True,
        "content": {JSON: {"schema": Login.model_json_schema(), "examples": LOGIN_EXAMPLES}},
    }
}
"""The body in the OpenAPI schema."""
