"""The user of a request to a plain view: `request.user`, as Django's documentation has it."""

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject
from rest_framework.request import Request

from ..users.models import User
from .current import AccessTokenAuthentication


class UserMiddleware(MiddlewareMixin):
    """Sets `request.user` by the access token, looked up on first access.

    The admin site has users of its own, by a cookie (admin_site/middleware.py).
    """

    def process_request(self, request: HttpRequest) -> None:
        """Set the user."""
        request.user = SimpleLazyObject(lambda: _user_of(request))  # type: ignore[assignment] # it stands in for one


def _user_of(request: HttpRequest) -> User | AnonymousUser:
    found = AccessTokenAuthentication().authenticate(Request(request))
    return AnonymousUser() if found is None else found[0]
