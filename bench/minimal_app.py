"""The minimal service of bench.real_path: FastAPI as its documentation shows it, psycopg and a JWT.

It runs in the rendered FastAPI service's environment, on that service's tables and tokens.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel

pool = AsyncConnectionPool(
    os.environ["DATABASE_URL"], min_size=10, open=False, kwargs={"row_factory": dict_row}
)
COLUMNS = "id, owner_id, name, description, quantity, created_at, updated_at"


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Open the connections."""
    async with pool:
        yield


app = FastAPI(lifespan=lifespan)


class NewItem(BaseModel):
    """An item to create."""

    name: str
    description: str = ""
    quantity: int = 0


class Item(NewItem):
    """An item."""

    id: int
    owner_id: UUID
    created_at: datetime
    updated_at: datetime


class Items(BaseModel):
    """A page of items."""

    items: list[Item]
    total: int


class User(BaseModel):
    """A user."""

    id: UUID
    email: str
    name: str
    role: str


async def get_connection() -> AsyncIterator[AsyncConnection[dict[str, Any]]]:
    """Take a connection for a transaction."""
    async with pool.connection() as connection:
        yield connection


Connection = Annotated[AsyncConnection[dict[str, Any]], Depends(get_connection)]
Token = Annotated[str, Depends(OAuth2PasswordBearer(tokenUrl="token"))]


async def get_user(token: Token, connection: Connection) -> User:
    """Return the user of the token."""
    try:
        claims = jwt.decode(
            token, os.environ["SECRET_KEY"], algorithms=["HS256"], options={"verify_iat": False}
        )
    except jwt.InvalidTokenError as error:
        raise HTTPException(401) from error
    found = await connection.execute(
        "SELECT id, email, name, role FROM users WHERE id = %s AND deleted_at IS NULL",
        [claims["sub"]],
    )
    if (row := await found.fetchone()) is None:
        raise HTTPException(401)
    return User(**row)


CurrentUser = Annotated[User, Depends(get_user)]


@app.get("/health/live")
async def live() -> dict[str, str]:
    """Say that it serves."""
    return {"status": "ok"}


@app.get("/api/v1/auth/me")
async def me(user: CurrentUser) -> User:
    """Return the caller."""
    return user


@app.get("/api/v1/items")
async def list_items(user: CurrentUser, connection: Connection, page: int = 1) -> Items:
    """Return a page of the caller's items."""
    total = await connection.execute(
        "SELECT count(*) AS total FROM items WHERE owner_id = %s", [user.id]
    )
    counted = await total.fetchone()
    found = await connection.execute(
        f"SELECT {COLUMNS} FROM items WHERE owner_id = %s"  # noqa: S608 -- a constant
        " ORDER BY created_at DESC, id DESC LIMIT 20 OFFSET %s",
        [user.id, 20 * (page - 1)],
    )
    rows = await found.fetchall()
    return Items(items=[Item(**row) for row in rows], total=counted["total"] if counted else 0)


@app.get("/api/v1/items/{item_id}")
async def read_item(item_id: int, user: CurrentUser, connection: Connection) -> Item:
    """Return an item of the caller."""
    found = await connection.execute(
        f"SELECT {COLUMNS} FROM items WHERE id = %s AND owner_id = %s",  # noqa: S608 -- a constant
        [item_id, user.id],
    )
    if (row := await found.fetchone()) is None:
        raise HTTPException(404)
    return Item(**row)


@app.post("/api/v1/items", status_code=201)
async def create_item(item: NewItem, user: CurrentUser, connection: Connection) -> Item:
    """Add an item."""
    now = datetime.now(UTC)
    made = await connection.execute(
        f"INSERT INTO items ({COLUMNS.removeprefix('id, ')})"  # noqa: S608 -- a constant
        f" VALUES (%s, %s, %s, %s, %s, %s) RETURNING {COLUMNS}",
        [user.id, item.name, item.description, item.quantity, now, now],
    )
    row = await made.fetchone()
    if row is None:
        raise HTTPException(500)
    return Item(**row)
