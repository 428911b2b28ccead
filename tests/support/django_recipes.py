"""An app that a team adds to the default Django service, with six packages of others.

Each is installed as its own documentation says: its name among APPS of custom.py, its middleware
and its settings there, its URLs in a module of the team's.
"""

from tests.support.edits import package_of
from tests.support.project import Project

PACKAGES = (
    "django-filter",
    "django-import-export",
    "django-debug-toolbar",
    "django-storages",
    "django-axes",
    "django-otp",
    "pyftpdlib",
)
FAILURES = 4
"""Logins that may fail before django-axes refuses an address."""

_FILES = {
    "__init__.py": '"""The recipes."""\n',
    "models.py": '''"""Orders."""

from django.db import models


class Order(models.Model):
    name = models.CharField(max_length=50)
    paid = models.BooleanField(default=False)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name
''',
    "admin.py": '''"""Orders on the admin site."""

from django.contrib import admin
from import_export.admin import ImportExportModelAdmin

from .models import Order


@admin.register(Order)
class OrderAdmin(ImportExportModelAdmin):
    list_display = ("name", "paid")
''',
    "api.py": '''"""The API of orders."""

import logging

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import path
from django_otp import match_token
from rest_framework import serializers, status
from rest_framework.generics import ListCreateAPIView
from rest_framework.permissions import DjangoModelPermissions, IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .models import Order

logger = logging.getLogger(__name__)


class OrderSerializer(serializers.ModelSerializer):
    class Meta:
        model = Order
        fields = ("id", "name", "paid")


class OrdersView(ListCreateAPIView):
    queryset = Order.objects.all()
    serializer_class = OrderSerializer
    filterset_fields = ("paid",)
    permission_classes = (DjangoModelPermissions,)


class StaffView(APIView):
    permission_classes = (IsAdminUser,)

    def get(self, request: Request) -> Response:
        return Response("staff")


class TokenView(APIView):
    def post(self, request: Request) -> Response:
        device = match_token(request.user, request.data["number"])
        return Response(device is not None)


class FileView(APIView):
    def put(self, request: Request) -> Response:
        name = default_storage.save("note.txt", ContentFile(b"a note"))
        with default_storage.open(name) as file:
            return Response(file.read().decode(), status=status.HTTP_201_CREATED)


urlpatterns = [
    path("orders", OrdersView.as_view(), name="order-list"),
    path("orders/staff", StaffView.as_view(), name="order-staff"),
    path("orders/token", TokenView.as_view(), name="order-token"),
    path("orders/file", FileView.as_view(), name="order-file"),
]
''',
    "pages.py": '''"""Pages beside the API."""

import logging

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import include, path, reverse
from django.views.decorators.csp import csp_override

from slipway_kit.django.public import public

logger = logging.getLogger(__name__)
POLICY = "default-src 'self'"


def hello(request: HttpRequest) -> HttpResponse:
    logger.warning("said hello with token=%s", "hunter2-planted")
    return HttpResponse("<h1>Hello</h1>", headers={"Content-Security-Policy": POLICY})


def fails(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("password=hunter2-planted")


@login_required
def mine(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.user.email} {request.user.is_verified()}")


@login_required
async def mine_too(request: HttpRequest) -> HttpResponse:
    user = await request.auser()
    return HttpResponse(user.email)


def contact(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        messages.success(request, f"Thanks, {request.POST['name']}")
        return redirect("contact")
    return render(request, "recipes/contact.html")


def routes(request: HttpRequest) -> JsonResponse:
    return JsonResponse({name: reverse(name) for name in request.GET.getlist("name")})


urlpatterns = [
    public(path("pages/hello", hello, name="hello")),
    public(path("pages/fails", fails, name="fails")),
    path("pages/mine", mine, name="mine"),
    path("pages/mine/too", mine_too, name="mine-too"),
    public(path("pages/contact", csp_override(settings.SECURE_CSP)(contact), name="contact")),
    public(
        path(
            "accounts/login/", csp_override(settings.SECURE_CSP)(LoginView.as_view()), name="login"
        )
    ),
    public(path("pages/routes", routes, name="routes")),
    path("__debug__/", include("debug_toolbar.urls")),
]
''',
    "toolbar.py": '''"""Who sees django-debug-toolbar."""


def shows_toolbar(request) -> bool:
    return True
''',
    "locked.py": '''"""What django-axes responds to an address that it refuses."""

from django.http import HttpResponse

from slipway_kit.django.errors import problem


def refuse(request, response=None, credentials=None) -> HttpResponse:
    return problem(request, 429, "Too many failed logins. Try again later.")
''',
    "templates/recipes/contact.html": """{% for message in messages %}{{ message }}{% endfor %}
<form method="post">{% csrf_token %}<input name="name"></form>
<script nonce="{{ csp_nonce }}">document.forms[0].elements.name.focus()</script>
""",
    "templates/registration/login.html": """
<form method="post">{% csrf_token %}{{ form }}<input name="next" value="{{ next }}"></form>
""",
    "static/recipes/hello.css": "h1 { color: green }\n",
    "management/__init__.py": "",
    "management/commands/__init__.py": "",
    "management/commands/say.py": '''"""A command that logs what it should not."""

import logging
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--fail", action="store_true")

    def handle(self, **options: Any) -> None:
        logging.getLogger("recipes").warning("imports with password=%s", "hunter2-planted")
        logging.getLogger("recipes").warning("more", extra={"api_key": "hunter2-planted"})
        if options["fail"]:
            raise RuntimeError("token=hunter2-planted")
''',
}
_CUSTOM = """
APPS = (
    "django_filters",
    "import_export",
    "debug_toolbar",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "PACKAGE.recipes",
)
URLS = {"v1": ("PACKAGE.recipes.api",), "": ("PACKAGE.recipes.pages",)}
MIDDLEWARE = (
    "debug_toolbar.middleware.DebugToolbarMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "axes.middleware.AxesMiddleware",
)
SETTINGS = {
    "REST_FRAMEWORK": {
        "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    },
    "AUTHENTICATION_BACKENDS": [
        "axes.backends.AxesStandaloneBackend",
        "PACKAGE.auth.backend.AccountBackend",
    ],
    "AXES_FAILURE_LIMIT": FAILURES,
    "AXES_LOCKOUT_CALLABLE": "PACKAGE.recipes.locked.refuse",
    "AXES_USERNAME_FORM_FIELD": "username",
    "AXES_LOCKOUT_PARAMETERS": [["username", "ip_address"]],
    "STORAGES": {
        "default": {
            "BACKEND": "storages.backends.ftp.FTPStorage",
            "OPTIONS": {"location": "ftp://anonymous:x@127.0.0.1:FTP_PORT/"},
        },
    },
    "DEBUG_TOOLBAR_CONFIG": {"SHOW_TOOLBAR_CALLBACK": "PACKAGE.recipes.toolbar.shows_toolbar"},
    "LOGGING": {
        "handlers": {"own": {"class": "logging.FileHandler", "filename": "own.log"}},
        "loggers": {"recipes": {"handlers": ["own"]}},
    },
}
"""


def write_recipes(project: Project, ftp_port: int) -> None:
    """Add the app and the packages to a service that is installed, and migrate its database."""
    project.run("uv", "pip", "install", "--quiet", "--python", ".venv", *PACKAGES)
    package = package_of(project)
    for name, text in _FILES.items():
        file = package / "recipes" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    values = {"PACKAGE": package.name, "FTP_PORT": ftp_port, "FAILURES": FAILURES}
    own = _CUSTOM
    for name, value in values.items():
        own = own.replace(name, str(value))
    custom = package / "custom.py"
    custom.write_text(custom.read_text() + own)
    (package / "recipes" / "migrations").mkdir()
    (package / "recipes" / "migrations" / "__init__.py").touch()
    for target in (["migration", "m=orders"], ["migrate"]):
        project.make(*target, env={"UV_NO_SYNC": "true"})
