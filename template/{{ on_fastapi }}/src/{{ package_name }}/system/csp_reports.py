"""Where browsers report what the Content-Security-Policy has blocked."""

from fastapi import APIRouter, Depends, Request, Response

from slipway_kit.csp_reports import LARGEST_BYTES, PATH, log_report
from slipway_kit.fastapi.public import PUBLIC

router = APIRouter(include_in_schema=False, dependencies=[Depends(PUBLIC)])


@router.post(PATH, status_code=204, max_body_size=LARGEST_BYTES)
async def take_csp_report(request: Request) -> Response:
    """Log a report."""
    log_report(await request.body())
    return Response(status_code=204)
