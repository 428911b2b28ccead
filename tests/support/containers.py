"""A container engine through the plain `docker` client: images, containers, Compose projects."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiosmtpd
import attr
import public

from tests.support import mail
from tools.environment import without_settings

SECONDS = 300
PATIENCE = 60.0
PROXY = "caddy:2.11"
_BASE = "python:3.13-slim-trixie"
# Where the image cannot be pulled: the same program from its wheel, with the wget of the original.
_PROXY_STAND_IN = f"""FROM {_BASE}
RUN apt-get update && apt-get install --yes --no-install-recommends wget && mkdir /data /config
COPY caddy /usr/bin/caddy
ENV XDG_CONFIG_HOME=/config XDG_DATA_HOME=/data
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
"""
# As the original: another user's, who may write its one folder.
_PROMETHEUS_STAND_IN = f"""FROM {_BASE}
RUN apt-get update && apt-get install --yes --no-install-recommends wget
COPY prometheus /bin/prometheus
RUN install --directory --owner=nobody --group=nogroup /prometheus
USER nobody
ENTRYPOINT ["/bin/prometheus"]
"""
_MAIL = "slipway-test-mail"
_MAIL_SERVER = f"""FROM {_BASE}
COPY packages /packages
COPY mail.py /packages/tests/support/mail.py
ENV PYTHONPATH=/packages
CMD ["python", "-m", "tests.support.mail", "/mails", "0.0.0.0", "1025"]
"""


def docker(*arguments: str, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run docker; its output is shown when it fails."""
    done = subprocess.run(
        ["docker", *arguments],
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        timeout=SECONDS,
        **options,
    )
    if check and done.returncode:
        raise AssertionError(
            f"docker {' '.join(arguments)} exited {done.returncode}:\n{done.stdout}"
        )
    return done


def why_not() -> str | None:
    """Return why no container can run here; None where one can."""
    if not shutil.which("docker"):
        return "there is no docker"
    if docker("info", check=False).returncode:
        return "docker reaches no engine (DOCKER_HOST)"
    if docker("compose", "version", check=False).returncode:
        return "docker has no compose"
    return None


def build(folder: Path, tag: str, *arguments: str) -> float:
    """Build an image; return the seconds that it took."""
    started = time.monotonic()
    docker("build", "--tag", tag, *arguments, str(folder))
    return time.monotonic() - started


def megabytes(image: str) -> float:
    """Return the size of an image."""
    if docker("image", "inspect", image, check=False).returncode:
        docker("pull", "--quiet", image)
    return int(docker("image", "inspect", "--format", "{{.Size}}", image).stdout) / 1e6


def provide_proxy() -> None:
    """Make sure that the proxy's image is here: pulled, or made of its program from the wheel."""
    _provide(PROXY, Path(sys.executable).parent / "caddy", _PROXY_STAND_IN)


def provide_prometheus(image: str) -> None:
    """Make sure that Prometheus' image is here: pulled, or made of the program of this machine."""
    program = shutil.which("prometheus")
    assert program, "Debian's package prometheus has it"
    _provide(image, Path(program), _PROMETHEUS_STAND_IN)


def _provide(image: str, program: Path, dockerfile: str) -> None:
    if not docker("image", "inspect", image, check=False).returncode:
        return
    if not docker("pull", "--quiet", image, check=False).returncode:
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        shutil.copy(program, folder / program.name)
        (folder / "Dockerfile").write_text(dockerfile)
        build(folder, image)


def mail_server() -> str:
    """Return an image of the SMTP server of the tests: on port 1025, it keeps mails in /mails."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for package in (aiosmtpd, attr, public):
            path = Path(next(iter(package.__path__)))
            shutil.copytree(path, folder / "packages" / path.name)
        shutil.copy(mail.__file__, folder / "mail.py")
        (folder / "Dockerfile").write_text(_MAIL_SERVER)
        build(folder, _MAIL)
    return _MAIL


@dataclass(frozen=True)
class Container:
    """A container that runs, or has run."""

    name: str

    def inspect(self) -> dict[str, Any]:
        """Return what the engine knows of it."""
        (found,) = json.loads(docker("inspect", self.name).stdout)
        known: dict[str, Any] = found
        return known

    def logs(self) -> str:
        """Return what it has written so far."""
        return docker("logs", self.name).stdout

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in it."""
        return docker("exec", self.name, *command, check=check)

    def wait_for_health(self, wanted: str) -> None:
        """Wait until the image's own health check says healthy, or unhealthy."""
        deadline = time.monotonic() + PATIENCE
        while (state := self.inspect()["State"]).get("Health", {}).get("Status") != wanted:
            assert state["Running"], f"it has ended:\n{self.logs()}"
            assert time.monotonic() < deadline, f"{state}\n{self.logs()}"
            time.sleep(0.2)

    def stop(self) -> tuple[int, float]:
        """Send SIGTERM; return the exit status and the seconds until the end."""
        started = time.time()
        docker("kill", "--signal=TERM", self.name)
        status = int(docker("wait", self.name).stdout)
        # Not the time of asking: on a busy machine the client takes its own.
        finished = datetime.fromisoformat(self.inspect()["State"]["FinishedAt"])
        return status, finished.timestamp() - started


@contextmanager
def running(image: str, *options: str, command: tuple[str, ...] = ()) -> Iterator[Container]:
    """Run an image as a container, gone afterwards."""
    container = Container(f"slipway-{uuid.uuid4().hex[:12]}")
    docker("run", "--detach", f"--name={container.name}", *options, image, *command)
    try:
        yield container
    finally:
        docker("kill", container.name, check=False)  # some engines' rm would wait for it to drain
        docker("rm", "--force", "--volumes", container.name)


@dataclass(frozen=True)
class Composed:
    """A Compose project of a rendered service."""

    folder: Path
    file: str
    variables: Mapping[str, str]
    name: str = field(default_factory=lambda: f"slipway-{uuid.uuid4().hex[:12]}")

    def compose(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run docker compose on it."""
        return docker(
            *("compose", "--file", self.file, "--project-name", self.name, *arguments),
            check=check,
            cwd=self.folder,
            env=without_settings(os.environ, self.folder) | dict(self.variables),
        )

    def up(self, *options: str) -> float:
        """Start it and wait until all of it is healthy; return the seconds that it took."""
        started = time.monotonic()
        done = self.compose(
            *("up", "--detach", "--wait", "--wait-timeout=120", *options), check=False
        )
        assert not done.returncode, done.stdout + self.compose("logs", "--tail=20").stdout
        return time.monotonic() - started

    def down(self, *, volumes: bool = False) -> None:
        """Stop it and remove its containers and networks."""
        # With what no longer is wanted: a profile keeps its containers from a plain `down`.
        self.compose("--profile=*", "down", "--timeout=20", *(["--volumes"] if volumes else []))

    def container(self, service: str) -> Container:
        """Return the first container of one of its services."""
        return Container(f"{self.name}-{service}-1")


@contextmanager
def composed(
    folder: Path, file: str, variables: Mapping[str, str], *options: str
) -> Iterator[Composed]:
    """Start a Compose project, with options of `up`; it is gone afterwards with its data."""
    project = Composed(folder, file, variables)
    try:
        project.up(*options)
        yield project
    finally:
        project.down(volumes=True)
