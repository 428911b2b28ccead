"""Each place of customisation, used in the ordinary way and in the careless way.

After each, a service in production still keeps out anonymous requests, counts, adds its headers and
redacts; or it does not start, and one line says why.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from tests.support.accounts import AUTH, PASSWORD, TRUSTING, Visitor, make_admin, new_email
from tests.support.custom import write_additions, write_slices
from tests.support.edits import package_of
from tests.support.project import Project, Running
from tests.support.rendering import Render

pytestmark = pytest.mark.xdist_group("customisation")

SECRET = "hunter2-planted"  # noqa: S105 -- planted to be looked for
ORDERS = "/api/v1/orders"
FAILS_PATH = f"{ORDERS}/fails"
CLOSED = ("/api/v1/items", "/api/v1/users", "/api/v1/audit", ORDERS)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": (
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
}
METRICS_TOKEN = secrets.token_hex(16)
PRODUCTION = TRUSTING | {
    "ENVIRONMENT": "production",
    "ADMIN_ENABLED": "true",
    "SECRET_KEY": secrets.token_hex(32),
    "METRICS_TOKEN": METRICS_TOKEN,
    "SMTP_HOST": "127.0.0.1",
    "MAIL_FROM": "service@example.com",
    "API_PUBLIC_URL": "https://api.example.com",
}
FASTAPI_ORDERS = f'''"""Orders."""

import logging
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from .auth.current import CurrentClaims, CurrentUser
from slipway_kit.fastapi.public import PUBLIC, public
from slipway_kit.fastapi.rate_limit import RateLimit
from slipway_kit.fastapi.routes import SliceRouter

logger = logging.getLogger(__name__)
router = APIRouter(prefix="/orders", tags=["orders"])


@router.get("")
async def list_orders(user: CurrentUser) -> str:
    return user.email


@router.get("/fails", dependencies=[Depends(PUBLIC)])
async def fail() -> str:
    logger.warning("pays with token=%s", "{SECRET}", extra={{"api_key": "{SECRET}"}})
    raise RuntimeError("password={SECRET}")
'''
DJANGO_ORDERS = f'''"""Orders."""

import logging

from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from slipway_kit.django.async_views import AsyncView
from slipway_kit.django.public import public
from slipway_kit.django.service_views import ServiceView

logger = logging.getLogger(__name__)


class OrdersView(ServiceView):
    def get(self, request: Request) -> Response:
        return Response("orders")


class FailingView(ServiceView):
    permission_classes = (AllowAny,)

    def get(self, request: Request) -> Response:
        logger.warning("pays with token=%s", "{SECRET}", extra={{"api_key": "{SECRET}"}})
        raise RuntimeError("password={SECRET}")


urlpatterns = [path("orders", OrdersView.as_view()), path("orders/fails", FailingView.as_view())]
'''
ROUTERS = {
    "fastapi": '"""Ours."""\n\nfrom .orders import router\n\nROUTERS = (router,)\n',
    "django": '"""Ours."""\n\nAPPS = ()\nURLS = {"v1": ("PACKAGE.orders",)}\n',
}
MIDDLEWARE = '''"""Ours."""

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slipway_kit.settings_group import SettingsGroup


class OwnSettings(SettingsGroup):
    """Ours."""


class Ours:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
BODY

def middleware(settings: OwnSettings) -> list[Middleware]:
    return [Middleware(Ours)]
'''
SETTINGS = '''"""Ours."""

from starlette.middleware import Middleware

from slipway_kit.settings_group import SettingsGroup


class OwnSettings(SettingsGroup):
    """Ours."""

BODY

def middleware(settings: OwnSettings) -> list[Middleware]:
    return []
'''
OWN_HANDLER = """
own = logging.FileHandler("own.log")
own.setFormatter(logging.Formatter("%(message)s %(api_key)s", defaults={"api_key": ""}))
logging.getLogger().addHandler(own)
"""

Look = Callable[[httpx2.Client, Visitor], str | None]
"""Looks at a running service, once as a guest and once as a user; returns what is wrong."""


@dataclass(frozen=True)
class Custom:
    """What a team does in one place.

    Attributes:
        name: What it is.
        more: Code at the end of the module of orders.
        slices: Code at the end of slices.py.
        additions: The whole of additions.py.
        look: Looks at its effect; None where the common checks say all.
        refused: What the line says with which the start is refused; None where it starts.
    """

    name: str
    more: str = ""
    slices: str = ""
    additions: str = field(default="", repr=False)
    look: Look | None = None
    refused: str | None = None


def _middleware(body: str) -> str:
    return MIDDLEWARE.replace("BODY", "".join(f"        {line}\n" for line in body.splitlines()))


def _settings(body: str) -> str:
    return SETTINGS.replace("BODY", "".join(f"    {line}\n" for line in body.splitlines()))


def _responds(path: str, status: int, **headers: str) -> Look:
    """Return what expects a status of a guest's request, within the limits."""

    def look(guest: httpx2.Client, _: Visitor) -> str | None:
        response = guest.get(path, headers=headers)
        if response.status_code != status:
            return f"{path} responds {response.status_code}, not {status}"
        limited = path.startswith("/api/") and "X-RateLimit-Limit" not in response.headers
        return f"{path} is not limited" if limited else None

    return look


def _forgets_the_logged_out(guest: httpx2.Client, user: Visitor) -> str | None:
    token = {"Authorization": f"Bearer {user.elsewhere().access}"}
    before = guest.get(f"{ORDERS}/claims", headers=token).status_code
    guest.post(f"{AUTH}/logout", headers=token).raise_for_status()
    after = guest.get(f"{ORDERS}/claims", headers=token).status_code
    return None if (before, after) == (200, 401) else f"claims are good for {before}, then {after}"


def _keeps_the_hash(_: httpx2.Client, user: Visitor) -> str | None:
    return "the password's hash is sent" if "argon2" in user.get(f"{ORDERS}/me").text else None


def _mounts_problems(guest: httpx2.Client, _: Visitor) -> str | None:
    expected = {"fails": 500, "nowhere": 404, "needs?number=x": 422}
    for path, status in expected.items():
        response = guest.get(f"/api/v1/inner/{path}")
        if not _is_problem(response, status) or "X-RateLimit-Limit" not in response.headers:
            return f"{path}: {response.status_code} {response.text}"
    return None


def _has_header(_: httpx2.Client, user: Visitor) -> str | None:
    return None if user.get(ORDERS).headers.get("X-Ours") == "ours" else "X-Ours is missing"


SIGNED = """
class Signed(APIRoute):
    def get_route_handler(self):
        handle = super().get_route_handler()

        async def signed(request: Request):
            if request.headers.get("X-Signature") != "right":
                raise HTTPException(403)
            return await handle(request)

        return signed


hooks = SliceRouter(
    prefix="/orders/hooks", route_class=Signed, dependencies=[Depends(PUBLIC)]
)


@hooks.get("")
async def hook() -> str:
    return "hook"
"""
PASSES_ON = "await self._app(scope, receive, send)"
ADDS_A_HEADER = """\
async def add(message: Message) -> None:
    if message["type"] == "http.response.start":
        message["headers"] = [*message["headers"], (b"x-ours", b"ours")]
    await send(message)

await self._app(scope, receive, add)"""
TAKES_ALL_HEADERS = """\
async def strip(message: Message) -> None:
    if message["type"] == "http.response.start":
        headers = message["headers"]
        message["headers"] = [pair for pair in headers if pair[0] == b"content-type"]
    await send(message)

await self._app(scope, receive, strip)"""
FAILS = f"""\
if scope["type"] == "http" and scope["path"] == "/api/v1/orders/breaks":
    raise RuntimeError("secret={SECRET}")
{PASSES_ON}"""
RESPONDS = f"""\
if scope["type"] == "http" and scope["path"] == "/short":
    await send({{"type": "http.response.start", "status": 418, "headers": []}})
    await send({{"type": "http.response.body", "body": b""}})
    return
{PASSES_ON}"""


def _short_has_headers(guest: httpx2.Client, _: Visitor) -> str | None:
    response = guest.get("/short")
    missing = [name for name, value in HEADERS.items() if response.headers.get(name) != value]
    return f"/short lacks {missing}" if response.status_code == 418 and missing else None


def _breaks_as_a_problem(guest: httpx2.Client, _: Visitor) -> str | None:
    response = guest.get(f"{ORDERS}/breaks")
    return None if _is_problem(response, 500) else f"/breaks: {response.status_code}"


COMMON = [
    Custom("nothing of one's own"),
    Custom("a middleware", additions=_middleware(ADDS_A_HEADER), look=_has_header),
    Custom("a middleware without headers", additions=_middleware(TAKES_ALL_HEADERS)),
    Custom("a middleware fails", additions=_middleware(FAILS), look=_breaks_as_a_problem),
    Custom("a middleware responds", additions=_middleware(RESPONDS), look=_short_has_headers),
    Custom("a setting", additions=_settings('own_token: str = "x"')),
    Custom(
        "a setting of the template's name",
        additions=_settings("rate_limit_enabled: bool = False"),
        refused="RATE_LIMIT_ENABLED",
    ),
    Custom(
        "a property of the template's name",
        additions=_settings("@property\ndef serves_docs(self) -> bool:\n    return True"),
        refused="SERVES_DOCS",
    ),
    Custom("a log handler", more=OWN_HANDLER),
]
FASTAPI = [
    Custom(
        "a limit of a route's own",
        more="""
@router.get("/limited", dependencies=[Depends(RateLimit("7/minute")), Depends(PUBLIC)])
async def limited() -> str:
    return "limited"
""",
        look=_responds(f"{ORDERS}/limited", 200),
    ),
    Custom(
        "the limits of fastapi-limiter itself",
        more="""
import sys

sys.modules["fastapi_limiter"] = sys  # as if it were installed
""",
        refused="from customised.rate_limit import RateLimiter",
    ),
    Custom(
        "a route class",
        more=SIGNED,
        slices="from .orders import hooks\nROUTERS = (*ROUTERS, hooks)\n",
        look=_responds(f"{ORDERS}/hooks", 403),
    ),
    Custom(
        "a route class that is satisfied",
        more=SIGNED,
        slices="from .orders import hooks\nROUTERS = (*ROUTERS, hooks)\n",
        look=_responds(f"{ORDERS}/hooks", 200, **{"X-Signature": "right"}),
    ),
    Custom(
        "the claims alone",
        more="""
@router.get("/claims")
async def claims(claims: CurrentClaims) -> str:
    return str(claims.user_id)
""",
        look=_forgets_the_logged_out,
    ),
    Custom(
        "the user as the response",
        more="""
@router.get("/me", response_model=None)
async def me(user: CurrentUser):
    return user
""",
        look=_keeps_the_hash,
    ),
    Custom(
        "a router in a router",
        more="""
inner = APIRouter(prefix="/inner", dependencies=[Depends(PUBLIC)])


@inner.get("")
async def within() -> str:
    return "within"


router.include_router(inner)
""",
        look=_responds(f"{ORDERS}/inner", 200),
    ),
    Custom(
        "a router that asks nobody",
        more="""
@router.delete("/{order_id}")
async def delete_order(order_id: int) -> None:
    return None
""",
        refused="DELETE /api/v1/orders/{order_id}: is open to everyone",
    ),
    Custom(
        "a mounted application that asks nobody",
        more="""
from starlette.applications import Starlette

from .auth.current import get_current_user

mounting = APIRouter(dependencies=[Depends(get_current_user)])  # of which a mount gets none
mounting.mount("/inner", Starlette())
""",
        slices="from .orders import mounting\nROUTERS = (*ROUTERS, mounting)\n",
        refused="/api/v1/inner: is open to everyone",
    ),
    Custom(
        "a mounted application",
        more=f"""
inner = public(FastAPI())


@inner.get("/fails")
async def fail_inside() -> str:
    raise RuntimeError("password={SECRET}")


@inner.get("/needs")
async def needs(number: int) -> int:
    return number


mounting = APIRouter()
mounting.mount("/inner", inner)
""",
        slices="from .orders import mounting\nROUTERS = (*ROUTERS, mounting)\n",
        look=_mounts_problems,
    ),
    Custom(
        "a second version",
        slices='VERSIONS = {"v2": (router,)}\n',
        look=_responds("/api/v2/orders", 401),
    ),
]


def _django(name: str, refused: str, value: str) -> Custom:
    return Custom(f"SETTINGS with {name}", slices=f"SETTINGS = {value}\n", refused=refused)


DJANGO = [
    Custom(
        "keys of one's own in REST_FRAMEWORK",
        slices='SETTINGS = {"REST_FRAMEWORK": {"DEFAULT_FILTER_BACKENDS": []}}\n',
    ),
    Custom(
        "keys of one's own in SPECTACULAR_SETTINGS",
        slices='SETTINGS = {"SPECTACULAR_SETTINGS": {"CAMELIZE_NAMES": False}}\n',
    ),
    Custom(
        "keys of one's own in every dict",
        slices=(
            'SETTINGS = {"DATABASES": {"default": {"ATOMIC_REQUESTS": True}, '
            '"replica": {"ENGINE": "django.db.backends.sqlite3", "NAME": "replica.db"}}, '
            '"CACHES": {"own": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}, '
            '"STORAGES": {"own": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}, '
            '"MAILERS": {"own": {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}}, '
            '"SECURE_CSP": {"font-src": ["https://fonts.example.com"]}}\n'
        ),
    ),
    _django(
        "no authentication",
        "DEFAULT_AUTHENTICATION_CLASSES",
        '{"REST_FRAMEWORK": {"DEFAULT_AUTHENTICATION_CLASSES": []}}',
    ),
    _django(
        "no limits",
        "DEFAULT_THROTTLE_CLASSES",
        '{"REST_FRAMEWORK": {"DEFAULT_THROTTLE_CLASSES": []}}',
    ),
    _django(
        "another exception handler",
        "EXCEPTION_HANDLER",
        '{"REST_FRAMEWORK": {"EXCEPTION_HANDLER": "rest_framework.views.exception_handler"}}',
    ),
    _django(
        "an open default",
        "DEFAULT_PERMISSION_CLASSES",
        '{"REST_FRAMEWORK": {"DEFAULT_PERMISSION_CLASSES": []}}',
    ),
    _django(
        "pages for browsers alone",
        "DEFAULT_RENDERER_CLASSES",
        '{"REST_FRAMEWORK": {"DEFAULT_RENDERER_CLASSES": '
        '["rest_framework.renderers.BrowsableAPIRenderer"]}}',
    ),
    _django("DEBUG", "DEBUG", '{"DEBUG": True}'),
    _django("a weak key", "SECRET_KEY", '{"SECRET_KEY": "weak"}'),
    _django("no middlewares", "MIDDLEWARE", '{"MIDDLEWARE": []}'),
    _django(
        "another way to log in",
        "AUTHENTICATION_BACKENDS",
        '{"AUTHENTICATION_BACKENDS": ["django.contrib.auth.backends.ModelBackend"]}',
    ),
    _django(
        "no rules for passwords", "AUTH_PASSWORD_VALIDATORS", '{"AUTH_PASSWORD_VALIDATORS": []}'
    ),
    _django(
        "weaker hashes",
        "PASSWORD_HASHERS",
        '{"PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"]}',
    ),
    _django("other routes", "ROOT_URLCONF", '{"ROOT_URLCONF": "urls"}'),
    _django("a weak key that verifies", "SECRET_KEY_FALLBACKS", '{"SECRET_KEY_FALLBACKS": ["x"]}'),
    _django("no dict", "REST_FRAMEWORK", '{"REST_FRAMEWORK": None}'),
    Custom(
        "SETTINGS with a handler of one's own in LOGGING",
        slices=(
            'SETTINGS = {"LOGGING": {'
            '"handlers": {"own": {"class": "logging.FileHandler", "filename": "own.log"}}, '
            '"root": {"handlers": ["own"]}}}\n'
        ),
    ),
    _django(
        "loggers switched off",
        "disable_existing_loggers",
        '{"LOGGING": {"disable_existing_loggers": True}}',
    ),
    _django("a cookie for other sites", "SAMESITE", '{"SESSION_COOKIE_SAMESITE": "None"}'),
    _django("a cookie for http", "SESSION_COOKIE_SECURE", '{"SESSION_COOKIE_SECURE": False}'),
    Custom(
        "DRF's own view without permissions",
        more="""
class OwnView(APIView):
    def get(self, request: Request) -> Response:
        return Response("own")


urlpatterns.append(path("orders/own", OwnView.as_view()))
""",
        look=_responds(f"{ORDERS}/own", 401),
    ),
    Custom(
        "a view without throttles",
        more="""
class FreeView(APIView):
    permission_classes = (AllowAny,)
    throttle_classes = ()

    def get(self, request: Request) -> Response:
        return Response("free")


urlpatterns.append(path("orders/free", FreeView.as_view()))
""",
        look=_responds(f"{ORDERS}/free", 200),
    ),
    Custom(
        "a plain view that asks nobody",
        more="""
def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("plain")


urlpatterns.append(path("orders/plain", plain))
""",
        refused="/api/v1/orders/plain: is open to everyone",
    ),
    Custom(
        "DRF's own view that asks nobody",
        more="""
class NobodysView(APIView):
    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request) -> Response:
        return Response("nobody's")


urlpatterns.append(path("orders/nobodys", NobodysView.as_view()))
""",
        refused="/api/v1/orders/nobodys: is open to everyone",
    ),
    Custom(
        "a plain view",
        more="""
@public
def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("plain")


urlpatterns.append(path("orders/plain", plain))
""",
        look=_responds(f"{ORDERS}/plain", 200),
    ),
    Custom(
        "a second version",
        slices='URLS["v2"] = URLS["v1"]\n',
        look=_responds("/api/v2/orders", 401),
    ),
]
CASES = [
    *(("fastapi", custom) for custom in COMMON + FASTAPI),
    *(("django", custom) for custom in COMMON + DJANGO),
]
on_each = pytest.mark.parametrize(
    ("framework", "custom"),
    [
        pytest.param(framework, custom, id=f"{framework}: {custom.name}")
        for framework, custom in CASES
    ],
    indirect=["framework"],
)


@pytest.fixture(scope="session")
def own(rendered: Render, framework: str) -> Project:
    """A service on SQLite, in production too; no other test uses this mix: its files change."""
    project = rendered({"project_name": "Customised", "framework": framework, "database": "sqlite"})
    write_slices(package_of(project), "ROUTERS = ()\n")
    write_additions(package_of(project), _settings(""))
    project.make("install")
    project.make("migrate")
    return project


@pytest.fixture(scope="session")
def administrator(own: Project) -> str:
    """The e-mail address of an administrator."""
    email = new_email()
    make_admin(own, email)
    return email


@contextmanager
def _customised(project: Project, framework: str, custom: Custom) -> Iterator[None]:
    package = package_of(project)
    orders = FASTAPI_ORDERS if framework == "fastapi" else DJANGO_ORDERS
    listed = ROUTERS[framework].replace("PACKAGE", package.name)
    files = {"orders.py": orders + custom.more, "slices.py": listed + custom.slices}
    if custom.additions:
        files["additions.py"] = custom.additions
    with _written({package / name: text for name, text in files.items()}):
        yield


@contextmanager
def _written(files: Mapping[Path, str]) -> Iterator[None]:
    before = {path: path.read_text() if path.exists() else None for path in files}
    for path, text in files.items():
        path.write_text(text)
    try:
        yield
    finally:
        for path, old in before.items():
            if old is None:
                path.unlink()
            else:
                path.write_text(old)


def _is_problem(response: httpx2.Response, status: int) -> bool:
    if response.headers.get("Content-Type") != "application/problem+json":
        return False
    body = response.json()
    return (response.status_code, body["status"], body["correlation_id"]) == (
        status,
        status,
        response.headers.get("X-Correlation-ID"),
    )


def _breaches(running: Running, email: str, look: Look | None) -> Iterator[str]:
    """Yield each guarantee that the service has lost."""
    with httpx2.Client(base_url=running.url, timeout=20) as guest:
        user = Visitor(guest, email, PASSWORD).log_in()
        if user.get(ORDERS).status_code != 200:
            yield "a user is refused"
        if guest.get("/metrics").status_code != 401:
            yield "/metrics is open"
        guest.get("/", params={"access_token": SECRET})
        yield from _opened(guest)
        yield from _undressed(guest)
        if look is not None and (wrong := look(guest, user)):
            yield wrong
        body = {"email": email, "password": "wrong password"}
        guesser = Visitor(guest)
        statuses = [guesser.post(f"{AUTH}/login", body).status_code for _ in range(6)]
        if statuses != [401] * 5 + [429]:
            yield f"guessed passwords: {statuses}"


def _opened(guest: httpx2.Client) -> Iterator[str]:
    for path in CLOSED:
        response = guest.get(path)
        if not _is_problem(response, 401):
            yield f"anonymous {path}: {response.status_code}"


def _undressed(guest: httpx2.Client) -> Iterator[str]:
    failed = guest.get(FAILS_PATH)
    if not _is_problem(failed, 500) or SECRET in failed.text:
        yield f"an unhandled error: {failed.text}"
    for response in (failed, *map(guest.get, ("/", "/nowhere", ORDERS))):
        path = response.url.path
        for name, value in HEADERS.items():
            if response.headers.get_list(name) != [value]:
                yield f"{path}: {name} is {response.headers.get(name)}"
        if path.startswith("/api/") and "X-RateLimit-Limit" not in response.headers:
            yield f"{path} is not limited"


@on_each
def test_a_customisation_keeps_every_guarantee_or_stops_the_start(
    own: Project, administrator: str, framework: str, custom: Custom
) -> None:
    own_log = own.path / "own.log"
    own_log.unlink(missing_ok=True)

    with _customised(own, framework, custom):
        if custom.refused is not None:
            checked = own.make("check", check=False, env=PRODUCTION)
            assert checked.returncode, "make check has found nothing"
            assert custom.refused in checked.stdout
            with (
                pytest.raises(AssertionError, match=custom.refused) as refusal,
                own.serving(PRODUCTION),
            ):
                pass
            assert "Traceback" not in str(refusal.value)
            return
        with own.serving(PRODUCTION) as running:
            breaches = list(_breaches(running, administrator, custom.look))
            output = running.output()

    assert breaches == []
    assert SECRET not in output
    with suppress(FileNotFoundError):
        assert SECRET not in own_log.read_text()
