"""README's first command, as a user runs it."""

import re
from collections.abc import Iterator
from typing import TypeAlias

import httpx2
import pexpect
import psutil
import pytest

from tests.support.processes import has_ended
from tests.support.project import free_port
from tools.questions import ROOT

PATIENCE = 300
"""Seconds; on a fresh machine everything is downloaded first."""
Terminal: TypeAlias = "pexpect.spawn[str]"


@pytest.fixture
def demo() -> Iterator[tuple[Terminal, str]]:
    """`make demo` in a terminal, and where it will answer."""
    port = free_port()
    command = pexpect.spawn(
        "/usr/bin/env", ["-u", "MAKEFLAGS", "-u", "MAKELEVEL", f"PORT={port}", "make", "demo"],
        cwd=str(ROOT), encoding="utf-8", timeout=PATIENCE,
    )  # fmt: skip
    yield command, f"http://127.0.0.1:{port}"
    command.close(force=True)


def test_the_demo_responds_and_ctrl_c_leaves_nothing_running(
    demo: tuple[Terminal, str],
) -> None:
    command, url = demo

    command.expect(f"on {url}")
    # "Application startup complete" comes before it listens.
    command.expect("Uvicorn running on")
    assert httpx2.get(url).json()["name"] == "My Service"
    assert httpx2.get(f"{url}/docs").status_code == 200
    person = {"email": "ann@example.com", "password": "correct horse battery staple"}
    httpx2.post(f"{url}/api/v1/auth/register", json=person).raise_for_status()
    command.expect("Subject: .*confirm your email address")
    command.expect(r"\n([\w-]{43})\r?\n")
    assert isinstance(command.match, re.Match)
    token = {"token": command.match[1]}
    httpx2.post(f"{url}/api/v1/auth/verify-email", json=token).raise_for_status()
    pair = httpx2.post(f"{url}/api/v1/auth/login", json=person).raise_for_status().json()
    caller = {"Authorization": f"Bearer {pair['access_token']}"}
    assert httpx2.get(f"{url}/api/v1/items", headers=caller).json()["total"] == 0
    family = psutil.Process(command.pid).children(recursive=True)

    command.sendintr()
    command.expect(pexpect.EOF)

    _, alive = psutil.wait_procs(family, timeout=PATIENCE)
    assert [process for process in alive if not has_ended(process)] == []
