"""A Prometheus that scrapes a running service, configured as the service's own file says."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import yaml

from tests.support.project import free_port
from tools.questions import ROOT

UNPACKED = ROOT / "build" / "prometheus" / "usr" / "bin"
"""Where `.ci/run` unpacks Debian's package, which would start a server if it was installed."""
TOKEN = "what-prometheus-sends"  # noqa: S105 -- of a service that lives for a test
START_SECONDS = 90.0


def executable() -> str | None:
    """Return where Prometheus is; None where it is not."""
    return shutil.which("prometheus", path=f"{os.environ['PATH']}{os.pathsep}{UNPACKED}")


@dataclass(frozen=True)
class Prometheus:
    """A Prometheus that runs."""

    url: str

    def ask(self, path: str, **parameters: str) -> Any:
        """Return the data of a response of its API."""
        response = httpx2.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=10)
        return response.raise_for_status().json()["data"]

    def series(self, selector: str) -> list[dict[str, str]]:
        """Return the labels of the series that a selector finds."""
        found: list[dict[str, str]] = self.ask("series", **{"match[]": selector})
        return found

    def firing(self) -> set[str]:
        """Return the names of the alerts that fire."""
        alerts = self.ask("alerts")["alerts"]
        return {each["labels"]["alertname"] for each in alerts if each["state"] == "firing"}

    def is_up(self) -> bool:
        """Return whether it has read its configuration."""
        try:
            return bool(self.ask("targets")["activeTargets"])
        except httpx2.HTTPError:
            return False


@contextmanager
def scraping(url: str, configuration: Path, folder: Path, *, seconds: int) -> Iterator[Prometheus]:
    """Run Prometheus on a service whose METRICS_TOKEN is TOKEN.

    Args:
        url: The running service.
        configuration: Its `prometheus.yml`; only where things are and how often is replaced.
        folder: Where Prometheus works. The rules are in `rules/` there.
        seconds: The interval between two scrapes.
    """
    (folder / "token").write_text(TOKEN)
    settings = yaml.safe_load(configuration.read_text())
    interval = f"{seconds}s"
    settings["global"] = {"scrape_interval": interval, "evaluation_interval": interval}
    del settings["alerting"]
    (job,) = settings["scrape_configs"]
    del job["dns_sd_configs"]
    job["authorization"]["credentials_file"] = str(folder / "token")
    job["static_configs"] = [{"targets": [url.removeprefix("http://")]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
    address = f"127.0.0.1:{free_port()}"
    program = executable()
    assert program, "there is no Prometheus"
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={address}",
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        prometheus = Prometheus(f"http://{address}")
        deadline = time.monotonic() + START_SECONDS
        while not prometheus.is_up():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield prometheus
    finally:
        process.terminate()
        process.wait(10)
