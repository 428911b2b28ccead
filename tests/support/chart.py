"""The Helm chart of a rendered service, as Helm itself renders it."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.support.project import Project

Object = dict[str, Any]
MISSING = None if shutil.which("helm") else "there is no helm: https://helm.sh/docs/intro/install"
# Of packages that a cluster may have; Kubernetes' own schemas do not know them.
FOREIGN = {"ExternalSecret", "HTTPRoute", "PrometheusRule", "ServiceMonitor"}


def package(project: Project) -> Path:
    """Return the folder of the chart as `make chart` packages it."""
    folder = project.path / "build" / "chart"
    if not folder.exists():
        project.make("chart")
    return folder


def helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Helm; it has no cluster."""
    return subprocess.run(
        ["helm", *arguments], check=False, text=True, capture_output=True, timeout=60
    )


def objects(
    project: Project, *options: str, stage: str = "production", release: str = "release"
) -> list[Object]:
    """Return what the chart renders to, with a stage's values and options like `--set=host=x`."""
    chart = package(project)
    done = helm("template", release, chart, f"--values={chart}/values-{stage}.yaml", *options)
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def refusal(project: Project, *options: str) -> str:
    """Return the sentence with which Helm refuses values, without Helm's own words around it."""
    done = helm("template", "release", package(project), *options)
    assert done.returncode == 1, done.stdout
    lines = [line for line in done.stderr.splitlines() if line and not line.startswith("Use --")]
    if lines[0].startswith("Error: values don't meet"):
        assert len(lines) == 3, done.stderr
        return lines[2].removeprefix("- ")
    assert len(lines) == 1, done.stderr
    return re.sub(r"^Error: execution error at \(\S+\): ", "", lines[0])


def named(kind: str, name: str, among: list[Object]) -> Object:
    """Return the one object of a kind and a name."""
    (found,) = (e for e in among if e["kind"] == kind and e["metadata"]["name"] == name)
    return found


def pods(among: list[Object]) -> Iterator[tuple[str, Object]]:
    """Return the template of each pod, with the name of its component."""
    for each in among:
        match each["kind"]:
            case "Deployment" | "Job":
                template = each["spec"]["template"]
            case "CronJob":
                template = each["spec"]["jobTemplate"]["spec"]["template"]
            case _:
                continue
        yield template["metadata"]["labels"]["app.kubernetes.io/component"], template


def environment(pod: Object, among: list[Object]) -> dict[str, str]:
    """Return the variables of a pod's container, with those that come from a ConfigMap."""
    (container,) = pod["spec"]["containers"]
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        if "configMapRef" in source:
            found |= named("ConfigMap", source["configMapRef"]["name"], among)["data"]
    names = [each["name"] for each in container["env"]]
    assert len(names) == len(set(names))
    return found | {each["name"]: each["value"] for each in container["env"]}
