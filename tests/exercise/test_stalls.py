"""No request, whatever its text, keeps a service from responding to others (contract, section 11).

Each hostile text is sent alone on one connection, while another asks for /health/live. How long the
service was blocked is the shorter of two times: that of the slowest probe, and the processor time
that the service took meanwhile. A busy machine makes the first long, but not the second.
"""

import http.client
import json
import re
import select
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote, urlsplit

import httpx2
import psutil
import pytest

from tests.support.accounts import AUTH, PASSWORD, USERS, make_admin, new_email
from tests.support.project import Project
from tests.support.rendering import Render

LIMIT_SECONDS = 0.25
IDLE_PROBES = 50
ATTEMPTS = 3
ITEMS = "/api/v1/items"
ADMIN = "/admin/login/"
BOUNDARY = "xXxBOUNDARYxXx"
CHARACTERS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ a"

CLASSES = {
    "an open bracket behind a secret's name": "token=[",
    "an open quote behind a secret's name": "password='\"",
    "an escaped quote behind a secret's name": 'secret=\\"',
    "schemes": "token: bearer ",
    "quoted values": "[parameters: input_value=, input_type",
    "addresses": "a@a@",
    "encoded labels": "xn--a.",
    "escapes": "%61=%25&",
    "pairs": "a=b&",
    "cookies": 'a="\\";',
    "quoted parameters": ';"="',
    "lists": "a, ",
    "weights": "a/b;q=0.1,",
    "hops": "127.0.0.1,",
    "digits": "9",
    "slashes": "/",
    "braces": '{"a":',
    "backslashes": "\\",
    "combining marks": "e\u0316\u0301",
    "ligatures": "\ufdfa",
    "capital letters that grow": "\u0130\u00df\u1e9e",
}
"""Texts that are costly to one kind of reader or another, to be repeated; for every place."""

REPEATED = [
    *CLASSES.values(),
    *("token", "token=a&", "cookie: authorization ", "://a", "://a@", "input_value=", "a.", "../"),
    *("bytes=0-1,", 'W/"a",', "sentry-a=b;c,", ';a="b"', "%%%zz", "[{(<", "a", " ", "0x", "\u202e"),
    *("pa\u017f\u017fword=", "\uff54\uff4f\uff4b\uff45\uff4e=", "\U0001f469\u200d", "\u2028\u0085"),
    *(f"{one}{other}" for one in CHARACTERS for other in CHARACTERS),
]
"""Each special character, each pair of them, and more; for a few places that pass many readers."""


@dataclass(frozen=True)
class Request:
    """A request with a hostile text in it."""

    target: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


Place = Callable[[str], Request]


class Sink(BaseHTTPRequestHandler):
    """Takes what a service reports to Sentry and to a collector of traces."""

    protocol_version = "HTTP/1.1"
    received: ClassVar[set[str]] = set()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.received.add(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@dataclass
class Service:
    """A running service, two connections to it, and what it takes to enter it."""

    url: str
    process: psutil.Process
    token: str
    admin_cookie: str
    idle: float = 0.0
    blocked: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._request, self._probe = self._connection(), self._connection()
        self.idle = max(self._probed() for _ in range(IDLE_PROBES))

    def close(self) -> None:
        """Close both connections."""
        self._request.close()
        self._probe.close()

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        return http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=120)

    def _probed(self) -> float:
        started = time.perf_counter()
        self._probe.request("GET", "/health/live")
        response = self._probe.getresponse()
        response.read()
        assert response.status == 200
        return time.perf_counter() - started

    def _processor_seconds(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def _blocked_once(self, request: Request) -> float:
        before = self._processor_seconds()
        connection = self._request
        worst = 0.0
        try:
            self._send(request)
            while not select.select([connection.sock], [], [], 0)[0]:
                worst = max(worst, self._probed())
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            connection.close()  # the server refused it, and may say so by closing the connection
        worst = max(worst, self._probed())
        return min(worst, self._processor_seconds() - before)

    def _send(self, request: Request) -> None:
        connection = self._request
        connection.putrequest(
            request.method,
            request.target,
            skip_host="Host" in request.headers,
            skip_accept_encoding=True,
        )
        for name, value in request.headers.items():
            connection.putheader(name, value.encode())
        connection.putheader("Content-Length", str(len(request.body)))
        connection.endheaders(request.body)

    def measure(self, name: str, request: Request) -> None:
        """Note for how long a request blocks the service; a long time has to be seen again."""
        seconds = self._blocked_once(request)
        for _ in range(ATTEMPTS - 1):
            if seconds <= self.idle + LIMIT_SECONDS:
                break
            seconds = min(seconds, self._blocked_once(request))
        self.blocked[name] = seconds

    def stalls(self) -> list[str]:
        """Return a line for each request that blocked the service for too long."""
        slowest = sorted(self.blocked.items(), key=lambda each: -each[1])
        print(f"{len(slowest)} requests; slowest idle probe {self.idle * 1000:.0f} ms; slowest:")
        for name, seconds in slowest[:10]:
            print(f"{seconds * 1000:6.0f} ms  {name}")
        limit = self.idle + LIMIT_SECONDS
        return [f"{seconds:.2f} s: {name}" for name, seconds in slowest if seconds > limit]


@pytest.fixture(scope="module")
def sink() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def service(
    rendered: Render, framework: str, sink: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service as in production, in which nothing but its own code is in a text's way."""
    project = rendered({"framework": framework, "tracing": True})
    project.install()
    with _serving(project, sink, tmp_path_factory.mktemp("stalls")) as service:
        yield service
    assert any("/v1/traces" in path for path in Sink.received)
    assert any("/envelope" in path for path in Sink.received)


@contextmanager
def _serving(project: Project, sink: str, folder: Path) -> Iterator[Service]:
    settings = {
        "ENVIRONMENT": "staging",
        "LOG_FORMAT": "json",
        "DATABASE_URL": f"sqlite:///{folder / 'service.db'}",
        "DOCS_ENABLED": "true",
        "RATE_LIMIT_ENABLED": "false",
        "TRUSTED_PROXIES": "127.0.0.1",
        "CORS_ORIGINS": "https://app.example.com",
        "SENTRY_DSN": f"http://public@{sink}/1",
        "SENTRY_TRACES_SAMPLE_RATE": "1",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{sink}",
    }
    if project.answers["framework"] == "django":
        settings["ADMIN_ENABLED"] = "true"
    project.make("migrate", env=settings)
    email = new_email()
    make_admin(project, email, settings)
    with project.serving(settings) as running:
        body = {"email": email, "password": PASSWORD}
        login = httpx2.post(f"{running.url}{AUTH}/login", json=body, timeout=30).raise_for_status()
        cookie = _admin_cookie(running.url, email) if "ADMIN_ENABLED" in settings else ""
        token = login.json()["access_token"]
        with closing(Service(running.url, running.server(), token, cookie)) as service:
            yield service


def _admin_cookie(url: str, email: str) -> str:
    with httpx2.Client(base_url=url, timeout=30) as http:
        page = http.get(ADMIN)
        (hidden,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        form = {"csrfmiddlewaretoken": hidden, "username": email, "password": PASSWORD}
        entered = http.post(ADMIN, data=form, headers={"Cookie": _cookies(page)})
        assert "sessionid" in entered.headers["Set-Cookie"]
        return _cookies(entered)


def _cookies(response: httpx2.Response) -> str:
    cookies: SimpleCookie = SimpleCookie()
    for header in response.headers.get_list("Set-Cookie"):
        cookies.load(header)
    return "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())


def _repeated(unit: str, size: int) -> str:
    """Return a text of so many bytes."""
    return unit * (size // len(unit.encode()) + 1)


def _raw(text: str) -> str:
    """Return a text as a client may put it into a target: escaped where it has to be."""
    return quote(text, safe="!\"$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def _in_header(name: str, target: str, **more: str) -> Place:
    return lambda text: Request(target, headers=more | {name: text})


def _in_json(field_name: str, target: str, method: str = "POST", **more: str) -> Place:
    headers = {"Content-Type": "application/json", **more}
    valid = {"email": "ann@example.com", "password": PASSWORD, "name": "a", "token": "a"}
    known = {name: valid[name] for name in _FIELDS.get(target, ())}

    def request(text: str) -> Request:
        return Request(target, method, headers, json.dumps(known | {field_name: text}).encode())

    return request


_FIELDS = {
    f"{AUTH}/login": ("email", "password"),
    f"{AUTH}/register": ("email", "password", "name"),
    f"{AUTH}/password-reset/confirm": ("token", "password"),
    USERS: ("email", "name"),
    ITEMS: ("name",),
}


def _in_body(content_type: str, target: str, written: str, **more: str) -> Place:
    """Return a place in a body: where it says `TEXT`, as it is; where it says `QUOTED`, escaped."""

    def request(text: str) -> Request:
        body = written.replace("TEXT", text).replace("QUOTED", quote(text, safe=""))
        return Request(target, "POST", {"Content-Type": content_type, **more}, body.encode())

    return request


def _in_content_type(target: str, before: str) -> Place:
    return lambda text: Request(target, "POST", {"Content-Type": before + text}, text.encode())


def _in_target(written: str, **headers: str) -> Place:
    return lambda text: Request(written.replace("TEXT", _raw(text)), headers=headers)


HEADERS = (
    *("User-Agent", "Host", "Cookie", "Authorization", "Accept", "Accept-Encoding", "Referer"),
    *("Accept-Language", "Content-Type", "Origin", "X-Forwarded-For", "X-Forwarded-Proto"),
    *("X-Forwarded-Host", "X-Correlation-ID", "X-Request-ID", "traceparent", "tracestate"),
    *("baggage", "sentry-trace", "If-None-Match", "If-Modified-Since", "If-Match", "Range"),
    *("Access-Control-Request-Headers", "X-CSRFToken", "X-Anything"),
)
ROUTES = (
    *("/", "/docs", "/openapi.json", "/metrics", "/config", "/health", "/health/ready"),
    *("/nowhere", ITEMS, f"{ITEMS}/1", USERS, f"{AUTH}/me", f"{AUTH}/verify", "/api/v1/audit"),
)
ADMIN_ROUTES = (ADMIN, "/admin/", "/admin/users/user/", "/admin/items/item/add/", "/admin/nowhere")


def _header_places(service: Service) -> dict[str, Place]:
    entered = {"Authorization": f"Bearer {service.token}"}
    places = {f"{name} of {ITEMS}": _in_header(name, ITEMS) for name in HEADERS}
    places |= {
        f"{name} of {ITEMS}, logged in": _in_header(name, ITEMS, **entered)
        for name in HEADERS
        if name != "Authorization"
    }
    places["Bearer token"] = lambda text: Request(
        ITEMS, headers={"Authorization": f"Bearer {text}"}
    )
    places["parts of a bearer token"] = lambda text: Request(
        ITEMS, headers={"Authorization": f"Bearer {text}.{text}.{text}"}
    )
    places["Origin of a preflight"] = lambda text: Request(
        ITEMS, "OPTIONS", {"Origin": text, "Access-Control-Request-Method": "GET"}
    )
    if service.admin_cookie:
        inside = {"Cookie": service.admin_cookie}
        for name in HEADERS:
            places[f"{name} of {ADMIN}"] = _in_header(name, ADMIN)
            if name in {"User-Agent", "Accept", "Origin", "Referer", "If-Modified-Since"}:
                inner = "/admin/users/user/"
                places[f"{name} of {inner}, logged in"] = _in_header(name, inner, **inside)
        places["session"] = lambda text: Request(
            "/admin/", headers={"Cookie": f"sessionid={text}; csrftoken={text}; messages={text}"}
        )
    return places


def _target_places(service: Service) -> dict[str, Place]:
    entered = {"Authorization": f"Bearer {service.token}"}
    places = {
        f"{what} of {route}": _in_target(f"{route}{written}", **more)
        for route, more in ((ITEMS, entered), (USERS, entered), (ADMIN, {}), ("/docs", {}))
        for what, written in (("path below", "/TEXT"), ("query", "?TEXT"), ("value", "?token=TEXT"))
    }
    places["path"] = _in_target("/TEXT")
    places["unknown parameters"] = lambda text: Request(
        f"{ITEMS}?{_raw('&'.join(f'{text[:4]}{number}=' for number in range(len(text) // 8)))}",
        headers=entered,
    )
    for name in ("filter", "sort", "page", "page_size", "role", "unknown"):
        places[f"{name} of {ITEMS}"] = _in_target(f"{ITEMS}?{name}=TEXT", **entered)
        places[f"{name} of {USERS}"] = _in_target(f"{USERS}?{name}=TEXT", **entered)
    if service.admin_cookie:
        inside = {"Cookie": service.admin_cookie}
        places["next"] = _in_target(f"{ADMIN}?next=TEXT")
        places["next, inside"] = _in_target(f"{ADMIN}?next=TEXT", **inside)
        for written in (
            *("/admin/TEXT", "/static/TEXT", "/admin/users/user/TEXT/change/"),
            *(
                "/admin/users/user/?q=TEXT",
                "/admin/items/item/?q=TEXT",
                "/admin/users/user/?o=TEXT",
            ),
            *("/admin/users/user/?TEXT", "/admin/users/user/?role__exact=TEXT"),
            *("/admin/items/item/?p=TEXT", "/admin/items/item/add/?name=TEXT"),
            *("/admin/items/item/add/?_changelist_filters=TEXT", "/admin/jsi18n/?TEXT"),
            "/admin/autocomplete/?app_label=items&model_name=item&field_name=owner&term=TEXT",
        ):
            places[written] = _in_target(written, **inside)
    return places


def _body_places(service: Service) -> dict[str, Place]:
    entered = {"Authorization": f"Bearer {service.token}"}
    places = {
        f"{name} of {target}": _in_json(
            name, target, **(entered if target in {USERS, ITEMS} else {})
        )
        for target, names in {
            **{each: (*fields, "unknown") for each, fields in _FIELDS.items()},
            ITEMS: ("name", "description", "quantity", "unknown"),
            USERS: ("email", "name", "role", "password"),
            f"{AUTH}/refresh": ("refresh_token",),
            f"{AUTH}/password-reset/request": ("email",),
        }.items()
        for name in names
    }
    multipart = f"multipart/form-data; boundary={BOUNDARY}"
    part = f"--{BOUNDARY}\r\nContent-Disposition: form-data; %s\r\n%s\r\na\r\n--{BOUNDARY}--\r\n"
    form = "application/x-www-form-urlencoded"
    for target in (f"{AUTH}/login", *([ADMIN] if service.admin_cookie else [])):
        places |= {
            f"{name} of {target}": _in_body(content_type, target, written)
            for name, content_type, written in (
                ("form", form, "TEXT"),
                ("username", form, "username=QUOTED&password=a&csrfmiddlewaretoken=a"),
                ("password", form, "username=ann%40example.com&password=QUOTED"),
                ("csrf token", form, "csrfmiddlewaretoken=QUOTED"),
                ("name of a part", multipart, part % ('name="TEXT"', "")),
                ("file name", multipart, part % ('name="a"; filename="TEXT"', "")),
                ("disposition", multipart, part % ("TEXT", "")),
                ("header of a part", multipart, part % ('name="a"', "X-Anything: TEXT\r\n")),
                ("part", multipart, part.replace("\r\na\r\n", "\r\nTEXT\r\n") % ("name=a", "")),
                ("multipart body", multipart, "TEXT"),
            )
        }
        places[f"boundary of {target}"] = _in_content_type(target, "multipart/form-data; boundary=")
        places[f"charset of {target}"] = _in_content_type(target, f"{form}; charset=")
    as_json = {"Content-Type": "application/json", **entered}
    places[f"JSON of {ITEMS}"] = lambda text: Request(ITEMS, "POST", as_json, text.encode())
    places[f"names in JSON of {ITEMS}"] = lambda text: Request(
        ITEMS,
        "POST",
        as_json,
        json.dumps({f"{text[:4]}{number}": 1 for number in range(45_000)}).encode(),
    )
    places[f"names in JSON of {AUTH}/register"] = lambda text: Request(
        f"{AUTH}/register",
        "POST",
        as_json,
        json.dumps({f"{text[:1]}{number:x}": 1 for number in range(60_000)}).encode(),
    )
    places[f"full form of {AUTH}/login"] = lambda text: Request(
        f"{AUTH}/login",
        "POST",
        {"Content-Type": form},
        _repeated(text[:32], 1_000_000).encode()[:1_000_000],
    )
    places[f"list in JSON of {ITEMS}"] = lambda text: Request(
        ITEMS, "POST", as_json, json.dumps({"name": [text[:4]] * 90_000}).encode()
    )
    if service.admin_cookie:
        inside = {"Cookie": service.admin_cookie}
        (csrf,) = re.findall(r"csrftoken=(\w+)", service.admin_cookie)
        places |= {
            f"login on the admin site, {name}": _in_body(
                form, ADMIN, f"csrfmiddlewaretoken={csrf}&{written}", Cookie=f"csrftoken={csrf}"
            )
            for name, written in (
                ("username", "username=QUOTED&password=a"),
                ("password", "username=ann%40example.com&password=QUOTED"),
                ("next", "username=a%40example.com&password=a&next=QUOTED"),
            )
        }
        for name in ("name", "description", "quantity", "owner"):
            written = f"csrfmiddlewaretoken={csrf}&{name}=QUOTED"
            target = "/admin/items/item/add/"
            places[f"{name} of {target}"] = _in_body(form, target, written, **inside)
        for name in ("action", "_selected_action", "select_across"):
            written = f"csrfmiddlewaretoken={csrf}&action=delete_users&{name}=QUOTED"
            target = "/admin/users/user/"
            places[f"{name} of {target}"] = _in_body(form, target, written, **inside)
    return places


def _route_places(service: Service) -> dict[str, Place]:
    places: dict[str, Place] = {}
    inside = {"Cookie": service.admin_cookie}
    for route in (*ROUTES, *(ADMIN_ROUTES if service.admin_cookie else ())):
        more = (
            inside if route.startswith("/admin") else {"Authorization": f"Bearer {service.token}"}
        )
        places[f"User-Agent of {route}"] = _in_header("User-Agent", route, **more)
        places[f"Host of {route}"] = _in_header("Host", route)
        places[f"query of {route}"] = _in_target(f"{route}?TEXT", **more)
    return places


def _few_places(service: Service) -> dict[str, Place]:
    def in_several(text: str) -> Request:
        target = f"{ITEMS}?filter={_raw(text)[:9000]}"
        return Request(target, headers={"User-Agent": text, "Cookie": text})

    places: dict[str, Place] = {"User-Agent, Cookie and query": in_several}
    if service.admin_cookie:
        places[f"Host of {ADMIN}"] = _in_header("Host", ADMIN)
    return places


@pytest.mark.parametrize(
    "framework",
    [
        pytest.param(name, marks=pytest.mark.xdist_group(f"stalls {name}"))
        for name in ("fastapi", "django")
    ],
    indirect=True,
)
@pytest.mark.parametrize(
    ("places", "units", "size"),
    [
        pytest.param(_few_places, REPEATED, 9_000, id="pairs of characters"),
        pytest.param(_header_places, CLASSES.values(), 16_000, id="headers"),
        pytest.param(_target_places, CLASSES.values(), 16_000, id="targets"),
        pytest.param(_body_places, CLASSES.values(), 64_000, id="bodies"),
        pytest.param(_route_places, [*CLASSES.values()][:8], 30_000, id="routes"),
    ],
)
def test_no_text_keeps_a_service_from_responding(
    service: Service,
    places: Callable[[Service], dict[str, Place]],
    units: Iterable[str],
    size: int,
) -> None:
    service.blocked.clear()

    for where, place in places(service).items():
        for unit in units:
            service.measure(f"{unit!r} in {where}", place(_repeated(unit, size)))

    assert service.stalls() == []
