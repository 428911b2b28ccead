"""The minimal service of bench.real_path: FastAPI as its documentation shows it, with SQLAlchemy.

It runs in the rendered FastAPI service's environment, on that service's tables and tokens.
"""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")
)
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


class Base(DeclarativeBase):
    """The base of all tables."""


class User(Base):
    """A user."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    deleted_at: Mapped[datetime | None]


class Item(Base):
    """An item."""

    __tablename__ = "items"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID]
    name: Mapped[str]
    description: Mapped[str]
    quantity: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class UserRead(BaseModel):
    """A user, as clients see one."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str
    name: str
    role: str


class ItemCreate(BaseModel):
    """An item to create."""

    name: str
    description: str = ""
    quantity: int = 0


class ItemRead(ItemCreate):
    """An item, as clients see one."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    owner_id: UUID
    created_at: datetime
    updated_at: datetime


class Items(BaseModel):
    """A page of items."""

    model_config = ConfigDict(from_attributes=True)

    items: list[ItemRead]
    total: int


async def get_session() -> AsyncIterator[AsyncSession]:
    """Open a session."""
    async with sessions() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]
Token = Annotated[str, Depends(OAuth2PasswordBearer(tokenUrl="token"))]


async def get_user(token: Token, session: SessionDep) -> User:
    """Return the user of the token."""
    try:
        claims = jwt.decode(
            token, os.environ["SECRET_KEY"], algorithms=["HS256"], options={"verify_iat": False}
        )
    except jwt.InvalidTokenError as error:
        raise HTTPException(401) from error
    user = await session.get(User, UUID(claims["sub"]))
    if user is None or user.deleted_at:
        raise HTTPException(401)
    return user


CurrentUser = Annotated[User, Depends(get_user)]


@app.get("/health/live")
async def live() -> dict[str, str]:
    """Say that it serves."""
    return {"status": "ok"}


@app.get("/api/v1/auth/me", response_model=UserRead)
async def me(user: CurrentUser) -> User:
    """Return the caller."""
    return user


@app.get("/api/v1/items")
async def list_items(user: CurrentUser, session: SessionDep, page: int = 1) -> Items:
    """Return a page of the caller's items."""
    mine = select(Item).where(Item.owner_id == user.id)
    total = await session.scalar(select(func.count()).select_from(mine.subquery()))
    newest = mine.order_by(Item.created_at.desc(), Item.id.desc())
    rows = await session.scalars(newest.limit(20).offset(20 * (page - 1)))
    return Items.model_validate({"items": rows.all(), "total": total})


@app.get("/api/v1/items/{item_id}", response_model=ItemRead)
async def read_item(item_id: int, user: CurrentUser, session: SessionDep) -> Item:
    """Return an item of the caller."""
    item = await session.get(Item, item_id)
    if item is None or item.owner_id != user.id:
        raise HTTPException(404)
    return item


@app.post("/api/v1/items", status_code=201, response_model=ItemRead)
async def create_item(item: ItemCreate, user: CurrentUser, session: SessionDep) -> Item:
    """Add an item."""
    now = datetime.now(UTC)
    made = Item(**item.model_dump(), owner_id=user.id, created_at=now, updated_at=now)
    session.add(made)
    await session.commit()
    return made
