"""The coverage gate of a service: for the code of its team, and for `make test` alone."""

import pytest

from tests.support.edits import package_of
from tests.support.project import Project
from tests.support.rendering import Render

pytestmark = pytest.mark.xdist_group("coverage gate")
MODULE = '''"""Prices of orders."""


def price(quantity: int) -> int:
    """Return the price in cents."""
    if quantity > 100:
        discount = 20
    elif quantity > 10:
        discount = 10
    else:
        discount = 0
    return quantity * (100 - discount)
'''
TEST = """import pytest

from {package}.orders.prices import price


@pytest.mark.parametrize(("quantity", "cents"), [(1, 100), (11, 990), (101, 8080)])
def test_many_cost_less_each(quantity: int, cents: int) -> None:
    assert price(quantity) == cents
"""


@pytest.fixture(scope="module")
def extended(rendered: Render) -> Project:
    """A small service with a package of the team's own, which has no tests yet."""
    project = rendered({"project_name": "Gated", "database": "none", "example": False})
    package = package_of(project) / "orders"
    package.mkdir()
    (package / "__init__.py").write_text('"""Orders."""\n')
    (package / "prices.py").write_text(MODULE)
    project.install()
    return project


def test_a_module_of_the_team_without_tests_fails_make_test(extended: Project) -> None:
    done = extended.make("test", check=False)

    assert done.returncode != 0
    assert "orders/prices.py" in done.stdout
    assert "Required test coverage of 95.0% not reached" in done.stdout
    assert " failed" not in done.stdout


def test_one_test_alone_passes_without_the_gate(extended: Project) -> None:
    done = extended.run("uv", "run", "--frozen", "pytest", "-k", "settings")

    assert " passed" in done.stdout
    assert "coverage" not in done.stdout


def test_a_module_of_the_team_with_tests_passes_whatever_the_template_has(
    extended: Project,
) -> None:
    test = extended.path / "tests" / "test_prices.py"
    test.write_text(TEST.format(package=package_of(extended).name))

    try:
        done = extended.make("test")
    finally:
        test.unlink()

    assert "Required test coverage of 95.0% reached" in done.stdout
    assert "slipway_kit" not in done.stdout
