"""The items API."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Path, Query, Response

from ..core.problems import UnavailableError
from ..db.session import SessionDep
from ..errors import documented
from ..pagination import Page
from ..routes import SliceRouter
from ..state import ServiceRequest
from . import service
from .models import Item
from .schemas import ItemCreate, ItemQuery, ItemRead, ItemUpdate

router = SliceRouter(prefix="/items", tags=["items"], responses=documented(UnavailableError))

CACHE = "items"
ItemId = Annotated[int, Path(description="The item's number.", ge=1, le=2**63 - 1)]


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    response_model=ItemRead,
    summary="Create an item",
    responses=documented(service.ItemNameTakenError),
)
async def create_item(
    data: ItemCreate, session: SessionDep, request: ServiceRequest, response: Response
) -> Item:
    """Add an item; the Location header says where it is."""
    item = await service.create_item(session, data)
    response.headers["Location"] = request.url_for("read_item", item_id=item.id).path
    return item


@router.get("", summary="List items")
async def list_items(query: Annotated[ItemQuery, Query()], session: SessionDep) -> Page[ItemRead]:
    """Return one page of items, filtered and sorted."""
    items, total = await service.list_items(session, query)
    return Page.of([ItemRead.model_validate(item) for item in items], total, query)


@router.get(
    "/{item_id}",
    response_model=ItemRead,
    summary="Read an item",
    responses=documented(service.ItemNotFoundError),
)
async def read_item(item_id: ItemId, session: SessionDep, request: ServiceRequest) -> Response:
    """Return one item, from the cache where it has it."""

    async def make() -> bytes:
        item = await service.read_item(session, item_id)
        return ItemRead.model_validate(item).model_dump_json().encode()

    kept = await request.state["cache"].fetch(CACHE, item_id, make)
    return Response(kept, media_type="application/json")


@router.patch(
    "/{item_id}",
    response_model=ItemRead,
    summary="Change an item",
    responses=documented(service.ItemNotFoundError, service.ItemNameTakenError),
)
async def update_item(
    item_id: ItemId, data: ItemUpdate, session: SessionDep, request: ServiceRequest
) -> Item:
    """Change the fields that are given, and no others."""
    item = await service.update_item(session, item_id, data)
    await request.state["cache"].forget(CACHE, item_id)
    return item


@router.delete(
    "/{item_id}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Delete an item",
    responses=documented(service.ItemNotFoundError),
)
async def delete_item(item_id: ItemId, session: SessionDep, request: ServiceRequest) -> None:
    """Remove an item."""
    await service.delete_item(session, item_id)
    await request.state["cache"].forget(CACHE, item_id)
