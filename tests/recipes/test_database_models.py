"""SQLAlchemy: relationships and eager loading; Alembic: autogenerate, two heads; URLs."""

import pytest

from tests.recipes.conftest import Service, assert_problem
from tests.support.edits import package_of
from tests.support.project import Project

pytestmark = pytest.mark.xdist_group("recipes")

RECIPE = '''"""Authors and their books."""

from typing import Any

from fastapi import APIRouter, Depends
from sqlalchemy import ForeignKey, String, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship, selectinload

from slipway_kit.problems import ConflictError
from slipway_kit.sqlalchemy.models import Base
from slipway_kit.fastapi.session import SessionDep
from slipway_kit.fastapi.public import PUBLIC


class Author(Base):
    """Who writes."""

    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    books: Mapped[list["Book"]] = relationship(
        back_populates="author", cascade="all, delete-orphan"
    )


class Book(Base):
    """What is read."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(50))
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    author: Mapped[Author] = relationship(back_populates="books")


router = APIRouter(prefix="/api/v1/authors", dependencies=[Depends(PUBLIC)])


@router.post("/{name}", status_code=201)
async def create_author(name: str, session: SessionDep) -> int:
    author = Author(name=name, books=[Book(title="One"), Book(title="Two")])
    session.add(author)
    try:
        await session.flush()
    except IntegrityError as error:
        raise ConflictError from error
    return author.id


@router.post("/{name}/fails")
async def fail(name: str, session: SessionDep) -> None:
    session.add(Author(name=name))
    await session.flush()
    raise ConflictError


@router.get("/{name}")
async def read_author(name: str, session: SessionDep) -> list[str]:
    query = select(Author).where(Author.name == name).options(selectinload(Author.books))
    author = await session.scalar(query)
    return [] if author is None else [book.title for book in author.books]


@router.get("/{name}/books/{book_id}")
async def read_book(book_id: int, session: SessionDep) -> str | None:
    book = await session.get(Book, book_id)
    return None if book is None else book.title


@router.get("/{name}/books")
async def read_books(name: str, session: SessionDep) -> list[str]:
    query = select(Book).options(joinedload(Book.author)).join(Author).where(Author.name == name)
    return [f"{book.title} by {book.author.name}" for book in await session.scalars(query)]


def extend(app: Any, settings: Any) -> None:
    app.include_router(router)
'''
AUTHORS = "/api/v1/authors"


def test_eager_loading_reads_the_rows_of_a_migration_that_was_written(service: Service) -> None:
    service.send("POST", f"{AUTHORS}/ann").raise_for_status()

    assert service.get(f"{AUTHORS}/ann").json() == ["One", "Two"]
    assert service.get(f"{AUTHORS}/ann/books").json() == ["One by ann", "Two by ann"]


def test_a_constraint_that_is_violated_is_a_conflict(service: Service) -> None:
    service.send("POST", f"{AUTHORS}/bob").raise_for_status()

    assert_problem(service.send("POST", f"{AUTHORS}/bob"), 409)


def test_what_fails_leaves_no_row(service: Service) -> None:
    assert_problem(service.send("POST", f"{AUTHORS}/eve/fails"), 409)

    assert service.send("POST", f"{AUTHORS}/eve").status_code == 201


@pytest.mark.parametrize(("number", "status"), [(10**6, 200), (10**30, 422)])
def test_a_number_that_the_database_cannot_compare_is_refused(
    service: Service, number: int, status: int
) -> None:
    response = service.get(f"{AUTHORS}/ann/books/{number}")

    assert response.status_code == status
    if status == 422:
        assert assert_problem(response, 422)["code"] == "VALIDATION_FAILED"


def test_models_without_a_change_need_no_migration(project: Project) -> None:
    done = project.run(".venv/bin/alembic", "check", check=False)

    assert done.returncode == 0, done.stdout


def test_two_heads_are_merged(project: Project) -> None:
    versions = package_of(project) / "db" / "migrations" / "versions"
    before = set(versions.iterdir())
    alembic = ".venv/bin/alembic"
    heads = project.run(alembic, "heads").stdout.splitlines()
    head = heads[0].split()[0]
    try:
        for name in ("first", "second"):
            project.run(
                *(alembic, "revision", "-m", name, f"--head={head}", "--splice"),
                f"--rev-id={name}",
            )

        project.run(alembic, "merge", "-m", "both", "first", "second")
        merged = project.run(alembic, "heads").stdout.splitlines()
        migrated = project.make("migrate", env={"DATABASE_URL": "sqlite:///merged.db"})
    finally:
        for file in set(versions.iterdir()) - before:
            if file.is_file():
                file.unlink()

    assert (len(merged), migrated.returncode) == (len(heads), 0)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///service.db",
        "sqlite+aiosqlite:///service.db",
        "postgresql+psycopg://user:secret@host/name",
        "postgresql://user:secret@host/name",
        "postgres://user:secret@host/name",
    ],
)
def test_a_url_is_taken_as_people_write_it(project: Project, url: str) -> None:
    done = project.run(
        *(".venv/bin/python", "-m", "recipes", "check"), env={"DATABASE_URL": url}, check=False
    )

    assert done.stdout.startswith("The settings are fit"), done.stdout
