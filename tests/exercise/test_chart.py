"""The rendered chart, played by Podman with PostgreSQL and Redis: there is no cluster here."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.support import containers, pods
from tests.support.conformance import UNHURRIED, conforms
from tests.support.containers import docker
from tests.support.pods import Cluster, cluster
from tests.support.project import Project, free_port
from tests.support.rendering import Render
from tests.support.variants import on_each_framework

MISSING = pods.why_not()
pytestmark = [
    pytest.mark.skipif(MISSING is not None, reason=f"no manifest can be played here: {MISSING}"),
    pytest.mark.xdist_group("docker"),
    on_each_framework,
]
PATIENCE_SECONDS = 90
DRAIN_SECONDS = 3
# What the conformance suite wants: its clients come from this host, and are of no listed origin.
VALUES = (
    "--set=host=127.0.0.1",
    f"--set-json=config.DRAIN_SECONDS={DRAIN_SECONDS}",
    f"--set-string=config.CORS_ORIGINS=,config.RATE_LIMIT_DEFAULT={UNHURRIED['RATE_LIMIT_DEFAULT']}",
)
# As staging's proxy, the ingress keeps them from the public.
METRICS = "not test_7_metrics and not test_metrics_are_there"


@pytest.fixture(scope="module")
def project(rendered: Render, framework: str) -> Project:
    answers = {"framework": framework, "kubernetes": True, "jobs": True, "auth": "none"}
    project = rendered({**answers, "project_name": "Played Service"})
    project.make("secrets")
    return project


@pytest.fixture(scope="module")
def image(project: Project, framework: str) -> Iterator[str]:
    name = f"slipway-test-chart-{framework}:one"
    containers.build(project.path, name)
    yield name
    docker("image", "rm", "--force", name)


@pytest.fixture
def release(project: Project, image: str) -> Iterator[Cluster]:
    with cluster(project, image, *VALUES) as made:
        yield made


def _eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)


def _status(port: int, path: str) -> int:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}{path}", timeout=5).status_code
    except httpx2.TransportError:
        return 0


def _checks(port: int) -> dict[str, str]:
    report = httpx2.get(f"http://127.0.0.1:{port}/health", timeout=5).json()
    return {name: each["status"] for name, each in report["checks"].items()}


def test_a_release_comes_up_keeps_the_contract_and_drains(
    release: Cluster,
    project: Project,
    framework: str,
    record_property: Callable[[str, object], None],
) -> None:
    api, worker = free_port(), free_port()
    container = release.run("", port=api)

    # Un-migrated, it lives and gets no traffic.
    _eventually(lambda: _status(api, "/health/live") == 200)
    _eventually(lambda: _status(api, "/health/ready") == 503)
    _eventually(
        lambda: (
            _checks(api) == {"database": "healthy", "migrations": "unhealthy", "cache": "healthy"}
        )
    )

    release.migrate()
    release.run("-worker", port=worker)
    _eventually(lambda: _status(api, "/health/ready") == 200)
    _eventually(lambda: _status(worker, "/health/ready") == 200)

    status = container.run("cat", "/proc/1/status").stdout
    assert "Uid:\t10001" in status
    assert "CapEff:\t0000000000000000" in status
    assert container.run("touch", "/app/x", check=False).returncode
    passed = conforms(f"http://127.0.0.1:{api}", project, ["--environment=staging", "-k", METRICS])
    record_property(f"conformance {framework}", len(passed))

    with ThreadPoolExecutor() as pool:
        ended = pool.submit(container.stop)
        _eventually(lambda: _status(api, "/health/ready") == 503)
        assert _status(api, "/") == 200
        assert ended.result()[0] == 0
