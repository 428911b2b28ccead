"""The audit API."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from slipway_kit.accounts.audit_schemas import AuditPage, AuditQuery, AuditRead
from slipway_kit.django.openapi import error_responses
from slipway_kit.django.pagination import part_of
from slipway_kit.django.pydantic_views import json_response, query_of, query_parameters
from slipway_kit.django.service_views import ServiceView
from slipway_kit.problems import UnavailableError

from ..auth.current import IsAdmin
from . import service


class AuditView(ServiceView):
    """The audit trail."""

    permission_classes = (IsAdmin,)

    @extend_schema(
        operation_id="list_audit_entries",
        summary="List audit entries",
        tags=["audit"],
        parameters=query_parameters(AuditQuery),
        responses={200: AuditPage},
    )
    @error_responses(UnavailableError)
    def get(self, request: Request) -> HttpResponse:
        """Return one page of the audit trail, the newest entries first.

        Filters add up. Nothing changes an entry, and only the service's own command removes those
        that are old: there is no other operation here.
        """
        query = query_of(AuditQuery, request)
        found, total = part_of(service.matching_entries(query), query)
        entries = [AuditRead.model_validate(entry) for entry in found]
        return json_response(AuditPage.of(entries, total, query))
