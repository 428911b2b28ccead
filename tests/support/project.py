"""A rendered service on disk, and as a running process."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil
import yaml

from tests.support.processes import send
from tools.environment import without_settings
from tools.interpreters import runnable_version, uv_environment
from tools.questions import Answers

START_SECONDS = 120.0
STOP_SECONDS = 60.0
_NOT_FOR_SERVICES = (
    *("PYTEST_ADDOPTS", "VIRTUAL_ENV"),
    # Without bytecode each start of a service compiles all that it imports: 3 s of CPU.
    "PYTHONDONTWRITEBYTECODE",
)


@dataclass(frozen=True)
class Project:
    """A rendered service."""

    path: Path

    @property
    def answers(self) -> Answers:
        """What it was rendered with."""
        answers: Answers = yaml.safe_load((self.path / ".copier-answers.yml").read_text())
        return answers

    @property
    def python_version(self) -> str:
        """The minor version that it runs on here."""
        return runnable_version(self.answers["python_version"])

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment in which its commands run: the machine's, and no settings."""
        environment = without_settings(uv_environment(self.python_version), self.path)
        for name in _NOT_FOR_SERVICES:
            environment.pop(name, None)
        return environment | {"UV_PYTHON": self.python_version} | dict(extra or {})

    def run(
        self,
        *command: str,
        check: bool = True,
        env: Mapping[str, str] | None = None,
        text: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the project on a text; its output is shown when it fails."""
        done = subprocess.run(
            command,
            cwd=self.path,
            env=self.environment(env),
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            input=text,
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)} exited {done.returncode}:\n{done.stdout}")
        return done

    def make(
        self, *arguments: str, check: bool = True, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one of its commands."""
        return self.run("make", *arguments, check=check, env=env)

    def install(self) -> None:
        """Install what it needs, once."""
        if not (self.path / ".venv").exists():
            self.make("install")

    @contextmanager
    def serving(
        self,
        env: Mapping[str, str] | None = None,
        *,
        target: str = "serve",
        arguments: Sequence[str] = (),
    ) -> Iterator["Running"]:
        """Serve it by its own command on a free port of the loopback interface."""
        port = free_port()
        # A test that is about draining says so; the others need not wait for it.
        settings = {"HOST": "127.0.0.1", "PORT": str(port), "DRAIN_SECONDS": "0"}
        log = self.path / f".serve-{port}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                ["make", target, *arguments],
                cwd=self.path,
                env=self.environment(settings | dict(env or {})),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        running = Running(process, f"http://127.0.0.1:{port}", log)
        try:
            running.wait_until_live()
            yield running
        except BaseException:
            print(running.output()[-20_000:])  # which pytest shows beside the failure
            raise
        finally:
            running.end()
            log.unlink(missing_ok=True)


@dataclass
class Running:
    """A service that serves."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def output(self) -> str:
        """Return what it has written so far."""
        return self.log.read_text()

    def wait_until_live(self) -> None:
        """Wait for its first answer."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                httpx2.get(f"{self.url}/health/live", timeout=1).raise_for_status()
            except httpx2.HTTPError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"{self.url} does not respond:\n{self.output()}") from None
                time.sleep(0.05)
            else:
                return

    def server(self) -> psutil.Process:
        """Return the server's own process: the first Python below make and uv."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if child.name().startswith("python"):
                    return child
        raise AssertionError(f"no server below make:\n{self.output()}")

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        """Ask the server to stop; return the exit status that its command ends with."""
        self.server().send_signal(signal_number)
        return self.process.wait(STOP_SECONDS)

    def end(self) -> None:
        """End whatever is left of it."""
        with suppress(psutil.NoSuchProcess):
            send(psutil.Process(self.process.pid).children(recursive=True), signal.SIGKILL)
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
