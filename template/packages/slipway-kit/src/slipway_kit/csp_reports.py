"""What browsers report of a Content-Security-Policy: what a page wanted, and the policy blocked."""

import json
import logging
from typing import Any
from urllib.parse import urlsplit

from .problems import BodyTooLargeError, UnreadableBodyError

PATH = "/csp-reports"
LARGEST_BYTES = 16_384
_LONGEST = 200
_NO_REPORT = (ValueError, KeyError, TypeError, AttributeError, RecursionError)

logger = logging.getLogger(__name__)


def log_report(body: bytes) -> None:
    """Log a report, in one line of bounded length: anyone can send one.

    Args:
        body: The request's, of the media type application/csp-report (CSP Level 3, 5.3).

    Raises:
        BodyTooLargeError: It is larger than browsers send.
        UnreadableBodyError: It is no report.
    """
    if len(body) > LARGEST_BYTES:
        raise BodyTooLargeError
    try:
        report = json.loads(body)["csp-report"]
        page, blocked = (str(report.get(f"{name}-uri", "")) for name in ("document", "blocked"))
        directive = report.get("effective-directive") or report["violated-directive"]
        fields = {"page": _place(page), "blocked": _place(blocked), "directive": directive}
    except _NO_REPORT:
        raise UnreadableBodyError("This is no report of application/csp-report.") from None
    logger.warning("csp_violation", extra={name: _short(each) for name, each in fields.items()})


def _place(url: str) -> str:
    """Leave out what may be secret: queries, fragments and users."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{parts.path}" if parts.hostname else parts.path


def _short(value: Any) -> str:
    return str(value)[:_LONGEST]
