"""Logs of every process that sets Django up: the server, a command, the shell, a worker."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from .. import logs
from ..redaction import Redactor
from ..settings import ServiceSettings


def configure(own: Mapping[str, Any]) -> None:
    """Send all lines through the pipe of slipway_kit.logs; Django calls this with LOGGING."""
    service: ServiceSettings = settings.SERVICE
    redactor = Redactor(service.redact_keys)
    logs.configure(service.log_level, service.chosen_log_format, redactor, own=own)


def own_logging() -> Mapping[str, Any]:
    """Return LOGGING, for what configures the logs once more, with settings of its own."""
    own: Mapping[str, Any] = settings.LOGGING
    return own
