"""Runs restic and the tools of a database."""

import subprocess
import sys
import time
from typing import Any

LOCK_SECONDS = 600


class BackupError(Exception):
    """A database cannot be read."""


def run(*command: str, env: dict[str, str], **options: Any) -> None:
    """Run a command, and wait where another restic has locked the repository."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        done = subprocess.run(  # noqa: S603 -- no shell
            command, env=env, stderr=subprocess.PIPE, text=True, check=False, **options
        )
        if done.returncode == 0:
            return
        if "already locked" not in done.stderr or time.monotonic() > deadline:
            sys.exit(f"{command[0]}: {done.stderr.strip() or f'exit status {done.returncode}'}")
        time.sleep(1)
