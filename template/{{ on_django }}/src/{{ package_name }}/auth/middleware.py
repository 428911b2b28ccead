"""The user of a request, for views that are none of the REST framework's."""

from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from ..users.models import User
from .current import AccessTokenAuthentication


class UserMiddleware:
    """Gives each request its user, who is looked up by the access token on first access."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve a request."""
        request.user = SimpleLazyObject(lambda: _user(request))  # type: ignore[assignment] # it stands in for one
        return self.get_response(request)


def _user(request: HttpRequest) -> User | AnonymousUser:
    found = AccessTokenAuthentication().authenticate(request)
    return AnonymousUser() if found is None else found[0]
