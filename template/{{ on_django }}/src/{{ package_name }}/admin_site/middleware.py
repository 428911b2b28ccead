"""The user of Django's own views: of the admin site, and of those that are none of the API's."""

from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from slipway_kit.django.admin_middleware import ROOT

from ..auth.current import AccessTokenAuthentication
from .login import user_of


class UserMiddleware(AuthenticationMiddleware):
    """The user of a session; beside the site, that of the access token first."""

    def process_request(self, request: HttpRequest) -> None:
        """Look up the user on first access."""
        request.user = SimpleLazyObject(lambda: _user(request))  # type: ignore[assignment] # it stands in for one
        request.auser = partial(_auser, request)

    def process_view(self, *_: Any) -> None:
        """Leave permissions to each view."""


async def _auser(request: HttpRequest) -> Any:
    user = request.user
    await sync_to_async(bool)(user)  # looked up in the thread that has the connection
    return user


def _user(request: HttpRequest) -> Any:
    of_token = None
    if not request.path_info.startswith(ROOT):
        of_token = AccessTokenAuthentication().authenticate(request)
    return user_of(request) if of_token is None else of_token[0]
