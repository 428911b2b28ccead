"""The items API."""

from http import HTTPStatus

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ..api import ApiView, valid_body, valid_query
from ..core.problems import UnavailableError
from ..errors import PathError
from ..handler import wait_for
from ..json import MEDIA_TYPE, JSONRenderer
from ..openapi import fails_with
from ..pagination import page_of
from . import service
from .serializers import (
    CREATE_EXAMPLES,
    UPDATE_EXAMPLES,
    ItemCreateSerializer,
    ItemPageSerializer,
    ItemQuerySerializer,
    ItemReadSerializer,
    ItemUpdateSerializer,
)

CACHE = "items"
LARGEST_NUMBER = 2**63 - 1
ITEM_ID = OpenApiParameter(
    "item_id",
    {"type": "integer", "minimum": 1, "maximum": LARGEST_NUMBER, "examples": [1]},
    OpenApiParameter.PATH,
    description="The item's number.",
)


def _number(text: str) -> int:
    digits = text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_NUMBER))
    number = int(text) if digits else 0
    if not 1 <= number <= LARGEST_NUMBER:
        raise PathError({"item_id": ["Must be a number from 1 on."]})
    return number


class ItemListView(ApiView):
    """All items."""

    @extend_schema(
        operation_id="create_item",
        summary="Create an item",
        tags=["items"],
        request=ItemCreateSerializer,
        examples=CREATE_EXAMPLES,
        responses={201: ItemReadSerializer},
    )
    @fails_with(UnavailableError, service.ItemNameTakenError)
    def post(self, request: Request) -> Response:
        """Add an item; the Location header says where it is.

        Only the name is needed: a missing description is empty, a missing quantity 0. A name that
        another item has is refused with 409; unknown fields are refused with 422.
        """
        item = service.create_item(valid_body(ItemCreateSerializer, request))
        location = {"Location": f"{request.path}/{item.pk}"}
        return Response(ItemReadSerializer(item).data, HTTPStatus.CREATED, headers=location)

    @extend_schema(
        operation_id="list_items",
        summary="List items",
        tags=["items"],
        parameters=[ItemQuerySerializer],
        responses={200: ItemPageSerializer},
    )
    @fails_with(UnavailableError)
    def get(self, request: Request) -> Response:
        """Return one page of items, filtered and sorted.

        - **Paging**: `page` counts from 1, and `page_size` is how many items a full page has.
          `total` and `pages` say how many there are; a page behind the last one is empty, which is
          no error.
        - **Filter**: `filter` keeps the items with this text in their name or description, in any
          case. Wildcards mean themselves.
        - **Sort**: `sort` names a field, with a minus sign for falling order; by default the newest
          item comes first. Equals are ordered by their numbers, so that no item is on two pages.

        A parameter that does not fit is refused with 422, and so is one that is not listed here.
        """
        query = valid_query(ItemQuerySerializer, request)
        matching = service.matching_items(query.get("filter", ""), query["sort"])
        return Response(ItemPageSerializer(page_of(matching, query)).data)


class ItemView(ApiView):
    """One item."""

    renderer = JSONRenderer()

    @extend_schema(
        operation_id="read_item",
        summary="Read an item",
        tags=["items"],
        parameters=[ITEM_ID],
        responses={200: ItemReadSerializer},
    )
    @fails_with(UnavailableError, service.ItemNotFoundError)
    def get(self, request: Request, item_id: str) -> HttpResponse:
        """Return one item; 404 where there is none with this number.

        The answer may come from a cache, which forgets an item when it is changed or deleted.
        """
        del request
        number = _number(item_id)
        cache = self.state["cache"]
        kept = wait_for(cache.find(CACHE, number))
        if kept is None:
            kept = self.renderer.render(ItemReadSerializer(service.read_item(number)).data)
            wait_for(cache.keep(CACHE, number, kept))
        return HttpResponse(kept, content_type=MEDIA_TYPE)

    @extend_schema(
        operation_id="update_item",
        summary="Change an item",
        tags=["items"],
        parameters=[ITEM_ID],
        request=ItemUpdateSerializer,
        examples=UPDATE_EXAMPLES,
        responses={200: ItemReadSerializer},
    )
    @fails_with(UnavailableError, service.ItemNotFoundError, service.ItemNameTakenError)
    def patch(self, request: Request, item_id: str) -> Response:
        """Change the fields that are given, and no others.

        No field can be null. An unknown item is 404, and a name that another item has is 409.
        """
        number = _number(item_id)
        values = valid_body(ItemUpdateSerializer, request, partial=True)
        item = service.update_item(number, values)
        wait_for(self.state["cache"].forget(CACHE, number))
        return Response(ItemReadSerializer(item).data)

    @extend_schema(
        operation_id="delete_item",
        summary="Delete an item",
        tags=["items"],
        parameters=[ITEM_ID],
        responses={204: None},
    )
    @fails_with(UnavailableError, service.ItemNotFoundError)
    def delete(self, request: Request, item_id: str) -> Response:
        """Remove an item; 404 where there is none with this number.

        Its number is not given again.
        """
        del request
        number = _number(item_id)
        service.delete_item(number)
        wait_for(self.state["cache"].forget(CACHE, number))
        return Response(status=HTTPStatus.NO_CONTENT)
