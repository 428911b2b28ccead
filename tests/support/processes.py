"""Processes of servers, which start and end others at any moment."""

from collections.abc import Iterable
from contextlib import suppress

import psutil


def family(process: psutil.Process) -> list[psutil.Process]:
    """Return a process and all that it has started, itself and through others."""
    return [process, *process.children(recursive=True)]


def send(processes: Iterable[psutil.Process], number: int) -> None:
    """Send a signal to those of the processes that have not ended meanwhile."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def has_ended(process: psutil.Process) -> bool:
    """Return whether a process has ended, also where nobody has waited for it."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def serves(process: psutil.Process, port: int) -> bool:
    """Return whether a process has a connection from a port."""
    try:
        return any(each.raddr and each.raddr.port == port for each in process.net_connections())
    except psutil.NoSuchProcess:
        return False
