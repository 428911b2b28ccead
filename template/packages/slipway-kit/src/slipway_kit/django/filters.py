"""The queries of lists."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django_filters.rest_framework import DjangoFilterBackend, FilterSet
from django_filters.utils import translate_validation

from ..problems import MOST_ERRORS
from .errors import QueryError


class ClosedFilterBackend(DjangoFilterBackend):
    """Filters by a view's `filterset_class`; refuses unknown parameters, which may be misspelt."""

    def filter_queryset(self, request: HttpRequest, queryset: QuerySet[Any], view: Any) -> Any:
        """Return what matches the query.

        Raises:
            QueryError: The query does not fit.
        """
        filters: FilterSet = view.filterset_class(
            **self.get_filterset_kwargs(request, queryset, view)
        )
        pages = view.paginator.get_schema_operation_parameters(view)
        known = {*filters.filters, *(each["name"] for each in pages)}
        told: Any = translate_validation(filters.errors)  # an exception, whatever its stubs say
        errors = told.detail
        unknown = [name for name in request.GET if name not in known][:MOST_ERRORS]
        errors |= {name: ["Extra inputs are not permitted"] for name in unknown}
        if errors:
            raise QueryError(errors)
        return filters.qs
