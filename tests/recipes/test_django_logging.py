"""Logging and Sentry in commands of a Django service, and a team's own LOGGING."""

import json

import pytest

from tests.exercise.test_sentry import sink
from tests.recipes.conftest import UNSYNCED, Service, assert_problem, new_id
from tests.support.project import Project
from tests.support.sentry import Sink

pytestmark = pytest.mark.xdist_group("django recipes")
__all__ = ["sink"]  # a fixture
SECRET = "hunter2-planted"  # noqa: S105 -- planted to be looked for


def _say(project: Project, *options: str) -> str:
    command = ("uv", "run", "python", "manage.py", *options)
    return project.run(*command, check=False, env=UNSYNCED | {"LOG_FORMAT": "json"}).stdout


def test_a_command_logs_in_the_format_of_the_service_without_secrets(
    django_project: tuple[Project, int],
) -> None:
    output = _say(django_project[0], "say")

    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    said = [line for line in lines if line["logger"] == "recipes"]
    assert [line["event"] for line in said] == ["imports with password=[redacted]", "more"]
    assert said[1]["api_key"] == "[redacted]"
    assert SECRET not in output


def test_an_error_of_a_command_is_reported_without_secrets(
    django_project: tuple[Project, int],
    sink: Sink,
) -> None:
    env = UNSYNCED | {"SENTRY_DSN": sink.dsn, "SENTRY_TRACES_SAMPLE_RATE": "0"}
    command = ("uv", "run", "python", "manage.py", "say", "--fail")

    done = django_project[0].run(*command, check=False, env=env)

    (event,) = sink.bodies("event")
    raised = event["exception"]["values"][-1]
    assert done.returncode == 1
    assert (raised["type"], raised["value"]) == ("RuntimeError", "token=[redacted]")
    assert SECRET not in json.dumps(event["exception"]["values"][-1]["value"])
    assert SECRET not in json.dumps(event["breadcrumbs"])


def test_the_shell_logs_as_commands_do(django_project: tuple[Project, int]) -> None:
    code = f"import logging; logging.getLogger('orders').error('token={SECRET}')"

    output = _say(django_project[0], "shell", "--command", code)

    assert '"event":"token=[redacted]"' in output
    assert SECRET not in output


def test_a_handler_of_logging_gets_lines_without_secrets(
    django_project: tuple[Project, int],
) -> None:
    project, _ = django_project

    _say(project, "say")

    lines = (project.path / "own.log").read_text()
    assert "imports with password=[redacted]" in lines
    assert SECRET not in lines


def test_a_request_logs_without_secrets(django_service: Service) -> None:
    cid = new_id()

    response = django_service.get("/pages/fails", headers={"X-Correlation-ID": cid})

    assert_problem(response, 500)
    assert django_service.line(cid)["status_code"] == 500
    assert SECRET not in django_service.running.output()
