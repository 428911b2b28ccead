"""Lists in pages."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Model, QuerySet
from pydantic import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ..pagination import Page, PageQuery
from .errors import QueryError


class Pages(BasePagination):
    """Pages by number; a page behind the last one is empty."""

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any]:
        """Return the entries of the page that a query asks for.

        Raises:
            QueryError: There can be no such page.
        """
        del view
        given = request.query_params.dict()
        try:
            self.query = PageQuery(
                **{name: given[name] for name in self._fields() if name in given}
            )
        except ValidationError as error:
            told = {str(each["loc"][0]): [each["msg"]] for each in error.errors()}
            raise QueryError(told) from None
        entries, self.total = part_of(queryset, self.query)
        return entries

    def get_paginated_response(self, data: Any) -> Response:
        """Return a page."""
        return Response(Page[Any].of(data, self.total, self.query).model_dump())

    def get_paginated_response_schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return the schema of a page, for that of its list."""
        page = Page[Any].model_json_schema()
        del page["title"]
        page["properties"]["items"] |= schema
        return page

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """Return the query's parameters as the OpenAPI schema has them."""
        del view
        return [
            {
                "name": name,
                "in": "query",
                "description": schema.pop("description"),
                "schema": schema,
            }
            for name, schema in self._fields().items()
        ]

    def _fields(self) -> dict[str, dict[str, Any]]:
        fields: dict[str, dict[str, Any]] = PageQuery.model_json_schema()["properties"]
        return fields


def part_of[Row: Model](matching: QuerySet[Row], query: PageQuery) -> tuple[list[Row], int]:
    """Return the entries on the page of a query, and how many there are on all pages."""
    total = matching.count()
    end = query.offset + query.page_size
    # What lies behind the end is not asked for: the offset could be huge.
    return list(matching[query.offset : end]) if query.offset < total else [], total
