"""Django's own middlewares, for the admin site alone: the API has no sessions and no cookies."""

from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.middleware.csp import ContentSecurityPolicyMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.functional import SimpleLazyObject

from ..errors import problem
from .login import user_of

ROOT = "/admin/"


class _Only:
    """Passes by what does not go to the admin site."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        """Serve a request."""
        if request.path_info.startswith(ROOT):
            return super().__call__(request)  # type: ignore[misc] # the middleware's own
        return self.get_response(request)


class AdminPolicy(_Only, ContentSecurityPolicyMiddleware):
    """The site's own Content-Security-Policy, with a nonce in each response."""


class AdminSessions(_Only, SessionMiddleware):
    """Sessions in the database, by a cookie that only the site gets."""


class AdminCsrf(_Only, CsrfViewMiddleware):
    """Forms of the site come from the site."""

    def process_view(self, request: HttpRequest, *view: Any) -> Any:
        """Refuse a forged form."""
        if request.path_info.startswith(ROOT):
            return super().process_view(request, *view)
        return None


def handle_forgery(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that did not come from the site; the log of Django has the reason."""
    del reason
    return problem(request, 403, "The form is not the site's, or too old. Load its page again.")


class AdminUser(_Only, AuthenticationMiddleware):
    """The user of the site; requests for its files do not query the user."""

    def process_request(self, request: HttpRequest) -> None:
        """Look up the user on first access."""
        request.user = SimpleLazyObject(lambda: user_of(request))  # type: ignore[assignment] # it stands in for one

    def process_view(self, *_: Any) -> None:
        """Leave permissions to each view."""


class AdminMessages(_Only, MessageMiddleware):
    """The site's messages after a change."""
