"""The audit API."""

from typing import Annotated

from fastapi import APIRouter, Query

from slipway_kit.accounts.audit_schemas import AuditPage, AuditQuery, AuditRead
from slipway_kit.fastapi.errors import documented
from slipway_kit.fastapi.session import READ_ONLY, SessionDep
from slipway_kit.problems import UnavailableError

from ..auth.current import ADMIN_ERRORS, CurrentAdmin
from . import service

router = APIRouter(
    prefix="/audit",
    tags=["audit"],
    responses=documented(UnavailableError, *ADMIN_ERRORS),
)


@router.get("", summary="List audit entries", dependencies=[READ_ONLY])
async def list_audit_entries(
    query: Annotated[AuditQuery, Query()], _: CurrentAdmin, session: SessionDep
) -> AuditPage:
    """Return one page of the audit trail, the newest entries first.

    Filters add up. Nothing changes an entry, and only the service's own command removes those that
    are old: there is no other operation here.
    """
    entries, total = await service.list_entries(session, query)
    return AuditPage.of([AuditRead.model_validate(entry) for entry in entries], total, query)
