"""Where browsers report what the Content-Security-Policy has blocked."""

from operator import attrgetter

from django.http import Http404, HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny

from slipway_kit.csp_reports import log_report
from slipway_kit.django.service_views import ServiceView


@extend_schema(exclude=True)
class CspReportView(ServiceView):
    """Takes reports, which have no user."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_limit = attrgetter("rate_limit_default")  # counts outside of /api, too

    def post(self, request: HttpRequest) -> HttpResponse:
        """Log a report."""
        if not self.state["settings"].csp_reports_enabled:
            raise Http404
        log_report(request.body)
        return HttpResponse(status=204)
