"""A Django service whose team has views and settings of its own, for tests of what these may do."""

import json
from collections.abc import Mapping
from typing import Any

from tests.support.custom import write_slices
from tests.support.edits import package_of
from tests.support.project import Project

REPORTS = "/api/v1/reports"
_SLICES = '''"""Our own slices; the tests say by a variable which settings these have."""

import json
import os
from typing import Any

APPS: tuple[str, ...] = ()
URLS: dict[str, tuple[str, ...]] = {"v1": ("PACKAGE.reports.urls",)}
SETTINGS: dict[str, Any] = json.loads(os.environ.get("OURS", "{}"))
'''
_VIEWS = '''"""Views of every kind that Django's and the REST framework's pages show."""

from django.http import HttpRequest, HttpResponse
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from rest_framework.decorators import api_view
from rest_framework.permissions import (
    AllowAny,
    DjangoModelPermissions,
    IsAdminUser,
    IsAuthenticated,
)
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from slipway_kit.django.async_views import AsyncView, methods
from slipway_kit.django.public import public
from slipway_kit.django.service_views import ServiceView

from ..users.models import User


class ReportView(ServiceView):
    """Says nothing of who may see it."""

    def get(self, request: Request) -> Response:
        """Return nothing."""
        del request
        return Response([])


class OpenView(ReportView):
    """Open to everyone."""

    permission_classes = (AllowAny,)


class HastyView(OpenView):
    """Wants no limit."""

    throttle_classes = ()


class OwnLimitView(OpenView):
    """Has a limit for each method."""

    throttle_limit = {"GET": "7/hour", "POST": "2/hour"}

    def post(self, request: Request) -> Response:
        """Return nothing."""
        del request
        return Response([])


class FrameworksView(APIView):
    """A view of the framework's own, as its tutorial shows it."""

    permission_classes = (IsAuthenticated,)

    def get(self, request: Request) -> Response:
        """Return nothing."""
        del request
        return Response([])


class StaffView(FrameworksView):
    """For administrators, by a permission of the framework's."""

    permission_classes = (IsAdminUser,)


class ModelView(FrameworksView):
    """For those who may change users, by a permission of the framework's."""

    permission_classes = (DjangoModelPermissions,)
    queryset = User.objects.all()


@public
class DjangosView(View):
    """A view of Django's own."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return nothing."""
        del request
        return HttpResponse()


@public
class QuickView(AsyncView):
    """Runs on the event loop."""

    async def get(self, request: HttpRequest) -> HttpResponse:
        """Return nothing."""
        del request
        return HttpResponse()


@public
@methods("GET")
async def quick(request: HttpRequest) -> HttpResponse:
    """Return nothing."""
    del request
    return HttpResponse()


@api_view(["GET"])
def decorated(request: Request) -> Response:
    """Return nothing."""
    del request
    return Response([])


@public
def plain(request: HttpRequest) -> HttpResponse:
    """Return nothing."""
    del request
    return HttpResponse()


@public
@csrf_exempt
def behind(request: HttpRequest) -> HttpResponse:
    """Ask another view, whose limit is its own."""
    return OwnLimitView.as_view()(request)
'''
_URLS = '''"""Where they serve."""

from django.urls import URLPattern, path

from . import views

urlpatterns: list[URLPattern] = [
    path("reports", views.ReportView.as_view()),
    path("reports/open", views.OpenView.as_view()),
    path("reports/hasty", views.HastyView.as_view()),
    path("reports/own", views.OwnLimitView.as_view()),
    path("reports/framework", views.FrameworksView.as_view()),
    path("reports/staff", views.StaffView.as_view()),
    path("reports/model", views.ModelView.as_view()),
    path("reports/django", views.DjangosView.as_view()),
    path("reports/quick", views.QuickView.as_view()),
    path("reports/quick/function", views.quick),
    path("reports/decorated", views.decorated),
    path("reports/plain", views.plain),
    path("reports/behind", views.behind),
]
'''
ANSWERS = {"project_name": "Customised", "framework": "django"}
"""No other test uses this mix, for its files are changed."""


def customise(project: Project) -> None:
    """Add a slice with views of every kind, and settings by a variable."""
    package = package_of(project)
    reports = package / "reports"
    reports.mkdir(exist_ok=True)
    for name, text in (("__init__", '"""Reports."""\n'), ("views", _VIEWS), ("urls", _URLS)):
        (reports / f"{name}.py").write_text(text)
    write_slices(package, _SLICES.replace("PACKAGE", package.name))


def ours(**settings: Any) -> Mapping[str, str]:
    """Return what makes these settings of Django the team's own."""
    return {"OURS": json.dumps(settings)}
