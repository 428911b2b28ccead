"""The items API."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Body, Path, Query, Response

from ..core.problems import UnavailableError
from ..db.session import SessionDep
from ..errors import documented
from ..openapi import LOCATED
from ..routes import SliceRouter
from ..state import ServiceRequest
from . import service
from .models import Item
from .schemas import (
    CREATE_EXAMPLES,
    UPDATE_EXAMPLES,
    ItemCreate,
    ItemPage,
    ItemQuery,
    ItemRead,
    ItemUpdate,
)

router = SliceRouter(
    prefix="/items",
    tags={"items": "Things that are kept in stock."},
    responses=documented(UnavailableError),
)

CACHE = "items"
ItemId = Annotated[int, Path(description="The item's number.", ge=1, le=2**63 - 1, examples=[1])]
NewItem = Annotated[ItemCreate, Body(openapi_examples=CREATE_EXAMPLES)]
ItemChange = Annotated[ItemUpdate, Body(openapi_examples=UPDATE_EXAMPLES)]


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    response_model=ItemRead,
    summary="Create an item",
    responses=LOCATED | documented(service.ItemNameTakenError),
)
async def create_item(
    data: NewItem, session: SessionDep, request: ServiceRequest, response: Response
) -> Item:
    """Add an item; the Location header says where it is.

    Only the name is needed: a missing description is empty, a missing quantity 0. A name that
    another item has is refused with 409; unknown fields are refused with 422.
    """
    item = await service.create_item(session, data)
    response.headers["Location"] = f"{request.url.path}/{item.id}"
    return item


@router.get("", summary="List items")
async def list_items(query: Annotated[ItemQuery, Query()], session: SessionDep) -> ItemPage:
    """Return one page of items, filtered and sorted.

    - **Paging**: `page` counts from 1, and `page_size` is how many items a full page has. `total`
      and `pages` say how many there are; a page behind the last one is empty, which is no error.
    - **Filter**: `filter` keeps the items with this text in their name or description, in any
      case. Wildcards mean themselves.
    - **Sort**: `sort` names a field, with a minus sign for falling order; by default the newest
      item comes first. Equals are ordered by their numbers, so that no item is on two pages.

    A parameter that does not fit is refused with 422, and so is one that is not listed here.
    """
    items, total = await service.list_items(session, query)
    return ItemPage.of([ItemRead.model_validate(item) for item in items], total, query)


@router.get(
    "/{item_id}",
    response_model=ItemRead,
    summary="Read an item",
    responses=documented(service.ItemNotFoundError),
)
async def read_item(item_id: ItemId, session: SessionDep, request: ServiceRequest) -> Response:
    """Return one item; 404 where there is none with this number.

    The answer may come from a cache, which forgets an item when it is changed or deleted.
    """

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
    item_id: ItemId, data: ItemChange, session: SessionDep, request: ServiceRequest
) -> Item:
    """Change the fields that are given, and no others.

    No field can be null. An unknown item is 404, and a name that another item has is 409.
    """
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
    """Remove an item; 404 where there is none with this number.

    Its number is not given again.
    """
    await service.delete_item(session, item_id)
    await request.state["cache"].forget(CACHE, item_id)
