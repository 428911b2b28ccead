"""The default service, as most of these tests run it."""

import pytest

from tests.support.project import Project
from tests.support.rendering import Render


@pytest.fixture(scope="session")
def service(rendered: Render) -> Project:
    """The default service, installed, with its SQLite database migrated."""
    project = rendered({})
    project.install()
    project.make("migrate")
    return project
