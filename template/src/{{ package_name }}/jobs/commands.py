"""The commands that have to do with jobs."""

from typing import Any

from procrastinate import App

from slipway_kit.jobs.commands import JobCommands

from .database import connected, is_stored


def add_commands(commands: Any) -> None:
    """Add the commands to those of the service."""
    JobCommands(__package__.partition(".")[0], is_stored, connected, _tasks).add_to(commands)


def _tasks() -> App:
    from .app import jobs  # noqa: PLC0415 -- Django is to be set up before

    return jobs
