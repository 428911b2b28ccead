"""The services that most of these tests run."""

import pytest

from tests.support.project import Project
from tests.support.rendering import Render


@pytest.fixture(scope="session")
def default_service(rendered: Render) -> Project:
    """The default service, installed, with its SQLite database migrated."""
    return _prepared(rendered({}))


@pytest.fixture(scope="session")
def service(rendered: Render) -> Project:
    """The same without accounts, so that no request of most tests needs a token."""
    return _prepared(rendered({"auth": "none"}))


def _prepared(project: Project) -> Project:
    project.install()
    project.make("migrate")
    return project
