"""The services that most of these tests run."""

import pytest

from tests.support.project import Project
from tests.support.rendering import Render
from tests.support.streams import add_streams


@pytest.fixture(scope="session")
def framework(request: pytest.FixtureRequest) -> str:
    """The framework of the service; the default's where a test asks for no other."""
    return str(getattr(request, "param", "fastapi"))


@pytest.fixture(scope="session")
def default_service(rendered: Render, framework: str) -> Project:
    """The default service, installed, with its SQLite database migrated."""
    return _prepared(rendered({"framework": framework}))


@pytest.fixture(scope="session")
def service(rendered: Render, framework: str) -> Project:
    """The same without accounts, so that no request of most tests needs a token."""
    return _prepared(rendered({"framework": framework, "auth": "none"}))


@pytest.fixture(scope="session")
def streaming(rendered: Render, framework: str) -> Project:
    """A service with responses that take for ever; its files are changed, so its name differs."""
    project = rendered({"project_name": "Streaming", "framework": framework, "auth": "none"})
    add_streams(project)
    return _prepared(project)


def _prepared(project: Project) -> Project:
    project.install()
    project.make("migrate")
    return project
