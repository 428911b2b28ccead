"""What `make migration` writes: a module that runs and lints as it is, imports included."""

from pathlib import Path

import pytest

from tests.support.project import Project
from tests.support.rendering import Render
from tools.questions import Answers

SMALL: Answers = {
    "project_name": "Prices",
    "database": "sqlite",
    "auth": "none",
    "docs_ui": "none",
    "redis": False,
    "sentry": False,
    "metrics": False,
    "e2e": False,
}
PRICES = '''"""Prices."""

from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from .models import Base


class Money(TypeDecorator[Decimal]):
    """An amount."""

    impl = Numeric
    cache_ok = True


class Price(Base):
    """A price."""

    __tablename__ = "prices"

    id: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[Decimal] = mapped_column(Money(12, 2))
    details: Mapped[dict[str, Any]] = mapped_column(JSON().with_variant(JSONB(), "postgresql"))
'''


def _written(project: Project, message: str) -> str:
    """Write a migration, and return what it holds."""
    files = set(project.path.glob("src/*/*/migrations/**/*.py"))
    project.make("migration", f"m={message}")
    (file,) = set(project.path.glob("src/*/*/migrations/**/*.py")) - files
    return file.read_text()


@pytest.fixture
def prices(rendered: Render, tmp_path: Path) -> Project:
    """A FastAPI service with a migrated database of its own."""
    project = rendered(SMALL)
    project.install()
    (project.path / ".env").write_text(f"DATABASE_URL=sqlite:///{tmp_path}/service.db\n")
    project.make("migrate")
    return project


def test_types_of_a_dialect_and_of_ones_own_are_imported(prices: Project) -> None:
    folder = prices.path / "src" / "prices" / "db"
    (folder / "prices.py").write_text(PRICES)
    with (folder / "tables.py").open("a") as tables:
        tables.write("\nfrom . import prices  # noqa: F401 -- of a test\n")

    text = _written(prices, "add prices")

    assert "from sqlalchemy.dialects import postgresql\n" in text
    assert "import prices.db.prices\n" in text
    prices.make("migrate", "lint")
    assert "No new upgrade operations" in prices.run("uv", "run", "alembic", "check").stdout


def test_an_empty_migration_keeps_the_imports_that_are_filled_in_later(prices: Project) -> None:
    text = _written(prices, "fill a column")

    assert "import sqlalchemy as sa\n" in text
    assert "from alembic import op\n" in text
    prices.make("lint")


def test_django_modules_keep_imports_that_wait_for_their_use(rendered: Render) -> None:
    project = rendered({**SMALL, "framework": "django", "project_name": "Waiting"})
    project.install()
    models = project.path / "src" / "waiting" / "items" / "models.py"
    text = models.read_text().replace("max_length=120", "max_length=121")
    models.write_text(text + "\nfrom decimal import Decimal\n")

    project.make("migration", "m=longer names")

    assert "from decimal import Decimal\n" in models.read_text()
