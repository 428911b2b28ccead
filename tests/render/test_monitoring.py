"""What watches a service, in every variant that counts, before the judges of its own field."""

import os
import re
import shutil
import subprocess
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from tests.support.monitoring import dashboards, name_of, queries, rules
from tests.support.project import Project
from tests.support.rendering import Render
from tests.support.variants import parameters, variants

LOST_WITH = {
    "database.yml": ("database", "none"),
    "jobs.yml": ("jobs", False),
    "redis.yml": ("redis", False),
}


@pytest.fixture(params=parameters(metrics=True))
def counting(request: pytest.FixtureRequest, rendered: Render) -> Project:
    return rendered(variants()[request.param])


@pytest.fixture
def folder(counting: Project) -> Path:
    """Where what watches it is."""
    return counting.path / "deploy" / "monitoring"


def _judge(tool: str, *arguments: str | Path) -> None:
    """Run one of Prometheus' own judges; what it finds is shown."""
    program = shutil.which(tool)
    if not program:
        pytest.skip(f"there is no {tool}: Debian's packages prometheus and -alertmanager have it")
    done = subprocess.run(
        [program, *arguments],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_promtool_takes_the_rules(folder: Path) -> None:
    _judge("promtool", "check", "rules", "--lint-fatal", *(folder / "rules").iterdir())


def test_each_rule_does_what_its_test_says(folder: Path) -> None:
    _judge("promtool", "test", "rules", *(folder / "tests").iterdir())


def test_the_workflow_hands_the_rules_to_the_image_that_production_runs(
    rendered: Render, tmp_path: Path
) -> None:
    project = rendered({})
    workflow = yaml.safe_load((project.path / ".github/workflows/monitoring.yml").read_text())
    (step,) = (each for each in workflow["jobs"]["rules"]["steps"] if "run" in each)
    # In place of an engine: what the image would do with these arguments, and which image it is.
    engine = tmp_path / "docker"
    engine.write_text(
        "#!/bin/sh\n"
        'while [ "$1" != --entrypoint ]; do shift; done\n'
        f'tool=$2; echo "$3" >> {tmp_path}/images; shift 3; exec "$tool" "$@"\n'
    )
    engine.chmod(0o755)
    if not shutil.which("promtool"):
        pytest.skip("there is no promtool: Debian's package prometheus has it")

    done = subprocess.run(
        ["bash", "-e", "-c", step["run"]],
        cwd=project.path / step["working-directory"],
        env=os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    assert done.returncode == 0, done.stdout
    assert "prometheus.yml is valid" in done.stdout
    images = (tmp_path / "images").read_text().splitlines()
    assert len(images) == 3
    named = yaml.safe_load((project.path / "compose.monitoring.yaml").read_text())
    assert set(images) == {named["services"]["prometheus"]["image"]}


def test_each_rule_has_a_test(folder: Path) -> None:
    tested = "".join(path.read_text() for path in (folder / "tests").iterdir())

    missing = [
        name_of(rule)
        for _, rule in rules(folder)
        if not re.search(rf"\b{re.escape(name_of(rule))}\b", tested)
    ]
    assert missing == []


def test_prometheus_takes_its_configuration(folder: Path, counting: Project) -> None:
    configuration = folder / "prometheus.yml"
    assert configuration.exists() is counting.answers["docker"]
    if not configuration.exists():
        return

    _judge("promtool", "check", "config", "--syntax-only", configuration)


def test_alertmanager_takes_its_configuration(folder: Path) -> None:
    _judge("amtool", "check-config", folder / "alertmanager.yml")


def test_each_alert_has_a_section_in_the_runbook(counting: Project, folder: Path) -> None:
    text = (counting.path / "docs" / "runbook.md").read_text()
    sections = re.findall(r"^## (\S+)$", text, re.MULTILINE)
    alerts = [rule for _, rule in rules(folder) if "alert" in rule]

    assert sorted(sections) == sorted(rule["alert"] for rule in alerts)
    for rule in alerts:
        anchor = f"docs/runbook.md#{rule['alert'].lower()}"
        assert rule["annotations"]["runbook"] == anchor
        assert rule["labels"]["severity"] in {"critical", "warning"}


def test_the_runbook_names_panels_that_there_are(counting: Project, folder: Path) -> None:
    text = (counting.path / "docs" / "runbook.md").read_text()
    titles = [
        panel["title"] for dashboard in dashboards(folder).values() for panel in dashboard["panels"]
    ]

    named = re.findall(r"(?<!\*)\*([A-Z][^*]+)\*(?!\*)", text)
    assert named
    assert [name for name in named if not any(each.startswith(name) for each in titles)] == []


def test_there_are_no_rules_for_what_was_not_chosen(counting: Project, folder: Path) -> None:
    present = {file.name for file in (folder / "rules").iterdir()}
    answers = counting.answers
    lost = {name for name, (key, value) in LOST_WITH.items() if answers.get(key, value) == value}

    assert present == {"service.yml", *LOST_WITH} - lost
    assert {file.name for file in (folder / "tests").iterdir()} == present


def test_the_dashboards_are_whole(counting: Project, folder: Path) -> None:
    found = dashboards(folder)

    assert len(found) == 2
    assert len({dashboard["uid"] for dashboard in found.values()}) == 2
    for dashboard in found.values():
        panels = dashboard["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels) >= 1
        assert all(panel["targets"] for panel in panels)
        assert not [pair for pair in combinations(panels, 2) if _overlap(*pair)]
        assert str(counting.answers["project_name"]) in dashboard["title"]


def _overlap(one: dict[str, dict[str, int]], other: dict[str, dict[str, int]]) -> bool:
    a, b = one["gridPos"], other["gridPos"]
    return (
        a["x"] < b["x"] + b["w"]
        and b["x"] < a["x"] + a["w"]
        and a["y"] < b["y"] + b["h"]
        and b["y"] < a["y"] + a["h"]
    )


def test_everything_is_asked_of_this_service_alone(counting: Project, folder: Path) -> None:
    job = f'job="{counting.answers["project_slug"]}"'
    recorded = {name_of(rule) for _, rule in rules(folder)}

    for query in queries(folder):
        assert query.selectors, query
        strangers = {each for each in query.selectors if job not in each and each not in recorded}
        assert strangers == set(), query
