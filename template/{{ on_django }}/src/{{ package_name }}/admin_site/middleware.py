"""Django's own middlewares, for the admin site and for views that are none of the API's."""

from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.http import HttpRequest, HttpResponse
from django.middleware.csp import ContentSecurityPolicyMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.functional import SimpleLazyObject

from ..auth.current import AccessTokenAuthentication
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
    """The site's own Content-Security-Policy, with a `CSP.NONCE` in each response."""


class SessionCsrf(CsrfViewMiddleware):
    """Forms of the site come from the site; and so does what comes with the cookie of a session."""

    def process_view(self, request: HttpRequest, *view: Any) -> Any:
        """Refuse a forged form; without a cookie, other sites cannot forge one."""
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        if has_session or request.path_info.startswith(ROOT):
            return super().process_view(request, *view)
        return None


def handle_forgery(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Respond to a form that did not come from the site; the log of Django has the reason."""
    del reason
    return problem(request, 403, "The form is not the site's, or too old. Load its page again.")


class UserMiddleware(AuthenticationMiddleware):
    """The user of a session; beside the site, that of the access token first."""

    def process_request(self, request: HttpRequest) -> None:
        """Look up the user on first access."""
        request.user = SimpleLazyObject(lambda: _user(request))  # type: ignore[assignment] # it stands in for one

    def process_view(self, *_: Any) -> None:
        """Leave permissions to each view."""


def _user(request: HttpRequest) -> Any:
    of_token = None
    if not request.path_info.startswith(ROOT):
        of_token = AccessTokenAuthentication().authenticate(request)
    return user_of(request) if of_token is None else of_token[0]


class AdminMessages(_Only, MessageMiddleware):
    """The site's messages after a change."""
