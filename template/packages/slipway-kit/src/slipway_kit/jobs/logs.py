"""Keeps the arguments of jobs, which may be secret, out of the logs."""

import logging

_QUOTING = ("jobs", "periodic", "worker", "worker.worker")
"""The loggers whose lines may quote arguments; what they say of jobs, the service says itself."""


class _WithoutArguments(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING and not hasattr(record, "job")


def quieten() -> None:
    """Drop the lines of Procrastinate that may quote arguments, at whichever level it logs."""
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    for name in _QUOTING:
        each = logging.getLogger(f"procrastinate.{name}")
        if not each.filters:
            each.addFilter(_WithoutArguments())
