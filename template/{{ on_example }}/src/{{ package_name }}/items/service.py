"""What can be done with items."""

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from ..core.problems import ConflictError, NotFoundError
from .models import Item
from .schemas import ItemCreate, ItemQuery, ItemUpdate


class ItemNotFoundError(NotFoundError):
    """There is no item with this number."""

    code = "ITEM_NOT_FOUND"
    detail = "There is no item with this number."


class ItemNameTakenError(ConflictError):
    """Another item has this name."""

    code = "ITEM_NAME_TAKEN"
    detail = "Another item has this name. Choose a different one."


async def create_item(session: AsyncSession, data: ItemCreate) -> Item:
    """Add an item.

    Raises:
        ItemNameTakenError: Another item has this name.
    """
    item = Item(**data.model_dump())
    session.add(item)
    await _flush(session)
    return item


async def list_items(session: AsyncSession, query: ItemQuery) -> tuple[list[Item], int]:
    """Return one page of the matching items, and how many match in all."""
    matching = _matching(query)
    total = await session.scalar(select(func.count()).select_from(matching.subquery()))
    column = getattr(Item, query.sort.removeprefix("-"))
    # The number decides between equals, so that no item is on two pages.
    order = (column.desc(), Item.id.desc()) if query.sort.startswith("-") else (column, Item.id)
    page = matching.order_by(*order).offset(query.offset).limit(query.page_size)
    return list(await session.scalars(page)), total or 0


async def read_item(session: AsyncSession, item_id: int) -> Item:
    """Return an item.

    Raises:
        ItemNotFoundError: There is none with this number.
    """
    item = await session.get(Item, item_id)
    if item is None:
        raise ItemNotFoundError
    return item


async def update_item(session: AsyncSession, item_id: int, data: ItemUpdate) -> Item:
    """Change the given fields of an item.

    Raises:
        ItemNotFoundError: There is none with this number.
        ItemNameTakenError: Another item has this name.
    """
    item = await read_item(session, item_id)
    for name, value in data.model_dump(exclude_unset=True).items():
        setattr(item, name, value)
    await _flush(session)
    return item


async def delete_item(session: AsyncSession, item_id: int) -> None:
    """Remove an item.

    Raises:
        ItemNotFoundError: There is none with this number.
    """
    deleted = await session.scalar(delete(Item).where(Item.id == item_id).returning(Item.id))
    if deleted is None:
        raise ItemNotFoundError


def _matching(query: ItemQuery) -> Select[Item]:
    if not query.filter:
        return select(Item)
    return select(Item).where(
        or_(
            Item.name.icontains(query.filter, autoescape=True),
            Item.description.icontains(query.filter, autoescape=True),
        )
    )


async def _flush(session: AsyncSession) -> None:
    # The database decides, not a look before the write: two requests may write the same name.
    try:
        await session.flush()
    except IntegrityError as error:
        raise ItemNameTakenError from error
    except StaleDataError as error:  # deleted by another request since it was read
        raise ItemNotFoundError from error
