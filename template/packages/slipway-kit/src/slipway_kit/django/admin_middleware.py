"""Django's middlewares for the admin site, and for forms of other pages."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csp import ContentSecurityPolicyMiddleware
from django.middleware.csrf import CsrfViewMiddleware

from .errors import problem
from .routes import scope_of

ROOT = "/admin/"


class AdminPolicy(ContentSecurityPolicyMiddleware):
    """The site's own Content-Security-Policy, and that of views with Django's `csp_override`.

    Each has a `CSP.NONCE` of its own in each response; all else keeps the API's policy.
    """

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        """Add the policy."""
        if request.path_info.startswith(ROOT) or hasattr(response, "_csp_config"):
            return super().process_response(request, response)
        return response


class SessionCsrf(CsrfViewMiddleware):
    """Refuses forms that come from other sites, with or without a login."""

    def process_view(self, request: HttpRequest, *view: Any) -> Any:
        """Refuse a forged form; one with an access token and without a cookie cannot be forged."""
        if not request.path_info.startswith(ROOT) and _has_only_a_token(request):
            return None
        return super().process_view(request, *view)


def _has_only_a_token(request: HttpRequest) -> bool:
    # Browsers add the credentials of another scheme, like Basic, by themselves.
    has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
    has_header = "Authorization" in request.headers
    return has_header and not has_session and "claims" in scope_of(request)["state"]


def handle_forgery(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Respond to a form that did not come from the site; the log of Django has the reason."""
    del reason
    return problem(request, 403, "The form is not the site's, or too old. Load its page again.")
