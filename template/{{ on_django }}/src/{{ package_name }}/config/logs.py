"""Logs of every process that sets Django up: the server, a command, the shell, a worker."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from slipway_kit import logs
from slipway_kit.redaction import Redactor

from .environment import SETTINGS


def configure(own: Mapping[str, Any]) -> None:
    """Send all lines through the pipe of slipway_kit.logs; Django calls this with LOGGING."""
    redactor = Redactor(SETTINGS.redact_keys)
    logs.configure(SETTINGS.log_level, SETTINGS.chosen_log_format, redactor, own=own)


def own_logging() -> Mapping[str, Any]:
    """Return LOGGING, for what configures the logs once more, with settings of its own."""
    own: Mapping[str, Any] = settings.LOGGING
    return own
