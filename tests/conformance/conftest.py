"""The contract, asked over HTTP of any running service; nothing here knows a framework.

    pytest tests/conformance --base-url=http://127.0.0.1:8000 --answers=path/.copier-answers.yml

With `--project=path` the service's commands are run, too. Accounts need `--admin=EMAIL:PASSWORD`,
an administrator whom `make admin` made, and `--mailbox=path`, which gets the service's mails as
tests/support/mail.py keeps them. The service trusts this host as a proxy then (TRUSTED_PROXIES), so
that each test can come from an address of its own. The equals signs matter: pytest takes a path
that stands alone for a folder of tests.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from tests.support.accounts import Visitor
from tests.support.mail import Mailbox
from tests.support.project import Project
from tools.questions import Answers


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that name the service."""
    group = parser.getgroup("conformance")
    group.addoption("--base-url", help="where the service answers")
    group.addoption("--environment", default="development", help="where it runs")
    group.addoption("--answers", type=Path, help="its .copier-answers.yml")
    group.addoption("--project", type=Path, help="its folder, to run its commands")
    group.addoption("--admin", help="one of its administrators, as EMAIL:PASSWORD")
    group.addoption("--mailbox", type=Path, help="the folder that gets its mails")


@pytest.fixture(scope="session")
def base_url(pytestconfig: pytest.Config) -> str:
    """Where the service answers."""
    url = pytestconfig.getoption("--base-url")
    if not url:
        raise pytest.UsageError("name the service to ask: --base-url http://127.0.0.1:8000")
    return str(url).rstrip("/")


@pytest.fixture(scope="session")
def environment(pytestconfig: pytest.Config) -> str:
    """Where the service runs: development, staging or production."""
    return str(pytestconfig.getoption("--environment"))


@pytest.fixture(scope="session")
def answers(pytestconfig: pytest.Config) -> Answers:
    """What the service was rendered with."""
    path = pytestconfig.getoption("--answers")
    if not path:
        raise pytest.UsageError("name the service's answers: --answers path/.copier-answers.yml")
    loaded: Answers = yaml.safe_load(path.read_text())
    return loaded


@pytest.fixture(scope="session")
def project(pytestconfig: pytest.Config) -> Project:
    """The service's folder."""
    path = pytestconfig.getoption("--project")
    if not path:
        pytest.skip("the service's commands need --project")
    return Project(path)


@pytest.fixture(scope="session")
def http(base_url: str, administrator: Visitor | None) -> Iterator[httpx2.Client]:
    """A client of the service, who says who it is where nobody is served without."""

    def identify(request: httpx2.Request) -> httpx2.Request:
        if administrator is not None and request.url.path.startswith("/api/v1/items"):
            request.headers.setdefault("Authorization", f"Bearer {administrator.access}")
        return request

    with httpx2.Client(base_url=base_url, timeout=60, auth=identify) as client:
        yield client


@pytest.fixture(scope="session")
def administrator(
    pytestconfig: pytest.Config, base_url: str, answers: Answers
) -> Iterator[Visitor | None]:
    """An administrator, logged in; None where the service has no accounts."""
    if answers.get("auth", "none") == "none":
        yield None
        return
    given = pytestconfig.getoption("--admin")
    if not given:
        raise pytest.UsageError("name an administrator of the service: --admin=EMAIL:PASSWORD")
    email, _, password = str(given).partition(":")
    with httpx2.Client(base_url=base_url, timeout=60) as client:
        yield Visitor(client, email, password).log_in()


@pytest.fixture(scope="session")
def admin(administrator: Visitor | None) -> Visitor:
    """The administrator, of a service that has accounts."""
    if administrator is None:
        pytest.skip("accounts were not chosen")
    return administrator


@pytest.fixture(scope="session")
def mailbox(pytestconfig: pytest.Config) -> Mailbox:
    """Where the service's mails end up."""
    folder = pytestconfig.getoption("--mailbox")
    if not folder:
        pytest.skip("mails are read with --mailbox=FOLDER")
    return Mailbox(folder)


@pytest.fixture(scope="session")
def document(http: httpx2.Client) -> dict[str, Any]:
    """The service's OpenAPI schema."""
    answer = http.get("/openapi.json")
    assert answer.status_code == 200
    loaded: dict[str, Any] = answer.json()
    return loaded


@pytest.fixture
def docs_page(http: httpx2.Client, answers: Answers) -> httpx2.Response:
    """The documentation page, fetched anew."""
    if answers["docs_ui"] == "none":
        pytest.skip("no documentation page was chosen")
    answer = http.get("/docs")
    assert answer.status_code == 200
    return answer
