"""What the handlers receive that a team adds to the standard library's logging."""

from pathlib import Path

import httpx2
import pytest

from tests.support.custom import write_additions
from tests.support.project import Project
from tests.support.rendering import Render
from tests.support.variants import on_each_framework

pytestmark = [on_each_framework, pytest.mark.xdist_group("log handlers")]
SECRET = "hunter2-planted"  # noqa: S105 -- planted to be looked for
_ADDITIONS = '''"""A team's own handlers and a middleware that logs secrets."""

import logging
import os
from typing import Any

from starlette.middleware import Middleware

from slipway_kit.settings_group import SettingsGroup

FOLDER = os.environ.get("OWN_LOGS", ".")
logger = logging.getLogger(__name__)


class Extras(logging.Formatter):
    """Writes fields and exceptions by itself, as formatters for JSON do."""

    def format(self, record: logging.LogRecord) -> str:
        """Return all that is known of a record but its parameters."""
        known = {name: value for name, value in vars(record).items() if name not in HIDDEN}
        return f"{record.getMessage()} {known} {record.exc_text}"


HIDDEN = ("msg", "args", "exc_info")
at_import = logging.FileHandler(os.path.join(FOLDER, "at_import.log"), delay=True)
logging.getLogger().addHandler(at_import)
while_running = logging.FileHandler(os.path.join(FOLDER, "while_running.log"), delay=True)
while_running.setFormatter(Extras())


class OwnSettings(SettingsGroup):
    """Your own."""


class Logging:
    """Logs what each request says."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Log the query, in a message, in fields and in an exception."""
        query = scope.get("query_string", b"").decode()
        if query:
            logging.getLogger().addHandler(while_running)
            fields = {"api_key": query, "account": {"password": query}, "note": f"token={query}"}
            logger.warning("a login with password=%s", query, extra=fields)
            try:
                raise RuntimeError(f"no token={query}")
            except RuntimeError:
                logger.exception("it failed")
        await self.app(scope, receive, send)


def middleware(_: OwnSettings) -> list[Middleware]:
    """Return your own middlewares, the outermost first."""
    return [Middleware(Logging)]
'''


@pytest.fixture(scope="module")
def logging_service(rendered: Render, framework: str) -> Project:
    project = rendered({"framework": framework, "auth": "none", "docs_ui": "none"})
    package = project.path / "src" / project.answers["package_name"]
    write_additions(package, _ADDITIONS)
    project.install()
    return project


@pytest.fixture(scope="module", params=["1", "2"], ids=["one worker", "two workers"])
def written(
    logging_service: Project,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A folder with the lines of a request whose query was a secret."""
    folder = tmp_path_factory.mktemp("logs")
    settings = {"OWN_LOGS": str(folder), "WORKERS": request.param, "LOG_FORMAT": "json"}
    with logging_service.serving(settings) as running:
        httpx2.get(f"{running.url}/config?{SECRET}").raise_for_status()
        assert running.stop() == 0
        (folder / "stdout.log").write_text(running.output())
    return folder


@pytest.mark.parametrize("handler", ["at_import", "while_running", "stdout"])
def test_a_handler_receives_no_secret_that_a_line_names(written: Path, handler: str) -> None:
    lines = (written / f"{handler}.log").read_text()

    named = lines.replace(f'"query":"{SECRET}"', "")  # which nothing names
    assert SECRET not in named
    assert "a login with password=[redacted]" in named
    assert "RuntimeError: no token=[redacted]" in named


def test_a_commands_handler_receives_no_secret_that_a_line_names(
    logging_service: Project, tmp_path: Path
) -> None:
    package = logging_service.answers["package_name"]
    says = f"import logging; logging.getLogger('ours').error('a login with password={SECRET}')"
    reads = f"from {package}.settings import read_settings; read_settings(); "
    commands = {
        "fastapi": ("python", "-c", reads + says),
        "django": ("python", "manage.py", "shell", "--command", says),
    }

    command = commands[str(logging_service.answers["framework"])]
    logging_service.run("uv", "run", "--frozen", *command, env={"OWN_LOGS": str(tmp_path)})

    lines = (tmp_path / "at_import.log").read_text()
    assert "a login with password=[redacted]" in lines
    assert SECRET not in lines
