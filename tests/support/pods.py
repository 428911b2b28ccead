"""Rendered manifests of Kubernetes, played by Podman behind Docker's API; there is no cluster.

Podman plays Pods, ConfigMaps and Secrets. A Deployment is played as one pod of its template. Probes
are left out, for Podman runs them by a program that the image lacks: tests ask in their place.
"""

import os
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import yaml

from tests.support import chart, containers
from tests.support.chart import Object
from tests.support.containers import Container, docker
from tests.support.project import Project

_PATIENCE = 120.0
# It holds a pod's network. Where Podman finds no program for that, it looks for an image first.
_PAUSE = 'FROM python:3.13-slim-trixie\nENTRYPOINT ["sleep", "infinity"]\nSTOPSIGNAL SIGKILL\n'


def why_not() -> str | None:
    """Return why no manifest can be played here; None where one can."""
    missing = chart.MISSING or containers.why_not()
    if missing:
        return missing
    if not os.environ.get("DOCKER_HOST", "").startswith("unix://"):
        return "DOCKER_HOST names no socket of Podman"
    with _engine() as engine:
        if engine.get("/info").status_code != httpx2.codes.OK:
            return "the engine is not Podman, which plays manifests"
    return None


def _engine() -> httpx2.Client:
    socket = os.environ["DOCKER_HOST"].removeprefix("unix://")
    transport = httpx2.HTTPTransport(uds=socket)
    return httpx2.Client(transport=transport, base_url="http://podman/v5.0.0/libpod", timeout=300)


@dataclass
class Cluster:
    """A network with PostgreSQL and Redis, where the pods of one release are played.

    Attributes:
        project: The service.
        image: Its image.
        values: Options of Helm besides.
    """

    project: Project
    image: str
    values: tuple[str, ...] = ()
    name: str = field(default_factory=lambda: f"slipway-{uuid.uuid4().hex[:8]}")
    _played: list[str] = field(default_factory=list)

    def objects(self) -> list[Object]:
        """Return what the chart renders to."""
        name, _, tag = self.image.partition(":")
        options = (f"--set=image.repository={name},image.tag={tag}", *self.values)
        return chart.objects(self.project, *options, stage="staging", release=self.name)

    def run(self, workload: str, *, port: int | None = None, suffix: str = "") -> Container:
        """Start a pod of a Deployment or a Job; its container is published on a port of loopback.

        Args:
            workload: What follows the release's name in the name of the Deployment or the Job.
            port: Where the port that the Service leads to is published.
            suffix: What is added to the name, for another pod of the same.
        """
        found = self.objects()
        name = self.name + workload
        (owner,) = (
            each
            for each in found
            if each["kind"] in {"Deployment", "Job"} and each["metadata"]["name"] == name
        )
        template = owner["spec"]["template"]
        (container,) = template["spec"]["containers"]
        for probe in [key for key in container if key.endswith("Probe")]:
            del container[probe]
        options = {"network": self.name}
        if port is not None:
            service = chart.named("Service", name, found)["spec"]["ports"][0]
            (listens,) = (p for p in container["ports"] if p["name"] == service["targetPort"])
            options["publishPorts"] = f"127.0.0.1:{port}:{listens['containerPort']}"
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name + suffix, "labels": template["metadata"]["labels"]},
            "spec": template["spec"],
        }
        configs = [each for each in found if each["kind"] == "ConfigMap"]
        self._play([*configs, self._secret(), pod], options)
        self._played.append(name + suffix)
        return Container(f"{name}{suffix}-{container['name']}")

    def _secret(self) -> Object:
        """Return the Secret as its operator makes it, from the files of `make secrets`."""
        texts = {path.name: path.read_text() for path in (self.project.path / "secrets").iterdir()}
        texts["database_url"] = f"postgresql://service:service@{self.name}-postgres/service"
        texts["redis_url"] = f"redis://{self.name}-redis:6379/0"
        metadata = {"name": self.name}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": texts}

    @staticmethod
    def _play(among: list[Object], options: dict[str, Any]) -> None:
        with _engine() as engine:
            done = engine.post("/play/kube", params=options, content=yaml.safe_dump_all(among))
        assert done.status_code == httpx2.codes.OK, done.text
        errors = [e for pod in done.json()["Pods"] for e in pod.get("ContainerErrors") or []]
        assert not errors, errors

    def migrate(self) -> None:
        """Run the Job of migrations to its end."""
        self.remove("-migrate")
        container = self.run("-migrate")
        deadline = time.monotonic() + _PATIENCE
        while (state := container.inspect()["State"])["Status"] not in {"exited", "stopped"}:
            assert time.monotonic() < deadline, container.logs()
            time.sleep(0.2)
        assert state["ExitCode"] == 0, container.logs()

    def remove(self, pod: str) -> None:
        """Remove a pod, by what follows the release's name."""
        with _engine() as engine:
            engine.delete(f"/pods/{self.name}{pod}", params={"force": "true", "timeout": "0"})

    def down(self) -> None:
        """Remove all that was played."""
        for name in self._played:
            self.remove(name.removeprefix(self.name))
        with _engine() as engine:
            engine.delete(f"/secrets/{self.name}")


@contextmanager
def cluster(project: Project, image: str, *values: str) -> Iterator[Cluster]:
    """Provide PostgreSQL and Redis in a network for a release's pods; all is gone afterwards."""
    _provide_pause()
    made = Cluster(project, image, values)
    with ExitStack() as stack:
        docker("network", "create", made.name)
        stack.callback(docker, "network", "rm", made.name, check=False)
        server = tuple(
            f"--env={each}"
            for each in ("LANG=C.UTF-8", "POSTGRES_USER=service", "POSTGRES_PASSWORD=service")
        )
        for name, options in (("postgres", (*server, "postgres:17")), ("redis", ("redis:8",))):
            full = f"{made.name}-{name}"
            docker("run", "--detach", f"--name={full}", f"--network={made.name}", *options)
            stack.callback(docker, "rm", "--force", "--volumes", full, check=False)
        postgres = Container(f"{made.name}-postgres")
        deadline = time.monotonic() + _PATIENCE
        ask = ("pg_isready", "--host=127.0.0.1", "--username=service")
        while postgres.run(*ask, check=False).returncode:
            assert time.monotonic() < deadline, postgres.logs()
            time.sleep(0.2)
        stack.callback(made.down)
        yield made


def _provide_pause() -> None:
    with _engine() as engine:
        version = engine.get("/info").json()["version"]
    image = f"localhost/podman-pause:{version['Version']}-{version['Built']}"
    if not docker("image", "inspect", image, check=False).returncode:
        return
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "Dockerfile").write_text(_PAUSE)
        containers.build(Path(folder), image)
