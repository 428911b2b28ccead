"""The ordinary ways of Django and its REST framework, in an app of a team's.

The tests of `service` run in it, as its team writes them; those here ask the service
as it serves, and look at what the contract guarantees.
"""

import ast
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest

from tests.recipes.conftest import Service, assert_guaranteed, assert_problem, new_id
from tests.recipes.django.conftest import TESTS
from tests.recipes.test_websockets import TEXT, Socket, opened
from tests.support.accounts import Visitor
from tests.support.edits import package_of
from tests.support.project import Project, Running, free_port

pytestmark = pytest.mark.xdist_group("django recipes")
SECRET = "hunter2-planted"  # noqa: S105 -- planted to be looked for
ORDERS = "/api/v1/orders"
WRITTEN = [
    each.name
    for each in ast.parse(TESTS.read_text()).body
    if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")
]


@pytest.mark.parametrize("name", WRITTEN)
def test_in_the_service(outcomes: dict[str, str], name: str) -> None:
    assert outcomes[name] == "passed", outcomes[name]


def test_a_view_that_says_nothing_is_closed(service: Service) -> None:
    for path in (f"{ORDERS}/", f"{ORDERS}/values"):
        assert assert_problem(service.get(path), 401)["code"] == "UNAUTHENTICATED"


def test_a_model_view_set_serves_with_all_guarantees(service: Service, user: Visitor) -> None:
    created = user.post(f"{ORDERS}/", {"title": "one"})
    read = user.get(f"{ORDERS}/{created.json()['id']}/")

    assert (created.status_code, read.json()["title"]) == (201, "one")
    assert_guaranteed(read)
    assert read.headers["X-RateLimit-Limit"]
    counted = 'endpoint="/api/v1/orders/{pk}/"'
    assert counted in service.metrics()


def test_an_unhandled_error_shows_no_secret(service: Service) -> None:
    mark = new_id()

    failed = service.get(f"{ORDERS}/fails", headers={"X-Correlation-ID": mark})

    assert assert_problem(failed, 500)["code"] == "INTERNAL_ERROR"
    written = service.lines(mark, 2, logger="application")
    assert SECRET not in f"{failed.text}{written}"
    assert [line["level"] for line in written] == ["warning", "error"]


def test_a_websocket_stands_beside_the_api(service: Service, user: Visitor) -> None:
    headers = {"Authorization": f"Bearer {user.access}", "X-Correlation-ID": (mark := new_id())}

    with opened(service, "/echo/", headers) as response:
        socket = Socket(response)
        socket.send("hello")
        received = socket.receive()

    assert received == (TEXT, b"hello")
    assert_guaranteed(response)
    line = service.line(mark)
    assert (line["route"], line["status_code"]) == ("/echo", 101)


@pytest.mark.parametrize(("path", "status"), [("/echo/", 403), ("/nothing", 404)])
def test_a_websocket_is_closed_to_others(service: Service, path: str, status: int) -> None:
    with opened(service, path) as response:
        assert_problem(response, status)


def test_a_command_and_the_shell_call_the_services_functions(project: Project) -> None:
    python, package = ".venv/bin/python", package_of(project).name

    imported = project.run(python, "manage.py", "import_orders").stdout
    shown = project.run(
        *(python, "manage.py", "shell", "--command"),
        f"from {package}.items.models import Item\nprint(Item.objects.get().quantity)",
    ).stdout

    assert "imported " in imported
    assert "To: imported@example.com" in imported, "the email was not sent before the end"
    assert SECRET not in imported
    assert shown.split()[-1] == "2"


def test_a_short_command_that_writes_ends_without_an_error(project: Project) -> None:
    ended = project.run(
        *(".venv/bin/python", "manage.py", "shell", "--command"),
        f"from {package_of(project).name}.items.models import Item\n"
        "Item.objects.create(name='short', quantity=1).delete()",
    )

    assert "error" not in ended.stdout


def test_runserver_serves_with_all_middlewares(project: Project) -> None:
    port = free_port()
    with _started(
        project, port, "manage.py", "runserver", f"127.0.0.1:{port}", "--noreload"
    ) as url:
        assert_guaranteed(httpx2.get(url))
        assert_problem(httpx2.get(f"{url}{ORDERS}/"), 401)


WSGI = (
    "from wsgiref.simple_server import make_server\n"
    "from {package}.config.wsgi import application\n"
    "make_server('127.0.0.1', {port}, application).serve_forever()"
)
ASGI = (
    "import os, uvicorn\n"
    "from django.core.asgi import get_asgi_application\n"
    "os.environ['DJANGO_SETTINGS_MODULE'] = '{package}.config.settings'\n"
    "uvicorn.run(get_asgi_application(), port={port}, lifespan='off')"
)


@pytest.mark.parametrize("serve", [WSGI, ASGI], ids=["WSGI", "ASGI"])
def test_under_django_s_own_handlers_authentication_limits_and_problems_are_the_same(
    project: Project, serve: str
) -> None:
    port = free_port()
    serve = serve.format(package=package_of(project).name, port=port)
    with _started(project, port, "-c", serve) as url:
        closed = httpx2.get(f"{url}{ORDERS}/")
        failed = httpx2.get(f"{url}{ORDERS}/fails")
        body = {"email": "nobody@example.com", "password": "a wrong password"}
        guesses = [httpx2.post(f"{url}/api/v1/auth/login", json=body).status_code for _ in range(6)]

    assert (closed.status_code, closed.json()["code"]) == (401, "UNAUTHENTICATED")
    assert (failed.status_code, failed.json()["code"]) == (500, "INTERNAL_ERROR")
    assert "hunter2" not in failed.text
    assert guesses == [401] * 5 + [429]


@contextmanager
def _started(project: Project, port: int, *command: str) -> Iterator[str]:
    """Start a server by Python, and end it."""
    log = project.path / f"server-{port}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(project.path / ".venv" / "bin" / "python"), *command],
            cwd=project.path,
            env=project.environment(None),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Running(process, f"http://127.0.0.1:{port}", log)
    try:
        running.wait_until_live()
        yield running.url
    except BaseException:
        print(running.output()[-20_000:])  # which pytest shows beside the failure
        raise
    finally:
        running.end()
        log.unlink()
